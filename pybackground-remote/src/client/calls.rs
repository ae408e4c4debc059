//! The calls that have no result yet.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pybackground_runtime::__engine::{Function, Order, Reply};
use tokio::time::Instant;

use super::figures::Figures;
use crate::names::{GENERATION, Served};

/// So many bytes of arguments are kept until the results come, to send calls again that the server forgot.
const MOST_BYTES: usize = 64 << 20;

/// A call without a result.
pub(super) struct Pending {
    pub(super) function: &'static Function,
    pub(super) served: Served,
    pub(super) run_timeout: Option<Duration>,
    pub(super) trace_parent: Option<String>,
    /// `None` once the server has them, and there are too many to keep.
    pub(super) arguments: Option<Bytes>,
    pub(super) reply: Reply,
    pub(super) made: Instant,
    /// The call's number in the stream, and since when.
    pub(super) stored: Option<(u64, Instant)>,
    /// Since when neither the server nor a worker knows the call.
    pub(super) missing: Option<Instant>,
    /// How often it was sent again under another id.
    pub(super) repeated: u32,
    /// The worker that has started the body, if the body starts at most once.
    pub(super) started_by: Option<Rc<str>>,
    /// The arguments are stored in pieces.
    pub(super) is_blob: bool,
}

/// All of them.
pub(super) struct Calls {
    pending: BTreeMap<u64, Pending>,
    /// How many calls of each generation have no result.
    open: BTreeMap<u64, u64>,
    /// The generations with a call that may be on the server twice.
    doubtful: BTreeSet<u64>,
    /// How many bytes of arguments are kept.
    kept: usize,
    /// How many are not on the server.
    unsent: usize,
    /// What snapshots say.
    figures: Arc<Figures>,
}

impl Calls {
    pub(super) fn new(figures: Arc<Figures>) -> Self {
        let (pending, open, doubtful) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { pending, open, doubtful, kept: 0, unsent: 0, figures }
    }

    fn note(&self) {
        let oldest = self.pending.first_key_value().map(|(_, call)| call.made.into_std());
        self.figures.note_calls(self.pending.len(), self.unsent, oldest);
    }

    pub(super) fn add(&mut self, number: u64, order: Order, reply: Reply) {
        let Order { function, arguments, depth, run_timeout, trace_parent, .. } = order;
        let queue = function.queue_name().to_owned();
        self.kept += arguments.len();
        *self.open.entry(number / GENERATION).or_default() += 1;
        let pending = Pending {
            function,
            served: Served { fingerprint: function.fingerprint(), depth, queue },
            run_timeout,
            trace_parent,
            arguments: Some(arguments.into()),
            reply,
            made: Instant::now(),
            stored: None,
            missing: None,
            repeated: 0,
            started_by: None,
            is_blob: false,
        };
        self.pending.insert(number, pending);
        self.unsent += 1;
        self.note();
    }

    /// Takes a call that has ended.
    pub(super) fn take(&mut self, number: u64) -> Option<Pending> {
        let pending = self.pending.remove(&number)?;
        self.kept -= pending.arguments.as_ref().map_or(0, Bytes::len);
        if let Some(open) = self.open.get_mut(&(number / GENERATION)) {
            *open -= 1;
        }
        self.unsent -= usize::from(pending.stored.is_none());
        self.note();
        Some(pending)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Pending> {
        self.pending.get(&number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Pending> {
        self.pending.get_mut(&number)
    }

    /// Notes that the server has a call. `false` if the call was withdrawn meanwhile.
    pub(super) fn stored(&mut self, number: u64, sequence: u64) -> bool {
        let Some(pending) = self.pending.get_mut(&number) else { return false };
        self.unsent -= usize::from(pending.stored.is_none());
        pending.stored = Some((sequence, Instant::now()));
        if self.kept > MOST_BYTES
            && let Some(arguments) = pending.arguments.take()
        {
            self.kept -= arguments.len();
        }
        self.note();
        true
    }

    /// Prepares a call to be sent again, because it is nowhere. `Err` says how often it was, if its arguments are gone
    /// or it was sent as often as it may be.
    pub(super) fn repeat(&mut self, number: u64) -> Result<(), u32> {
        let Some(call) = self.pending.get_mut(&number) else { return Ok(()) };
        if call.repeated >= call.function.retries() || call.arguments.is_none() {
            return Err(call.repeated);
        }
        call.repeated += 1;
        call.missing = None;
        self.unsent += usize::from(call.stored.take().is_some());
        self.note();
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Pending)> {
        self.pending.iter().map(|(number, pending)| (*number, pending))
    }

    /// Notes that the server may have a call although it did not acknowledge it, and then get it again.
    pub(super) fn may_be_twice(&mut self, number: u64) {
        self.doubtful.insert(number / GENERATION);
    }

    /// Takes every generation but the newest if all of its calls have ended. A generation with a doubtful call stays,
    /// because the mark of that call keeps a second copy from starting.
    pub(super) fn finished_generations(&mut self) -> Vec<u64> {
        let Some((&newest, _)) = self.open.last_key_value() else { return Vec::new() };
        let is_over = |(generation, open): (&u64, &u64)| {
            (*open == 0 && *generation < newest).then_some(*generation)
        };
        let mut finished: Vec<u64> = self.open.iter().filter_map(is_over).collect();
        for generation in &finished {
            self.open.remove(generation);
        }
        finished.retain(|generation| !self.doubtful.remove(generation));
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_of_a_generation_with_a_call_that_may_be_on_the_server_twice() {
        let mut calls = Calls::new(Arc::default());
        calls.open.extend([(0, 0), (1, 0), (2, 1), (3, 0)]);
        calls.may_be_twice(GENERATION + 7);
        assert_eq!(calls.finished_generations(), [0]);
        calls.open.insert(2, 0);
        assert_eq!(calls.finished_generations(), [2], "the newest may get more calls");
    }
}
