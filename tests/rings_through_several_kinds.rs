//! Rings in which bodies that await, bodies that join, locks, ends of scopes, waits for the first of several calls and permits
//! take turns: whichever wait comes last, an `.await` gets the error, with every edge of the ring, and all calls end.

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::time::Duration;

use common::deadlocks::has_edges;
use common::{wait_until, watchdog};
use pybackground::sync::{Mutex, RwLock};
use pybackground::{
    Error, Lazy, Shared, Stack, Wait, as_completed, background, scope, snapshot, spawn, wait_idle,
};

type Given = Receiver<Lazy<u32>>;
type Told = Sender<Error>;

/// Tells the error of what it awaits.
#[background]
async fn awaits(given: Given, tell: Told) -> u32 {
    match Lazy::outcome(given.recv().unwrap()).await {
        Ok(value) => value + 1,
        Err(error) => {
            tell.send(error).unwrap();
            0
        }
    }
}

#[background]
fn locks(lock: Arc<Mutex<()>>, go: Receiver<()>) -> u32 {
    go.recv().unwrap();
    drop(lock.lock().unwrap());
    1
}

#[background]
fn joins_with_lock(
    lock: Arc<Mutex<()>>,
    locked: Sender<()>,
    go: Receiver<()>,
    given: Given,
) -> u32 {
    let held = lock.lock().unwrap();
    locked.send(()).unwrap();
    go.recv().unwrap();
    let value = Lazy::into_inner(given.recv().unwrap());
    drop(held);
    value
}

fn is_suspended(function: &str) -> bool {
    wait_idle(Duration::ZERO)
        .is_err_and(|left| left.suspended.iter().any(|call| call.function.ends_with(function)))
}

fn waits(what: impl Fn(&Wait) -> bool) -> bool {
    snapshot().stacks.iter().filter_map(Stack::wait).any(what)
}

/// How many threads join a call of a function in which this is part of the name.
fn joins_of(function: &str) -> usize {
    let report = snapshot();
    let waits = report.stacks.iter().filter_map(Stack::wait);
    waits.filter(|wait| wait.function().is_some_and(|name| name.contains(function))).count()
}

/// What a wait of the ring begins with, and how to see that it has begun.
struct Begin<'a>(Box<dyn FnOnce() + 'a>, fn() -> bool);

/// Begins the waits, the one of that number last.
fn begin(mut waits: Vec<Begin<'_>>, last: usize) {
    let closing = waits.remove(last);
    for Begin(go, has_begun) in waits {
        go();
        wait_until(has_begun);
    }
    (closing.0)();
}

/// A body awaits one that waits for a lock, which is held by a body that joins the first.
#[test]
fn ring_through_a_lock_is_a_deadlock_of_its_await() {
    let _watchdog = watchdog();
    for last in [0, 1, 2].repeat(20) {
        let lock = Arc::new(Mutex::new(()));
        let ((give, given), (tell, told)) = (channel(), channel());
        let awaiting = awaits(given, tell);
        let ((locked, is_locked), (go_join, joins)) = (channel(), channel());
        let (give_awaiting, awaiting_given) = channel();
        let holder = joins_with_lock(lock.clone(), locked, joins, awaiting_given);
        is_locked.recv().unwrap();
        let (go_lock, locks_now) = channel();
        let locking = locks(lock, locks_now);
        begin(
            vec![
                Begin(Box::new(|| give.send(locking).unwrap()), || is_suspended("awaits")),
                Begin(Box::new(|| go_lock.send(()).unwrap()), || {
                    waits(|wait| wait.function().is_none())
                }),
                Begin(
                    Box::new(|| {
                        give_awaiting.send(awaiting).unwrap();
                        go_join.send(()).unwrap();
                    }),
                    || waits(|wait| wait.function().is_some_and(|name| name.ends_with("awaits"))),
                ),
            ],
            last,
        );
        has_edges(
            &told.recv().unwrap(),
            &[
                "awaits` (called at tests/rings_through_several_kinds.rs:",
                "waits at tests/rings_through_several_kinds.rs:",
                "joins_with_lock` (called at tests/rings_through_several_kinds.rs:",
            ],
        );
        assert_eq!(holder, 0);
    }
}

