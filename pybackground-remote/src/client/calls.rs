//! The calls that have no result yet.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use pybackground_runtime::__engine::{Function, Order, Reply};
use tokio::time::Instant;

use crate::names::{GENERATION, Served};

/// So many bytes of arguments are kept until the results come, to send calls again that the server forgot.
const MOST_BYTES: usize = 64 << 20;

/// A call without a result.
pub(super) struct Pending {
    pub(super) function: &'static Function,
    pub(super) served: Served,
    pub(super) run_timeout: Option<Duration>,
    /// `None` once the server has them, and there are too many to keep.
    pub(super) arguments: Option<Rc<Vec<u8>>>,
    pub(super) reply: Reply,
    pub(super) made: Instant,
    /// The call's number in the stream, and since when.
    pub(super) stored: Option<(u64, Instant)>,
    /// Since when neither the server nor a worker knows the call.
    pub(super) missing: Option<Instant>,
    /// How often it was sent again under another id.
    pub(super) repeated: u32,
    /// The arguments are in the object store.
    pub(super) is_blob: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct Calls {
    pending: BTreeMap<u64, Pending>,
    /// How many calls of each generation have no result.
    open: BTreeMap<u64, u64>,
    /// How many bytes of arguments are kept.
    kept: usize,
}

impl Calls {
    pub(super) fn add(&mut self, number: u64, order: Order, reply: Reply) {
        let Order { function, arguments, depth, run_timeout } = order;
        let queue = function.queue_name().to_owned();
        self.kept += arguments.len();
        *self.open.entry(number / GENERATION).or_default() += 1;
        let pending = Pending {
            function,
            served: Served { fingerprint: function.fingerprint(), depth, queue },
            run_timeout,
            arguments: Some(Rc::new(arguments)),
            reply,
            made: Instant::now(),
            stored: None,
            missing: None,
            repeated: 0,
            is_blob: false,
        };
        self.pending.insert(number, pending);
    }

    /// Takes a call that has ended.
    pub(super) fn take(&mut self, number: u64) -> Option<Pending> {
        let pending = self.pending.remove(&number)?;
        self.kept -= pending.arguments.as_ref().map_or(0, |arguments| arguments.len());
        if let Some(open) = self.open.get_mut(&(number / GENERATION)) {
            *open -= 1;
        }
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
        pending.stored = Some((sequence, Instant::now()));
        if self.kept > MOST_BYTES
            && let Some(arguments) = pending.arguments.take()
        {
            self.kept -= arguments.len();
        }
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Pending)> {
        self.pending.iter().map(|(number, pending)| (*number, pending))
    }

    /// Takes the generations of which all calls have ended and to which no more are added.
    pub(super) fn finished_generations(&mut self) -> Vec<u64> {
        let Some((&newest, _)) = self.open.last_key_value() else { return Vec::new() };
        let is_over = |(generation, open): (&u64, &u64)| {
            (*open == 0 && *generation < newest).then_some(*generation)
        };
        let finished: Vec<u64> = self.open.iter().filter_map(is_over).collect();
        for generation in &finished {
            self.open.remove(generation);
        }
        finished
    }
}
