//! All crews there are, for those who ask what is going on.

use std::sync::{Arc, Mutex, Weak};

use super::Crew;
use crate::sync::atomic::Ordering;
use crate::sync::lock_leaf;

static CREWS: Mutex<Vec<Weak<Crew>>> = Mutex::new(Vec::new());

pub(super) fn join(crew: &Arc<Crew>) {
    lock_leaf(&CREWS).push(Arc::downgrade(crew));
}

pub(super) fn leave(crew: &Arc<Crew>) {
    lock_leaf(&CREWS).retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(crew)));
}

/// How many closures wait for a thread of their scope.
pub(crate) fn waiting() -> usize {
    sum(Crew::waiting)
}

/// How many closures have not ended.
pub(crate) fn unfinished() -> usize {
    sum(|crew| crew.unfinished.load(Ordering::SeqCst))
}

/// How many threads the scopes have.
pub(crate) fn threads() -> usize {
    // ORDERING: a reading for reports.
    sum(|crew| crew.threads.load(Ordering::Relaxed))
}

/// Ends the calls that wait, because the runtime is shut down.
pub(crate) fn refuse_waiting() {
    for crew in all() {
        crew.foreman.refuse_waiting();
    }
}

fn sum(of: impl Fn(&Crew) -> usize) -> usize {
    all().iter().map(|crew| of(crew)).sum()
}

pub(super) fn all() -> Vec<Arc<Crew>> {
    lock_leaf(&CREWS).iter().filter_map(Weak::upgrade).collect()
}
