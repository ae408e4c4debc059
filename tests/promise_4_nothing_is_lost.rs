//! Promise 4: a call runs exactly once, or its `Lazy` says why not; dropping the `Lazy` detaches the
//! call. Arguments and results are dropped once, and not before their time.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::counters::Drops;
use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, spawn, spawn_compute};

/// Which of many calls have run, and how often.
#[derive(Clone)]
struct Runs(Arc<[AtomicU8]>);

impl Runs {
    fn of(calls: usize) -> Self {
        Self((0..calls).map(|_| AtomicU8::new(0)).collect())
    }

    fn note(&self, call: usize) {
        self.0[call].fetch_add(1, Ordering::SeqCst);
    }

    #[track_caller]
    fn assert_once_each(&self) {
        for (call, runs) in self.0.iter().enumerate() {
            assert_eq!(runs.load(Ordering::SeqCst), 1, "runs of call {call}");
        }
    }
}

#[test]
fn a_burst_from_many_threads_runs_each_call_once() {
    const THREADS: usize = 64;
    const CALLS: usize = 500;

    let _watchdog = watchdog();
    let runs = Runs::of(THREADS * CALLS);
    let sum: usize = thread::scope(|scope| {
        let bursts: Vec<_> = (0..THREADS)
            .map(|thread| {
                let runs = runs.clone();
                scope.spawn(move || {
                    let calls: Vec<Lazy<usize>> = (0..CALLS)
                        .map(|call| {
                            let (runs, id) = (runs.clone(), thread * CALLS + call);
                            spawn(move || {
                                runs.note(id);
                                id
                            })
                        })
                        .collect();
                    calls.into_iter().map(Lazy::into_inner).sum::<usize>()
                })
            })
            .collect();
        bursts.into_iter().map(|burst| burst.join().unwrap()).sum()
    });
    runs.assert_once_each();
    let count = THREADS * CALLS;
    assert_eq!(sum, count * (count - 1) / 2);
}

#[test]
fn calls_made_by_bodies_run_once_each() {
    const BODIES: usize = 50;
    const CALLS: usize = 200;

    let _watchdog = watchdog();
    let runs = Runs::of(BODIES * CALLS);
    let bodies: Vec<Lazy<()>> = (0..BODIES)
        .map(|body| {
            let runs = runs.clone();
            spawn(move || {
                let calls: Vec<Lazy<()>> = (0..CALLS)
                    .map(|call| {
                        let runs = runs.clone();
                        let work = move || runs.note(body * CALLS + call);
                        if call % 2 == 0 { spawn(work) } else { spawn_compute(work) }
                    })
                    .collect();
                // Some are joined in place, some elsewhere, some never.
                for (at, call) in calls.into_iter().enumerate() {
                    if at % 3 != 0 {
                        Lazy::into_inner(call);
                    }
                }
            })
        })
        .collect();
    bodies.into_iter().for_each(Lazy::into_inner);
    let missing = || runs.0.iter().any(|runs| runs.load(Ordering::SeqCst) == 0);
    common::wait_until(|| !missing());
    runs.assert_once_each();
}

#[test]
fn a_call_whose_lazy_is_dropped_still_runs() {
    let _watchdog = watchdog();
    let (send, received) = channel();
    for n in 0..1_000 {
        let send = send.clone();
        drop(spawn(move || send.send(n).unwrap()));
    }
    drop(send);
    let mut ran: Vec<i32> = received.iter().collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..1_000).collect::<Vec<_>>());
}

#[test]
fn a_lazy_that_is_dropped_while_its_body_runs_does_not_stop_it() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let (body, token) = (gate.clone(), drops.token());
    let x = spawn(move || {
        body.pass();
        token
    });
    gate.wait_for_arrivals(1);
    drop(x);
    assert_eq!(drops.count(), 0);
    gate.open();
    drops.wait_for(1);
}

#[test]
fn a_lazy_may_be_dropped_by_its_own_body() {
    let _watchdog = watchdog();
    let (give, given) = channel::<Lazy<Drops>>();
    let (ended, end) = channel();
    let drops = Drops::default();
    let result = drops.clone();
    let token = drops.token();
    let x = spawn(move || {
        drop(given.recv().unwrap());
        drop(token);
        ended.send(()).unwrap();
        result
    });
    give.send(x).unwrap();
    end.recv().unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn arguments_and_results_are_dropped_once_each() {
    const CALLS: usize = 2_000;

    let _watchdog = watchdog();
    let (arguments, results) = (Drops::default(), Drops::default());
    for call in 0..CALLS {
        let (argument, made) = (arguments.token(), results.clone());
        let x = background(move |_: &'static str| made.token())("argument");
        let y = spawn(move || {
            let _argument = argument;
            spawn(|| 1) + 1
        });
        match call % 4 {
            0 => drop(x),
            1 => drop(Lazy::join(x)),
            2 => assert!(Lazy::wait(&x).is_ok()),
            _ => drop(Lazy::wait_timeout(&x, Duration::ZERO).is_some()),
        }
        if call % 2 == 0 {
            assert_eq!(y, 2);
        }
    }
    arguments.wait_for(CALLS);
    results.wait_for(CALLS);
    // Those that were counted too often are seen when everything has come to rest.
    common::wait_until(|| pybackground::snapshot().queued == 0);
    assert_eq!((arguments.count(), results.count()), (CALLS, CALLS));
}

#[test]
fn arguments_are_gone_when_the_result_is_there() {
    let _watchdog = watchdog();
    let drops = Drops::default();
    for call in 1..=1_000 {
        let token = drops.token();
        Lazy::into_inner(spawn(move || drop(token)));
        assert_eq!(drops.count(), call);
    }
}

#[background]
async fn asynchronous(times: usize) -> usize {
    let mut polls = 0;
    std::future::poll_fn(|context| {
        polls += 1;
        if polls > times {
            return std::task::Poll::Ready(());
        }
        // Both a waker that is used at once and one that is used by another thread.
        if polls % 2 == 0 {
            context.waker().wake_by_ref();
        } else {
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
        }
        std::task::Poll::Pending
    })
    .await;
    polls
}

#[test]
fn an_async_body_is_polled_until_it_is_done() {
    let _watchdog = watchdog();
    let calls: Vec<Lazy<usize>> = (0..100).map(asynchronous).collect();
    for (times, polls) in calls.into_iter().enumerate() {
        assert_eq!(polls, times + 1);
    }
}