/// A body awaits one that is at the end of a scope, of which two closures join the first.
#[test]
fn ring_through_the_end_of_a_scope_is_a_deadlock_of_its_await() {
    let _watchdog = watchdog();
    for last in [0, 1, 2].repeat(20) {
        let ((give, given), (tell, told)) = (channel(), channel());
        let (end, ends) = channel::<()>();
        let awaiting = Lazy::share(awaits(given, tell));
        let ((begin_all, all_begun), (go, closures_go)) = (channel(), channel::<()>());
        let in_closures = awaiting.clone();
        let opens = spawn(move || {
            let closures_go = std::sync::Mutex::new(closures_go);
            let (enter, entered) = channel();
            scope(|s| {
                for _ in 0..2 {
                    let (enter, closures_go, in_closures) =
                        (enter.clone(), &closures_go, &in_closures);
                    s.launch(move || {
                        enter.send(()).unwrap();
                        let _ = closures_go.lock().unwrap().recv();
                        assert_eq!(Shared::wait(in_closures).unwrap(), &0);
                    });
                }
                // On threads of their own: the end of the scope runs none of them.
                assert_eq!(entered.iter().take(2).count(), 2);
                begin_all.send(()).unwrap();
                let _ = ends.recv();
            });
            2
        });
        all_begun.recv().unwrap();
        begin(
            vec![
                Begin(Box::new(|| give.send(opens).unwrap()), || is_suspended("awaits")),
                Begin(Box::new(|| drop(go)), || joins_of("awaits") >= 2),
                // A wait at the end of a scope does not show.
                Begin(Box::new(|| drop(end)), || true),
            ],
            last,
        );
        let error = told.recv().unwrap();
        assert!(error.is_deadlock());
        let text = error.to_string();
        for edge in ["a closure of its scope at", " awaits `", " waits for `"] {
            assert!(text.contains(edge), "`{edge}` is missing in: {text}");
        }
        assert_eq!(*awaiting, 0);
    }
}

/// A body reads two calls under a lock: the first awaits the reader, and the second waits for the lock.
#[test]
fn ring_through_the_first_of_several_calls_is_a_deadlock_of_its_await() {
    let _watchdog = watchdog();
    for last in [0, 1, 2].repeat(20) {
        let lock = Arc::new(Mutex::new(()));
        let ((give, given), (tell, told)) = (channel(), channel());
        let awaiting = awaits(given, tell);
        let ((go_lock, locks_now), (go_read, reads)) = (channel(), channel::<()>());
        let ((locked, is_locked), (tell_read, read)) = (channel(), channel());
        let (own, locking) = (lock.clone(), locks(lock, locks_now));
        let reader = spawn(move || {
            let held = own.lock().unwrap();
            locked.send(()).unwrap();
            reads.recv().unwrap();
            let mut calls = as_completed([awaiting, locking]);
            let first = calls.next().unwrap();
            drop(held);
            let second = calls.next().unwrap();
            tell_read.send([first, second].map(|(at, value)| (at, value.unwrap()))).unwrap();
            2
        });
        is_locked.recv().unwrap();
        begin(
            vec![
                Begin(Box::new(|| give.send(reader).unwrap()), || is_suspended("awaits")),
                Begin(Box::new(|| go_lock.send(()).unwrap()), || {
                    waits(|wait| wait.function().is_none())
                }),
                Begin(Box::new(|| go_read.send(()).unwrap()), || {
                    waits(|wait| wait.function().is_some_and(|name| name.ends_with("awaits")))
                }),
            ],
            last,
        );
        let error = told.recv().unwrap();
        has_edges(
            &error,
            &[
                "waits for any of 2 calls",
                " awaits `",
                "waits at tests/",
                "waits for any of 2 calls",
            ],
        );
        assert_eq!(read.recv().unwrap(), [(0, 0), (1, 1)]);
    }
}

