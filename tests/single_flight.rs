//! `#[background(single_flight)]`: equal calls share one that runs.

mod common;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::counters::{Drops, Token};
use common::futures::{Word, yield_now};
use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Shared, Timeout, background, snapshot, spawn};

/// A part of the key that is the same in all keys.
macro_rules! equal_to_all {
    ($ty:ident) => {
        impl PartialEq for $ty {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }

        impl Eq for $ty {}

        impl std::hash::Hash for $ty {
            fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
        }
    };
}

/// A gate that is the same for all keys.
#[derive(Clone, Default)]
struct Open(Gate);

equal_to_all!(Open);

#[background(single_flight)]
fn load(page: u32, open: Open) -> String {
    open.0.pass();
    format!("page {page}")
}

#[test]
fn equal_calls_share_one_that_runs() {
    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let one = load(1, open.clone());
    let same = load(1, open.clone());
    let other = load(2, open.clone());
    assert!(Shared::ptr_eq(&one, &same) && !Shared::ptr_eq(&one, &other));
    open.0.wait_for_arrivals(2);
    assert!(Shared::ptr_eq(&one, &load(1, open.clone())), "also one that has started");
    open.0.open();
    assert!(one == "page 1" && same == "page 1" && other == "page 2");
    assert_eq!(open.0.arrivals(), 2);
}

#[test]
fn call_that_has_ended_is_not_shared() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[background(single_flight)]
    fn count() -> usize {
        RUNS.fetch_add(1, Ordering::SeqCst) + 1
    }

    let _watchdog = watchdog();
    for run in 1..=100 {
        assert_eq!(count(), run);
    }
}

#[test]
fn all_arguments_and_self_are_the_key() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shop(u8);

    impl Shop {
        #[background(single_flight)]
        fn price(&self, article: &str, (many, _): (u32, bool), open: Open) -> u32 {
            open.0.pass();
            u32::from(self.0) + u32::try_from(article.len()).unwrap() + many
        }
    }

    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let call = |shop, article: &str, many| Shop(shop).price(article, (many, true), open.clone());
    let calls = [call(1, "tea", 1), call(2, "tea", 1), call(1, "pie", 1), call(1, "tea", 2)];
    let again = [call(1, "tea", 1), call(2, "tea", 1), call(1, "pie", 1), call(1, "tea", 2)];
    for (at, one) in calls.iter().enumerate() {
        assert!(again.iter().enumerate().all(|(n, two)| Shared::ptr_eq(one, two) == (at == n)));
    }
    open.0.open();
    assert_eq!(calls.map(|call| *call), [5, 6, 5, 6]);
}

#[test]
fn types_of_a_generic_function_share_nothing() {
    trait Named: Clone + Eq + std::hash::Hash + Send + Sync + 'static {
        const NAME: &'static str;
    }

    impl Named for u8 {
        const NAME: &'static str = "u8";
    }

    impl Named for u16 {
        const NAME: &'static str = "u16";
    }

    #[background(single_flight)]
    fn name<T: Named>(_value: T, open: Open) -> &'static str {
        open.0.pass();
        T::NAME
    }

    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let calls = (name(1_u8, open.clone()), name(1_u16, open.clone()), name(1_u8, open.clone()));
    open.0.open();
    assert_eq!((*calls.0, *calls.1, *calls.2), ("u8", "u16", "u8"));
    assert_eq!(open.0.arrivals(), 2);
}

#[test]
fn first_caller_that_is_cancelled_fails_no_other() {
    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let (made, is_made) = channel();
    let first = spawn({
        let open = open.clone();
        move || {
            let call = load(7, open);
            made.send(()).unwrap();
            call.len()
        }
    });
    is_made.recv().unwrap();
    let second = load(7, open.clone());
    open.0.wait_for_arrivals(1);
    assert!(Lazy::cancel(&first));
    let third = load(7, open.clone());
    open.0.open();
    assert!(second == "page 7" && third == "page 7");
    assert_eq!(open.0.arrivals(), 1);
    assert!(Lazy::join(first).unwrap_err().is_cancelled());
}

#[test]
fn call_of_a_body_that_has_to_stop_serves_the_others() {
    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let (made, is_made) = channel();
    let gate = Gate::default();
    let first = spawn({
        let (open, gate) = (open.clone(), gate.clone());
        move || {
            gate.pass();
            drop(load(8, open));
            made.send(()).unwrap();
        }
    });
    gate.wait_for_arrivals(1);
    assert!(Lazy::cancel(&first));
    gate.open();
    is_made.recv().unwrap();
    let second = load(8, open.clone());
    open.0.open();
    assert_eq!(second, "page 8");
    assert_eq!(open.0.arrivals(), 1);
}

