//! The limits that hold calls back, for those who ask what is left to do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::Call;
use crate::sync::lock_leaf;

/// A limit, as those see it who ask what is left to do.
pub(crate) trait HoldsBack: Sync {
    /// The calls that wait for a permit.
    fn held_calls(&self) -> Vec<Call>;

    /// Refuses the calls that wait for a permit.
    fn refuse_held(&self, why: &str);
}

/// Limits that ever held a call back, and how many calls all of them hold back now.
pub(crate) struct Limits {
    known: Mutex<Vec<&'static dyn HoldsBack>>,
    held: AtomicUsize,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self { known: Mutex::new(Vec::new()), held: AtomicUsize::new(0) }
    }

    /// A limit is about to hold back a call for the first time.
    pub(crate) fn add(&self, limit: &'static dyn HoldsBack) {
        lock_leaf(&self.known).push(limit);
    }

    /// A call is held back, until `let_go`: that is, until it is queued or closed.
    pub(crate) fn hold(&self) {
        // ORDERING: a call counts as held until it counts as queued, in the eyes of `seems_idle`.
        self.held.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn let_go(&self) {
        // ORDERING: as in `hold`.
        self.held.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn held(&self) -> usize {
        // ORDERING: as in `hold`.
        self.held.load(Ordering::SeqCst)
    }

    /// The calls that are held back.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.all().into_iter().flat_map(HoldsBack::held_calls).collect()
    }

    /// Ends the calls that are held back.
    pub(crate) fn refuse_all(&self, why: &str) {
        self.all().into_iter().for_each(|limit| limit.refuse_held(why));
    }

    fn all(&self) -> Vec<&'static dyn HoldsBack> {
        lock_leaf(&self.known).clone()
    }
}
