//! The calls that the worker has, and its slots. No function here talks to the server.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use pybackground_runtime::__engine::Function;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::tally::Tally;
use crate::names::{Key, Served};
use crate::wire::{CallHead, WorkerFigures};

/// So many finished calls are remembered, for those that are delivered again.
const REMEMBERED: usize = 100_000;

/// The calls of one function at one depth, and what was asked of the server.
pub(super) struct Source {
    pub(super) served: Served,
    /// The subject of the calls.
    pub(super) subject: String,
    pub(super) function: &'static Function,
    /// How many calls were asked for and did not come.
    pub(super) requested: usize,
    /// When the last request ends by itself.
    pub(super) request_ends: Option<Instant>,
    /// Not before then, after an error.
    pub(super) paused_until: Option<Instant>,
}

impl Source {
    fn asks_again_at(&self) -> Option<Instant> {
        let ends = self.request_ends.filter(|_| self.requested > 0);
        self.paused_until.or(ends)
    }
}

/// A call as it was delivered.
pub(super) struct Delivery {
    pub(super) key: Key,
    pub(super) head: CallHead,
    pub(super) arguments: Vec<u8>,
    pub(super) function: &'static Function,
    pub(super) depth: u32,
    /// The subject of acknowledgements, of the server.
    pub(super) acknowledge: String,
    /// How often the call was delivered, this time included.
    pub(super) delivered: u64,
    pub(super) since: Instant,
    /// It was asked about before it got a slot, and no other worker has it.
    pub(super) is_vetted: bool,
}

impl Delivery {
    /// Whether the body may have been started before.
    fn is_doubtful(&self) -> bool {
        self.delivered > 1 && !self.is_vetted
    }
}

/// A call that the worker has.
struct Held {
    acknowledge: String,
    since: Instant,
    /// Stops a body.
    stop: Option<oneshot::Sender<()>>,
}

/// What to do with a delivery.
pub(super) enum Admit {
    /// It waits for a slot.
    Waits,
    /// Its body may have been started before. It gets no slot until that is known, because the answer takes long.
    Vet(Delivery, oneshot::Receiver<()>),
    /// Its result is stored: it is acknowledged.
    Finished,
    /// The worker has it already.
    Held,
}

pub(super) struct State {
    slots: usize,
    pub(super) sources: Vec<Source>,
    /// The calls of each depth that wait for a slot.
    waiting: BTreeMap<u32, VecDeque<Delivery>>,
    /// How many calls of each depth are asked about before they wait for a slot.
    vetting: BTreeMap<u32, usize>,
    held: HashMap<Key, Held>,
    /// How many bodies run at each depth.
    running: BTreeMap<u32, usize>,
    /// What is known of each function that was called.
    tallies: HashMap<u64, Tally>,
    finished: HashSet<Key>,
    finished_order: VecDeque<Key>,
    pub(super) is_draining: bool,
}