#[test]
fn error_is_that_of_all_who_share_the_call_and_of_no_later_one() {
    static FAILS: AtomicUsize = AtomicUsize::new(1);

    #[background(single_flight)]
    fn shaky(open: Open) -> u32 {
        open.0.pass();
        assert!(FAILS.fetch_sub(1, Ordering::SeqCst) == 0, "not today");
        3
    }

    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let calls = [shaky(open.clone()), shaky(open.clone())];
    open.0.open();
    for call in calls {
        assert_eq!(Shared::wait(&call).unwrap_err().message(), Some("not today"));
    }
    assert_eq!(shaky(open), 3);
}

#[test]
fn call_that_was_closed_while_its_body_runs_is_not_shared() {
    #[background(single_flight, run_timeout = "1ms")]
    fn late(open: Open) -> u32 {
        open.0.pass();
        1
    }

    let _watchdog = watchdog();
    let open = Open::default();
    let _opened = open.0.opened_at_end();
    let first = late(open.clone());
    assert!(first == Timeout);
    let second = late(open.clone());
    assert!(!Shared::ptr_eq(&first, &second));
    open.0.wait_for_arrivals(2);
    let cancelled = load(9, open.clone());
    open.0.wait_for_arrivals(3);
    assert!(Shared::cancel(&cancelled));
    let next = load(9, open.clone());
    open.0.wait_for_arrivals(4);
    open.0.open();
    assert_eq!(next, "page 9");
    // The end of the earlier body does not forget the later call.
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn async_bodies_are_shared() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[derive(Clone, Default)]
    struct Signal(Word);

    equal_to_all!(Signal);

    #[background(single_flight)]
    async fn wait(base: u64, signal: Signal) -> Result<u64, String> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        Ok(base + signal.0.heard().await)
    }

    let _watchdog = watchdog();
    let signal = Signal::default();
    let calls = [wait(1, signal.clone()), wait(1, signal.clone())];
    wait_until(|| RUNS.load(Ordering::SeqCst) == 1);
    signal.0.say(2);
    assert!(calls.iter().all(|call| **call == Ok(3)));
}

#[test]
fn body_that_waits_for_its_own_call_is_a_deadlock() {
    #[background(single_flight)]
    fn circle(n: u32) -> u32 {
        Shared::wait(&circle(n)).map_or_else(|error| u32::from(error.is_deadlock()), |n| *n)
    }

    let _watchdog = watchdog();
    assert_eq!(circle(1), 1);
}

#[test]
fn recursion_with_other_arguments_is_no_deadlock() {
    #[background(single_flight)]
    fn depth(n: u32) -> u32 {
        if n == 0 { 0 } else { *depth(n - 1) + 1 }
    }

    let _watchdog = watchdog();
    assert_eq!(depth(100), 100);
}

#[test]
fn ended_calls_leave_nothing_behind() {
    #[background(single_flight)]
    fn token(_n: u32, drops: Counted) -> Arc<Token> {
        Arc::new(drops.0.token())
    }

    #[derive(Clone, Default)]
    struct Counted(Drops);

    equal_to_all!(Counted);

    let _watchdog = watchdog();
    let drops = Counted::default();
    let calls: Vec<_> = (0..100).map(|n| token(n, drops.clone())).collect();
    assert!(calls.iter().all(|call| Shared::wait(call).is_ok()));
    drop(calls);
    assert_eq!(drops.0.count(), 100);
}

#[test]
fn no_two_equal_bodies_run_at_once() {
    static RUNNING: Mutex<Option<HashMap<u32, u32>>> = Mutex::new(None);

    #[background(single_flight)]
    fn alone(n: u32) -> u32 {
        let count = |by: i32| {
            let mut running = RUNNING.lock().unwrap();
            let running = running.get_or_insert_default().entry(n).or_default();
            *running = running.checked_add_signed(by).unwrap();
            assert!(*running <= 1);
        };
        count(1);
        thread::yield_now();
        count(-1);
        n
    }

    let _watchdog = watchdog();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..200 {
                    let calls: Vec<_> = (0..8).map(|n| alone((n + round) % 4)).collect();
                    for (n, call) in (0..8).zip(calls) {
                        assert_eq!(Shared::wait(&call).unwrap(), &((n + round) % 4));
                    }
                }
            });
        }
    });
}

#[test]
fn methods_of_traits_are_shared() {
    trait Fetch {
        #[background(single_flight)]
        fn fetch(&self, began: Began) -> u8;
    }

    #[derive(Clone)]
    struct Began(Sender<()>);

    equal_to_all!(Began);

    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Site(u8);

    impl Fetch for Site {
        #[background(single_flight, limit = 1, timeout = Duration::MAX, name = "fetch")]
        fn fetch(&self, began: Began) -> u8 {
            began.0.send(()).unwrap();
            self.0
        }
    }

    let _watchdog = watchdog();
    let (send, _began) = channel();
    let call = Site(3).fetch(Began(send));
    assert_eq!(Shared::function(&call), Some("fetch"));
    assert_eq!(call, 3);
}
