//! Who is to be told when a call ends.

use std::task::Waker;

/// The wakers registered with one call; most calls have none or one.
///
/// The box keeps every task small for the sake of the few with several.
#[allow(
    clippy::box_collection,
    reason = "a `Vec` in place would add a word to every task"
)]
#[derive(Default)]
pub(super) enum Waiters {
    #[default]
    None,
    One(Waker),
    Many(Box<Vec<Waker>>),
}

impl Waiters {
    /// Adds `waker` unless it would wake somebody who is already on the list.
    pub(super) fn add(&mut self, waker: &Waker) {
        match self {
            Self::None => *self = Self::One(waker.clone()),
            Self::One(known) if known.will_wake(waker) => {}
            Self::Many(known) if known.iter().any(|known| known.will_wake(waker)) => {}
            Self::Many(known) => known.push(waker.clone()),
            Self::One(_) => {
                if let Self::One(known) = std::mem::take(self) {
                    *self = Self::Many(Box::new(vec![known, waker.clone()]));
                }
            }
        }
    }

    /// Wakes everybody. Wakers are foreign code: call this with no lock held.
    #[inline]
    pub(super) fn wake(self) {
        match self {
            Self::None => {}
            Self::One(waker) => waker.wake(),
            Self::Many(wakers) => wakers.into_iter().for_each(Waker::wake),
        }
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
        let wakers: Vec<Waker> = counts
            .iter()
            .map(|count| Waker::from(count.clone()))
            .collect();
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
