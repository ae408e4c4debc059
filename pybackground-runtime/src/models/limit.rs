//! Permits: never more bodies at once than permits, and no call waits for one for ever.

use super::{Tally, check, check_calmly};
use crate::config::model::set;
use crate::options::Options;
use crate::sync::checker::thread;
use crate::task::Limit;
use crate::{Lazy, configure};

fn limited(limit: &'static Limit, at_once: &Tally) -> Lazy<usize> {
    let at_once = at_once.clone();
    crate::dispatch::dispatch(Options::here().limit(limit), move || {
        at_once.add();
        thread::yield_now();
        let most = at_once.get();
        at_once.subtract();
        most
    })
}

/// A limit for one execution; a limit lives as long as the program.
fn of_one() -> &'static Limit {
    Box::leak(Box::new(Limit::new(1)))
}

#[test]
fn two_calls_take_turns() {
    set(configure().workers(1));
    check_calmly(|| {
        let (limit, at_once) = (of_one(), Tally::default());
        let (first, second) = (limited(limit, &at_once), limited(limit, &at_once));
        assert_eq!((Lazy::into_inner(first), Lazy::into_inner(second)), (1, 1));
    });
}

/// A body lends its permit while it waits for a call of its own function.
#[test]
fn a_recursion_does_not_lock_itself_out() {
    set(configure().workers(1));
    check(|| {
        let (limit, at_once) = (of_one(), Tally::default());
        let outer = crate::dispatch::dispatch(Options::here().limit(limit), move || {
            Lazy::into_inner(limited(limit, &at_once))
        });
        assert_eq!(outer, 1);
    });
}

#[cfg(pybackground_shuttle)]
#[test]
fn calls_of_several_threads_and_a_recursion_take_turns() {
    set(configure().workers(2));
    check(|| {
        let (limit, at_once) = (of_one(), Tally::default());
        let others: Vec<_> = (0..2)
            .map(|_| {
                let at_once = at_once.clone();
                thread::spawn(move || assert_eq!(limited(limit, &at_once), 1))
            })
            .collect();
        let inner = at_once.clone();
        let outer = crate::dispatch::dispatch(Options::here().limit(limit), move || {
            let waited = Lazy::into_inner(limited(limit, &inner));
            inner.add();
            thread::yield_now();
            let most = inner.get().max(waited);
            inner.subtract();
            most
        });
        assert_eq!(outer, 1);
        for other in others {
            other.join().unwrap();
        }
    });
}