impl State {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots,
            sources: Vec::new(),
            waiting: BTreeMap::new(),
            vetting: BTreeMap::new(),
            held: HashMap::new(),
            running: BTreeMap::new(),
            tallies: HashMap::new(),
            finished: HashSet::new(),
            finished_order: VecDeque::new(),
            is_draining: false,
        }
    }

    /// How many more calls to ask for of a source; 0 if it is too early to ask for a few.
    pub(super) fn wanted(&self, source: &Source) -> usize {
        if self.is_draining {
            return 0;
        }
        let Served { depth, fingerprint, .. } = source.served;
        let function = source.function;
        // A call that is held is one that other workers do not get, and that has a permit of the function's limit. If
        // this worker dies, the call has lost one of its attempts.
        let may_wait = function.retries() > 0 && function.bodies_at_once().is_none();
        let tally = self.tally(fingerprint);
        let ahead = if may_wait { tally.ahead(self.slots) } else { 0 };
        let waiting = self.waiting.get(&depth).map_or(0, VecDeque::len) + self.vetting_at(depth);
        let has = self.running_at(depth) + waiting + source.requested;
        let wanted = (self.slots + ahead).saturating_sub(has);
        if waiting > 0 && tally.waiting == 0 && source.requested == 0 {
            // The work ahead of another function must not keep this one out: its calls queue up behind that.
            wanted.max(1)
        } else if wanted * 2 < ahead {
            // While there is work ahead, one request for many calls is cheaper than many requests.
            0
        } else {
            wanted
        }
    }

    /// When to ask again: after an error, or because the end of a request did not come.
    pub(super) fn asks_again_at(&self) -> Option<Instant> {
        self.sources.iter().filter_map(Source::asks_again_at).min()
    }

    fn running_at(&self, depth: u32) -> usize {
        self.running.get(&depth).copied().unwrap_or_default()
    }

    fn vetting_at(&self, depth: u32) -> usize {
        self.vetting.get(&depth).copied().unwrap_or_default()
    }

    /// What is known of a function.
    pub(super) fn tally(&self, fingerprint: u64) -> Tally {
        self.tallies.get(&fingerprint).copied().unwrap_or_default()
    }

    /// Takes a delivery.
    pub(super) fn admit(&mut self, call: Delivery) -> Admit {
        if self.finished.contains(&call.key) {
            return Admit::Finished;
        }
        if let Some(held) = self.held.get_mut(&call.key) {
            // What is acknowledged later is this delivery.
            held.acknowledge = call.acknowledge;
            return Admit::Held;
        }
        let (acknowledge, since) = (call.acknowledge.clone(), call.since);
        self.tallies.entry(call.function.fingerprint()).or_default().waiting += 1;
        if call.is_doubtful() {
            let (stop, stopped) = oneshot::channel();
            let held = Held { acknowledge, since, stop: Some(stop) };
            self.held.insert(call.key.clone(), held);
            *self.vetting.entry(call.depth).or_default() += 1;
            return Admit::Vet(call, stopped);
        }
        let held = Held { acknowledge, since, stop: None };
        self.held.insert(call.key.clone(), held);
        self.waiting.entry(call.depth).or_default().push_back(call);
        Admit::Waits
    }

    /// A call was vetted, and now waits for a slot.
    pub(super) fn enqueue(&mut self, call: Delivery) {
        self.end_vetting(&call);
        if let Some(held) = self.held.get_mut(&call.key) {
            held.stop = None;
        }
        self.waiting.entry(call.depth).or_default().push_back(call);
    }

    /// A call was vetted, and gets no slot; returns where it is acknowledged.
    pub(super) fn dismiss(&mut self, call: &Delivery, is_finished: bool) -> Option<String> {
        self.end_vetting(call);
        self.tallies.entry(call.function.fingerprint()).or_default().waiting -= 1;
        if is_finished {
            self.remember(&call.key);
        }
        self.held.remove(&call.key).map(|held| held.acknowledge)
    }

    fn end_vetting(&mut self, call: &Delivery) {
        if let Some(vetting) = self.vetting.get_mut(&call.depth) {
            *vetting -= 1;
        }
    }

    /// Remembers that a call is finished.
    fn remember(&mut self, key: &Key) {
        if self.finished.insert(key.clone()) {
            self.finished_order.push_back(key.clone());
            if self.finished_order.len() > REMEMBERED
                && let Some(oldest) = self.finished_order.pop_front()
            {
                self.finished.remove(&oldest);
            }
        }
    }

    /// Takes the deepest call that has a slot, with what tells it to stop.
    pub(super) fn next(&mut self) -> Option<(Delivery, oneshot::Receiver<()>)> {
        let (slots, running) = (self.slots, &self.running);
        let has_slot = |depth: &u32| running.get(depth).is_none_or(|running| *running < slots);
        let call = {
            let mut deepest = self.waiting.iter_mut().rev();
            let (_, waiting) =
                deepest.find(|(depth, calls)| has_slot(depth) && !calls.is_empty())?;
            waiting.pop_front()?
        };
        *self.running.entry(call.depth).or_default() += 1;
        let tally = self.tallies.entry(call.function.fingerprint()).or_default();
        tally.waiting -= 1;
        tally.running += 1;
        let (stop, stopped) = oneshot::channel();
        self.held.get_mut(&call.key)?.stop = Some(stop);
        Some((call, stopped))
    }

    /// Gives the slot of a call back, which the call had for so long; returns where the call is acknowledged.
    pub(super) fn release(
        &mut self,
        call: &Delivery,
        had: Duration,
        is_finished: bool,
    ) -> Option<String> {
        let key = &call.key;
        if let Some(running) = self.running.get_mut(&call.depth) {
            *running -= 1;
        }
        self.tallies.entry(call.function.fingerprint()).or_default().end(had, is_finished);
        if is_finished {
            self.remember(key);
        }
        self.held.remove(key).map(|held| held.acknowledge)
    }

    /// Stops a call; returns where it is acknowledged if it was waiting.
    pub(super) fn stop(&mut self, key: &Key) -> Option<String> {
        for waiting in self.waiting.values_mut() {
            if let Some(at) = waiting.iter().position(|call| call.key == *key) {
                let call = waiting.remove(at)?;
                self.tallies.entry(call.function.fingerprint()).or_default().waiting -= 1;
                return self.held.remove(key).map(|held| held.acknowledge);
            }
        }
        if let Some(stop) = self.held.get_mut(key).and_then(|held| held.stop.take()) {
            // Without a receiver the body has ended.
            let _ = stop.send(());
        }
        None
    }

    /// Takes the calls that have waited since before `since`; returns where they are acknowledged.
    pub(super) fn give_back(&mut self, since: Instant) -> Vec<String> {
        let mut back = Vec::new();
        let (held, tallies) = (&mut self.held, &mut self.tallies);
        for waiting in self.waiting.values_mut() {
            waiting.retain(|call| {
                let stays = call.since > since;
                if !stays {
                    tallies.entry(call.function.fingerprint()).or_default().waiting -= 1;
                    back.extend(held.remove(&call.key).map(|held| held.acknowledge));
                }
                stays
            });
        }
        back
    }

    pub(super) fn holds(&self, key: &Key) -> bool {
        self.held.contains_key(key)
    }

    /// Where all calls are acknowledged that the worker has.
    pub(super) fn acknowledged_at(&self) -> Vec<String> {
        self.held.values().map(|held| held.acknowledge.clone()).collect()
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.values().any(|calls| !calls.is_empty())
    }

    /// Since when the worker has the oldest of its calls.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.held.values().map(|held| held.since).min()
    }

    /// Adds the figures of this worker to a reply.
    pub(super) fn describe(&self, figures: &mut WorkerFigures) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let oldest = self.oldest().map(|since| since.elapsed().as_micros());
        figures.slots = count(self.slots);
        figures.running = count(self.running.values().sum());
        let waiting = self.waiting.values().map(VecDeque::len);
        figures.waiting = count(waiting.chain(self.vetting.values().copied()).sum());
        figures.finished = self.tallies.values().map(|tally| tally.finished).sum();
        figures.oldest = oldest.map(|time| u64::try_from(time).unwrap_or(u64::MAX));
    }

    /// What to say to people when the worker is asked to end.
    pub(super) fn farewell(&self, waits: Duration) -> String {
        match self.running.values().sum::<usize>() {
            0 => "asked to end".to_owned(),
            running => format!(
                "asked to end: it takes no more calls, and waits up to {waits:?} for those that run: {running}"
            ),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }
}

#[cfg(test)]
mod tests;
