//! The whole runtime: outside threads make calls and wait for them; workers start, sleep and terminate. After
//! a lost wake-up some thread waits for ever, which the checker reports as a deadlock.

use std::time::Duration;

use super::{check, check_calmly};
use crate::config::model::set;
use crate::sync::checker::sync::mpsc;
use crate::{configure, snapshot, spawn};

#[test]
fn a_call_is_run_whether_the_worker_searches_or_sleeps() {
    set(configure().workers(1));
    check_calmly(|| {
        assert_eq!(spawn(|| 1), 1);
        assert_eq!(spawn(|| 2), 2);
        assert_eq!(snapshot().threads, 1, "a thread that sleeps is found before one is started");
    });
}

#[test]
fn workers_that_leave_at_once_leave_no_call_behind() {
    set(configure().workers(1).keep_alive(Duration::ZERO));
    check(|| {
        assert_eq!(spawn(|| 1), 1);
        assert_eq!(spawn(|| 2), 2);
    });
}

#[test]
fn a_body_joins_a_call_of_its_own() {
    set(configure().workers(2));
    check(|| assert_eq!(spawn(|| spawn(|| 1) + 1), 2));
}

/// The second call may be made while a worker searches for the first. The worker that finds the first wakes
/// another one for the second.
#[test]
fn a_call_that_another_waits_for_is_run_beside_it() {
    set(configure().workers(2));
    check_calmly(|| {
        let (tell, told) = mpsc::channel();
        let first = spawn(move || told.recv().unwrap());
        let _second = spawn(move || tell.send(5).unwrap());
        assert_eq!(first, 5);
    });
}

#[cfg(pybackground_shuttle)]
mod large {
    use super::{Duration, check, configure, mpsc, set, spawn};
    use crate::dispatch::dispatch_async;
    use crate::models::{Tally, polled};
    use crate::options::Options;
    use crate::sync::checker::thread;
    use crate::{Lazy, runtime};
    use std::sync::Arc;

    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let (left, right) = (spawn(move || tree(depth - 1)), spawn(move || tree(depth - 1)));
        left + right
    }

    #[test]
    fn calls_of_two_threads_share_one_worker() {
        set(configure().workers(1));
        check(|| {
            let other = thread::spawn(|| assert_eq!(spawn(|| 1), 1));
            assert_eq!(spawn(|| 2), 2);
            other.join().unwrap();
        });
    }

    #[test]
    fn calls_of_two_threads_on_workers_that_leave_at_once() {
        set(configure().workers(1).keep_alive(Duration::ZERO));
        check(|| {
            let other = thread::spawn(|| (0..3).for_each(|n| assert_eq!(spawn(move || n), n)));
            (0..3).for_each(|n| assert_eq!(spawn(move || n), n));
            other.join().unwrap();
        });
    }

    #[test]
    fn a_tree_of_joins() {
        set(configure().workers(2));
        check(|| assert_eq!(spawn(|| tree(2)), 4));
    }

    #[test]
    fn a_tree_of_joins_on_workers_that_leave_at_once() {
        set(configure().workers(3).keep_alive(Duration::ZERO));
        check(|| assert_eq!(spawn(|| tree(2)), 4));
    }

    /// ```text
    /// waits    block: give up the slot ─ look at the queues ─ park
    /// waker    push the woken future ─ claim the slot ─ start a thread
    /// main     push `other` ─ claim the slot ─ start a thread
    /// ```
    ///
    /// One slot, and it is free while the first body is blocked. Whichever thread takes it runs both the future
    /// and the other call.
    #[test]
    fn the_only_thread_that_there_may_be_waits_for_a_future() {
        set(configure().workers(1).max_threads(1));
        check(|| {
            let future = dispatch_async(Options::here(), polled(2, &Tally::default()));
            let waits = spawn(move || Lazy::into_inner(future));
            let other = spawn(|| 1);
            Lazy::into_inner(waits);
            assert_eq!(other, 1);
        });
    }

    /// One claims the slot and starts the thread. The other finds the slot taken, and the thread not yet there.
    #[test]
    fn two_callers_have_the_first_thread() {
        set(configure().workers(1));
        check(|| {
            let other = thread::spawn(|| assert!(runtime::has_thread()));
            assert!(runtime::has_thread());
            other.join().unwrap();
        });
    }

    /// No thread can be started beside the first: it polls the future itself, which is woken at any time
    /// while it looks for that.
    #[test]
    fn the_only_thread_in_all_waits_for_a_future() {
        set(configure().workers(1).max_total_threads(1));
        check(|| {
            let future = dispatch_async(Options::here(), polled(2, &Tally::default()));
            let waits = spawn(move || Lazy::into_inner(future));
            let other = spawn(|| 1);
            Lazy::into_inner(waits);
            assert_eq!(other, 1);
        });
    }

    #[test]
    fn three_threads_make_calls_at_once() {
        set(configure().workers(2));
        check(|| {
            let others: Vec<_> = (0..2)
                .map(|n: u32| thread::spawn(move || spawn(move || n) + spawn(move || n + 1)))
                .collect();
            assert_eq!(spawn(|| 7), 7);
            let sums: Vec<_> = others.into_iter().map(|other| other.join().unwrap()).collect();
            assert_eq!(sums, [1, 3]);
        });
    }

    /// A worker joins the older of two calls, and takes the newer out of its queue for a moment to get at it.
    /// The older ends only after another worker has run the newer.
    #[test]
    fn a_call_that_was_in_the_way_of_a_join_is_found_by_others() {
        set(configure().workers(2));
        check(|| {
            let done = spawn(|| {
                let (tell, told) = mpsc::channel();
                let older = spawn(move || told.recv().unwrap());
                let newer = spawn(move || tell.send(5).unwrap());
                let value = Lazy::into_inner(older);
                Lazy::into_inner(newer);
                value
            });
            assert_eq!(done, 5);
        });
    }

    /// The same, but the older has ended on another worker before the newer is put back. So the joining worker
    /// does not block, and the other one may be asleep again.
    #[test]
    fn a_call_that_was_in_the_way_of_a_join_that_is_over_is_found_by_others() {
        set(configure().workers(2));
        check(|| {
            let done = spawn(|| {
                let (tell, told) = mpsc::channel();
                let older = spawn(|| 5);
                let _newer = spawn(move || tell.send(()).unwrap());
                let value = Lazy::into_inner(older);
                told.recv().unwrap();
                value
            });
            assert_eq!(done, 5);
        });
    }

    #[test]
    fn one_value_is_waited_for_by_workers_and_threads() {
        set(configure().workers(2));
        check(|| {
            let shared = Arc::new(spawn(|| 3));
            let on_worker = spawn({
                let shared = shared.clone();
                move || **shared + 1
            });
            let on_thread = thread::spawn({
                let shared = shared.clone();
                move || **shared + 2
            });
            assert_eq!(**shared, 3);
            assert_eq!(on_worker, 4);
            assert_eq!(on_thread.join().unwrap(), 5);
        });
    }
}
