//! Who is to be told when a call ends.

use std::task::Waker;

use crate::quiet::quietly;

/// The wakers registered with one call. Few calls have any and most of those have one, so a call
/// without pays for a pointer.
#[derive(Default)]
pub(super) struct Waiters(Option<Box<List>>);

struct List {
    first: Waker,
    others: Vec<Waker>,
}

impl Waiters {
    /// Adds `waker` unless it would wake somebody who is already on the list.
    pub(super) fn add(&mut self, waker: &Waker) {
        let Some(list) = &mut self.0 else {
            self.0 = Some(Box::new(List { first: waker.clone(), others: Vec::new() }));
            return;
        };
        if !list.iter().any(|known| known.will_wake(waker)) {
            list.others.push(waker.clone());
        }
    }

    /// Wakes everybody. Wakers are foreign code: they are called with no lock held, and one that
    /// panics does not keep the others from being woken.
    #[inline]
    pub(super) fn wake(self) {
        if let Some(list) = self.0 {
            for waker in std::iter::once(list.first).chain(list.others) {
                quietly(|| waker.wake());
            }
        }
    }
}

impl List {
    fn iter(&self) -> impl Iterator<Item = &Waker> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn each_waiter_is_woken_once_however_often_it_registered() {
        let counts: Vec<Arc<Count>> = (0..3).map(|_| Arc::default()).collect();
        let wakers: Vec<Waker> = counts.iter().map(|count| Waker::from(count.clone())).collect();
        let mut waiters = Waiters::default();
        for _ in 0..2 {
            for waker in &wakers {
                waiters.add(waker);
                waiters.add(waker);
            }
        }
        waiters.wake();
        let woken: Vec<usize> = counts.iter().map(|c| c.0.load(Ordering::Relaxed)).collect();
        assert_eq!(woken, [1, 1, 1]);
    }
}
