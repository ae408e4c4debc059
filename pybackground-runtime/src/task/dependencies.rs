//! The calls that a call waits for before it is enqueued.
//!
//! A call is a dependent of each of its dependencies and counts those that have not ended.

use std::sync::Arc;

use super::parked::ParkedCall;

/// A call that another waits for before it is enqueued.
pub(crate) struct Dependency<J: ?Sized> {
    pub(crate) job: Arc<J>,
    /// No other call can need its value.
    pub(crate) is_owned: bool,
}

impl<J: ?Sized> Clone for Dependency<J> {
    fn clone(&self) -> Self {
        Self { job: self.job.clone(), is_owned: self.is_owned }
    }
}

/// The dependencies of a call that have not all ended.
pub(crate) struct Dependencies<J: ?Sized> {
    all: Vec<Dependency<J>>,
    /// How many have not ended, and one more until the call is a dependent of all.
    left: usize,
    is_detached: bool,
    _parked: ParkedCall,
}

impl<J: ?Sized> Dependencies<J> {
    pub(super) fn new(all: Vec<Dependency<J>>, parked: ParkedCall) -> Self {
        Self { left: all.len() + 1, all, is_detached: false, _parked: parked }
    }

    /// One of them has ended. Returns whether it was the last.
    pub(super) fn one_ended(&mut self) -> bool {
        self.left -= 1;
        self.left == 0
    }

    pub(super) fn all(&self) -> Vec<Dependency<J>> {
        self.all.clone()
    }

    /// Returns all of them the first time: what was detached with the call stays so.
    pub(super) fn take_undetached(&mut self) -> Vec<Dependency<J>> {
        if std::mem::replace(&mut self.is_detached, true) { Vec::new() } else { self.all() }
    }

    pub(super) fn into_all(self) -> Vec<Dependency<J>> {
        self.all
    }
}

/// Each dependency once, although several parameters may need it: it notifies a dependent once.
pub(super) fn distinct<J: ?Sized>(mut all: Vec<Dependency<J>>) -> Vec<Dependency<J>> {
    let address = |dependency: &Dependency<J>| Arc::as_ptr(&dependency.job).cast::<()>().addr();
    all.sort_by_key(address);
    all.dedup_by_key(|dependency| address(dependency));
    all
}

/// Those that no other call needs.
pub(super) fn owned<J: ?Sized>(all: Vec<Dependency<J>>) -> impl Iterator<Item = Arc<J>> {
    all.into_iter().filter(|dependency| dependency.is_owned).map(|dependency| dependency.job)
}
