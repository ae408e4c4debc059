//! The suspended bodies that have a permit of a limit: what a thread or call that waits for a permit needs.

use std::sync::{Mutex, Weak};

use super::awaits::Address;
use super::job::Job;
use super::permit::Limit;
use crate::panic::drop_catching;
use crate::sync::lock_leaf;
use crate::table::Table;
use crate::wait_target::{Remains, WaitTarget};
use crate::waits::Permits;

/// The suspended bodies that have a permit, by the address of its limit.
static WITH_PERMIT: Mutex<Table<Vec<Weak<dyn Job>>>> = Mutex::new(Table::new());

/// The body is suspended, and has a permit of the limit at that address.
pub(super) fn keeps_permit(body: Weak<dyn Job>, limit: Address) {
    let mut known = lock_leaf(&WITH_PERMIT);
    if !known.contains(limit) {
        known.insert(limit, Vec::new());
    }
    let Some(bodies) = known.get_mut(limit) else { return };
    // Those that were closed while they were suspended.
    bodies.retain(|other| other.strong_count() > 0);
    if !bodies.iter().any(|other| other.ptr_eq(&body)) {
        bodies.push(body);
    }
}

/// The body is not suspended any more.
pub(super) fn resumes_with_permit(body: Address, limit: Address) {
    let mut known = lock_leaf(&WITH_PERMIT);
    if let Some(bodies) = known.get_mut(limit) {
        bodies.retain(|other| other.as_ptr().cast::<()>().addr() != body);
        if bodies.is_empty() {
            known.remove(limit);
        }
    }
}

impl Permits for Limit {
    fn id(&self) -> usize {
        self.address()
    }

    fn suspended_holders(&self, remains: &mut Remains) -> Option<Vec<Weak<dyn WaitTarget>>> {
        let mut holders = lock_leaf(&WITH_PERMIT).get(self.address()).cloned()?;
        // A body may have been resumed before it was listed.
        holders.retain(|holder| {
            let Some(holder) = holder.upgrade() else { return false };
            let is_suspended = holder.word().is_suspended();
            remains.keep(holder);
            is_suspended
        });
        // A thread that takes back its permit has none yet.
        self.is_taken_by(holders.len()).then(|| weak_targets(holders))
    }
}

/// A permit that a call waits for.
pub(crate) struct NeededPermit {
    /// The address of the limit.
    pub(crate) limit: Address,
    /// A suspended body has such a permit.
    pub(crate) may_be_released: bool,
}

impl dyn Job + '_ {
    /// The permit that the call waits for, if it waits for one.
    pub(crate) fn needed_permit(&self) -> Option<NeededPermit> {
        let limit = self.header().limit().filter(|_| self.word().is_held())?.address();
        let holders = lock_leaf(&WITH_PERMIT).get(limit).cloned().unwrap_or_default();
        let holders: Vec<_> = holders.iter().filter_map(Weak::upgrade).collect();
        let may_be_released = holders.iter().any(|holder| holder.word().is_suspended());
        drop_catching(holders);
        Some(NeededPermit { limit, may_be_released })
    }
}

pub(super) fn weak_targets(calls: Vec<Weak<dyn Job>>) -> Vec<Weak<dyn WaitTarget>> {
    calls.into_iter().map(|call| call as Weak<dyn WaitTarget>).collect()
}
