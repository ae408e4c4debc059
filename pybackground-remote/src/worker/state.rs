//! The calls that the worker has, and its slots. No function here talks to the server.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use pybackground_runtime::__engine::Function;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::names::{Key, Served};
use crate::wire::CallHead;

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
}

/// A call that the worker has.
struct Held {
    acknowledge: String,
    /// Stops a body.
    stop: Option<oneshot::Sender<()>>,
}

/// What to do with a delivery.
pub(super) enum Admit {
    /// It waits for a slot.
    Waits,
    /// Its result is stored: it is acknowledged.
    Finished,
    /// The worker has it already.
    Held,
}

pub(super) struct State {
    slots: usize,
    pub(super) sources: Vec<Source>,
    waiting: Vec<Delivery>,
    held: HashMap<Key, Held>,
    /// How many bodies run at each depth.
    running: BTreeMap<u32, usize>,
    finished: HashSet<Key>,
    finished_order: VecDeque<Key>,
    pub(super) is_draining: bool,
}

impl State {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots,
            sources: Vec::new(),
            waiting: Vec::new(),
            held: HashMap::new(),
            running: BTreeMap::new(),
            finished: HashSet::new(),
            finished_order: VecDeque::new(),
            is_draining: false,
        }
    }

    /// How many more calls of a depth the worker can take.
    pub(super) fn room(&self, depth: u32) -> usize {
        if self.is_draining {
            return 0;
        }
        let waiting = self.waiting.iter().filter(|call| call.depth == depth).count();
        self.slots.saturating_sub(self.running_at(depth) + waiting)
    }

    fn running_at(&self, depth: u32) -> usize {
        self.running.get(&depth).copied().unwrap_or_default()
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
        let held = Held { acknowledge: call.acknowledge.clone(), stop: None };
        self.held.insert(call.key.clone(), held);
        self.waiting.push(call);
        Admit::Waits
    }

    /// Takes the deepest call that has a slot, with what tells it to stop.
    pub(super) fn next(&mut self) -> Option<(Delivery, oneshot::Receiver<()>)> {
        let has_slot = |call: &&Delivery| self.running_at(call.depth) < self.slots;
        let deepest = self.waiting.iter().filter(has_slot).map(|call| call.depth).max()?;
        let at = self.waiting.iter().position(|call| call.depth == deepest)?;
        let call = self.waiting.remove(at);
        *self.running.entry(call.depth).or_default() += 1;
        let (stop, stopped) = oneshot::channel();
        self.held.get_mut(&call.key)?.stop = Some(stop);
        Some((call, stopped))
    }

    /// Gives the slot of a call back; returns where the call is acknowledged.
    pub(super) fn release(&mut self, key: &Key, depth: u32, is_finished: bool) -> Option<String> {
        if let Some(running) = self.running.get_mut(&depth) {
            *running -= 1;
        }
        if is_finished && self.finished.insert(key.clone()) {
            self.finished_order.push_back(key.clone());
            if self.finished_order.len() > REMEMBERED
                && let Some(oldest) = self.finished_order.pop_front()
            {
                self.finished.remove(&oldest);
            }
        }
        self.held.remove(key).map(|held| held.acknowledge)
    }

    /// Stops a call; returns where it is acknowledged if it was waiting.
    pub(super) fn stop(&mut self, key: &Key) -> Option<String> {
        if let Some(at) = self.waiting.iter().position(|call| call.key == *key) {
            self.waiting.remove(at);
            return self.held.remove(key).map(|held| held.acknowledge);
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
        let held = &mut self.held;
        self.waiting.retain(|call| {
            let stays = call.since > since;
            if !stays {
                back.extend(held.remove(&call.key).map(|held| held.acknowledge));
            }
            stays
        });
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
        !self.waiting.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty()
    }
}