/// A body awaits a call that has it as an argument, directly or through a call that maps it.
#[test]
fn ring_through_an_argument_is_a_deadlock_of_its_await() {
    #[background]
    fn adds(#[lazy] first: u32, #[lazy] second: u32) -> u32 {
        first + second
    }

    let _watchdog = watchdog();
    for is_mapped in [false, true].repeat(20) {
        let ((give, given), (tell, told)) = (channel(), channel());
        let awaiting = awaits(given, tell);
        let awaiting = if is_mapped { Lazy::map(awaiting, |value| value + 1) } else { awaiting };
        give.send(adds(awaiting, spawn(|| 7))).unwrap();
        let edges: &[_] = if is_mapped {
            &[" awaits `", " needs `", " before it can begin"]
        } else {
            &[" awaits `", " needs `"]
        };
        has_edges(&told.recv().unwrap(), edges);
    }
}

/// A body has the only permit and awaits one that waits for a lock, which is held by a body that joins a call without a permit.
#[test]
fn ring_through_a_permit_is_a_deadlock_of_its_await() {
    #[background(limit = 1)]
    async fn one_at_a_time(given: Given, tell: Told) -> u32 {
        match Lazy::outcome(given.recv().unwrap()).await {
            Ok(value) => value + 1,
            Err(error) => {
                tell.send(error).unwrap();
                0
            }
        }
    }

    let _watchdog = watchdog();
    for last in [0, 1, 2].repeat(20) {
        let lock = Arc::new(Mutex::new(()));
        let ((give, given), (tell, told)) = (channel(), channel());
        let (give_second, second_given) = channel();
        let first = one_at_a_time(given, tell.clone());
        // A suspended body that nothing waits for is in no ring: its `Lazy` may be there or not.
        let first = spawn(move || Lazy::into_inner(first));
        let second = one_at_a_time(second_given, tell);
        give_second.send(spawn(|| 7)).unwrap();
        let ((locked, is_locked), (go_join, joins)) = (channel(), channel());
        let (give_held, held_given) = channel();
        let holder = joins_with_lock(lock.clone(), locked, joins, held_given);
        is_locked.recv().unwrap();
        let (go_lock, locks_now) = channel();
        let locking = locks(lock, locks_now);
        begin(
            vec![
                Begin(Box::new(|| give.send(locking).unwrap()), || is_suspended("one_at_a_time")),
                Begin(Box::new(|| go_lock.send(()).unwrap()), || {
                    waits(|wait| wait.function().is_none())
                }),
                Begin(
                    Box::new(|| {
                        give_held.send(second).unwrap();
                        go_join.send(()).unwrap();
                    }),
                    || {
                        waits(|wait| {
                            wait.function().is_some_and(|name| name.ends_with("one_at_a_time"))
                        })
                    },
                ),
            ],
            last,
        );
        let edges = [
            " awaits `",
            "waits at tests/",
            "waits for a permit of its limit, which",
            "joins_with_lock`",
        ];
        has_edges(&told.recv().unwrap(), &edges);
        assert_eq!((*holder, *first), (8, 0));
    }
}

