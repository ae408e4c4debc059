//! The wakers of the holders that await the value.
//!
//! A call has one awaiter. For a shared call this list is the awaiter, and wakes all wakers in it.

use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Wake, Waker};

use crate::panic::{catch, drop_catching};
use crate::sync::lock_leaf;
use crate::table::{Set, Table};
use crate::task::AwaiterList;

/// If the list has more wakers than this for each holder, some are of futures that were dropped.
const FOR_EACH_HOLDER: usize = 2;
/// A list as short as this is never cleared.
const FEW: usize = 16;

/// The list, made when the first holder awaits the value.
#[derive(Default)]
pub(super) struct Awaiters(OnceLock<Arc<SharedAwaiters>>);

#[derive(Default)]
struct SharedAwaiters(Mutex<Wakers>);

struct Wakers {
    /// By the addresses of their data and their vtable.
    by_id: Table<Waker>,
    /// The addresses of their data.
    data: Set,
}

impl Default for Wakers {
    fn default() -> Self {
        Self { by_id: Table::new(), data: Set::new() }
    }
}

impl Awaiters {
    /// Adds a waker that is woken when the call ends.
    ///
    /// A future that is dropped leaves its waker here. Each of the `holders` has one live waker at most, so a longer
    /// list has stale ones. Then all are woken and removed, and the live futures add their wakers again.
    pub(super) fn add(&self, waker: &Waker, holders: usize) {
        let list = self.list();
        let key = (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr());
        let (is_known, stale) = {
            let mut wakers = lock_leaf(&list.0);
            let is_long = wakers.by_id.len() > FEW.max(FOR_EACH_HOLDER * holders);
            let stale = if is_long { std::mem::take(&mut *wakers) } else { Wakers::default() };
            (wakers.by_id.contains(key), stale)
        };
        if !is_known {
            // Wakers are foreign code, so none is cloned or dropped under the lock.
            let waker = waker.clone();
            let replaced = lock_leaf(&list.0).insert(key, waker);
            drop_catching(replaced);
        }
        wake(stale);
    }

    /// Returns a waker that wakes and removes all wakers in the list.
    pub(super) fn waker(&self) -> Waker {
        Waker::from(self.list().clone())
    }

    /// Returns the list, which tells what that waker wakes.
    pub(super) fn as_list(&self) -> Arc<dyn AwaiterList> {
        self.list().clone()
    }

    fn list(&self) -> &Arc<SharedAwaiters> {
        self.0.get_or_init(Arc::default)
    }
}

impl Wakers {
    /// Returns the waker that was there.
    fn insert(&mut self, id: (usize, usize), waker: Waker) -> Option<Waker> {
        self.data.insert(waker.data().addr());
        self.by_id.insert(id, waker)
    }
}

fn wake(wakers: Wakers) {
    for waker in wakers.by_id.into_values() {
        catch(|| waker.wake());
    }
}

impl AwaiterList for SharedAwaiters {
    fn has_waker_of(&self, data: usize) -> bool {
        lock_leaf(&self.0).data.contains(data)
    }
}

impl Wake for SharedAwaiters {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *lock_leaf(&self.0));
        wake(wakers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_waker_is_woken_once() {
        let (awaiters, counts) = (Awaiters::default(), [(); 3].map(|()| Arc::<Count>::default()));
        for count in counts.iter().chain(&counts) {
            awaiters.add(&Waker::from(count.clone()), 3);
        }
        awaiters.waker().wake();
        awaiters.waker().wake();
        assert!(counts.iter().all(|count| count.0.load(Ordering::Relaxed) == 1));
        assert!(counts.iter().all(|count| Arc::strong_count(count) == 1));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn wakers_of_futures_that_are_gone_are_not_kept() {
        let awaiters = Awaiters::default();
        let kept: Vec<_> = (0..10_000).map(|_| Arc::<Count>::default()).collect();
        for count in &kept {
            awaiters.add(&Waker::from(count.clone()), 4);
        }
        let held = kept.iter().filter(|count| Arc::strong_count(count) > 1).count();
        assert!(held <= FEW + 1, "{held} wakers for 4 holders");
        let lost = kept.iter().filter(|count| Arc::strong_count(count) == 1);
        let woken = lost.filter(|count| count.0.load(Ordering::Relaxed) == 1).count();
        assert_eq!(woken + held, kept.len(), "whoever is not kept was woken, to come again");
    }
}