/// Two threads read a lock and join bodies that await the one that wants to write: two rings are closed at once.
#[test]
fn two_rings_that_one_wait_closes_are_both_reported() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let lock = Arc::new(RwLock::new(()));
        let (go, goes) = channel::<()>();
        let own = lock.clone();
        let writer = Lazy::share(spawn(move || {
            goes.recv().unwrap();
            drop(own.write().unwrap());
            1
        }));
        let (tell, told) = channel();
        let readers: Vec<Lazy<u32>> = (0..2)
            .map(|_| {
                let (give, given) = channel();
                give.send(Shared::map(writer.clone(), |one| *one)).unwrap();
                let (awaiting, lock) = (awaits(given, tell.clone()), lock.clone());
                let (locked, is_locked) = channel();
                let reader = spawn(move || {
                    let _held = lock.read().unwrap();
                    locked.send(()).unwrap();
                    Lazy::into_inner(awaiting)
                });
                is_locked.recv().unwrap();
                reader
            })
            .collect();
        go.send(()).unwrap();
        for _ in 0..2 {
            assert!(told.recv().unwrap().is_deadlock());
        }
        assert!(readers.into_iter().all(|reader| reader == 0));
        assert_eq!(*writer, 1);
    }
}

/// Both closures of a scope join the call around it. The end of the scope comes last, and closes two rings.
#[test]
fn each_closure_that_joins_the_call_around_its_scope_gets_an_error() {
    let _watchdog = watchdog();
    for _ in 0..50 {
        let (give, given) = channel::<Shared<u32>>();
        let (tell, told) = channel();
        let around = Lazy::share(spawn(move || {
            let own = given.recv().unwrap();
            let (enter, entered) = channel();
            scope(|s| {
                for _ in 0..2 {
                    let (own, enter, tell) = (&own, enter.clone(), tell.clone());
                    s.launch(move || {
                        enter.send(()).unwrap();
                        tell.send(Shared::wait(own).unwrap_err().is_deadlock()).unwrap();
                    });
                }
                // Both have begun, on threads of their own.
                assert_eq!(entered.iter().take(2).count(), 2);
                wait_until(|| joins_of("each_closure_that_joins") == 2);
            });
            3
        }));
        give.send(around.clone()).unwrap();
        assert!(told.iter().take(2).all(|is_deadlock| is_deadlock));
        assert_eq!(*around, 3);
    }
}

/// A thread without a body reads, under a lock, two calls that wait for the lock.
#[test]
fn first_of_several_calls_that_wait_for_the_own_lock_never_comes() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.lock().unwrap();
        let (calls, go): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (go, goes) = channel();
                (locks(lock.clone(), goes), go)
            })
            .unzip();
        for go in go {
            go.send(()).unwrap();
        }
        let mut calls = as_completed(calls);
        // If a lock comes last, it panics, and its call comes.
        let first = calls.next().unwrap().1.unwrap_err();
        assert!(
            first.is_deadlock() || first.to_string().contains("never have been acquired"),
            "{first}"
        );
        assert!(first.to_string().contains("waits for any of 2 calls"), "{first}");
        drop(held);
        assert!(calls.next().is_some());
    }
}

/// A body awaits two calls that join it, and polls one of them only once.
#[test]
fn error_goes_to_the_await_that_is_polled_again() {
    let _watchdog = watchdog();
    let joins = |given: Receiver<Shared<bool>>| {
        let (start, started) = channel();
        let call = spawn(move || {
            start.send(()).unwrap();
            *given.recv().unwrap()
        });
        started.recv().unwrap();
        call
    };
    for polled_again in 0..2 {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..2).map(|_| channel()).unzip();
        let mut calls: Vec<_> = receivers.into_iter().map(joins).map(Lazy::outcome).collect();
        let body = awaits_all_once_and_one_again(async move {
            let mut is_first = true;
            poll_fn(move |context| {
                let mut outcome = Poll::Pending;
                for (at, call) in calls.iter_mut().enumerate() {
                    if is_first || at == polled_again {
                        outcome = Pin::new(call).poll(context);
                    }
                }
                is_first = false;
                outcome
            })
            .await
            .is_err_and(|error| error.is_deadlock())
        });
        let body = Lazy::share(body);
        for give in &senders {
            give.send(body.clone()).unwrap();
        }
        assert!(*body);
    }
}

#[background]
async fn awaits_all_once_and_one_again(body: impl Future<Output = bool> + Send + 'static) -> bool {
    body.await
}
