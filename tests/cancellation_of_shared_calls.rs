//! Shared calls and cancellation: a shared call outlives the body that made it for as long as a clone is
//! held, and is cancelled with the last one. Without clones it is a call like any other.

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Shared, background, cancelled, scope, sleep, spawn};

const FOREVER: Duration = Duration::MAX;

/// A shared call that returns `value` when the gate is open, unless it is cancelled before.
fn gated(gate: &Gate, value: u32) -> Shared<u32> {
    let gate = gate.clone();
    Lazy::share(spawn(move || {
        gate.pass();
        value
    }))
}

/// Cancels the call and waits until its body has ended.
fn cancel<T: Send + 'static>(call: &Lazy<T>, ended: &Receiver<()>) {
    assert!(Lazy::cancel(call));
    assert!(ended.recv().is_err());
}

#[test]
fn value_in_a_static_outlives_the_caller_that_made_it() {
    static TABLE: OnceLock<Shared<u32>> = OnceLock::new();

    let _watchdog = watchdog();
    let (gate, (alive, ended)) = (Gate::default(), channel::<()>());
    let _opened = gate.opened_at_end();
    let first = {
        let gate = gate.clone();
        spawn(move || {
            let _alive = alive;
            **TABLE.get_or_init(|| gated(&gate, 7))
        })
    };
    gate.wait_for_arrivals(1);
    cancel(&first, &ended);
    let second = spawn(|| **TABLE.get().unwrap());
    gate.open();
    assert_eq!(Lazy::join(second).unwrap(), 7);
    assert!(Lazy::join(first).unwrap_err().is_cancelled());
}

#[test]
fn value_in_a_static_outlives_a_caller_that_timed_out() {
    static TABLE: LazyLock<Shared<u32>> = LazyLock::new(|| {
        Lazy::share(spawn(|| {
            GATE.pass();
            7
        }))
    });
    static GATE: LazyLock<Gate> = LazyLock::new(Gate::default);

    #[background(timeout = 0.01)]
    fn hasty() -> u32 {
        **TABLE
    }

    let _watchdog = watchdog();
    let _opened = GATE.opened_at_end();
    let first = hasty();
    assert!(Lazy::wait(&first).unwrap_err().is_timeout());
    GATE.open();
    assert_eq!(*spawn(|| **TABLE), 7);
}

/// The calls that the shared call makes, and those that it waits for, go on with it.
#[test]
fn shared_call_keeps_its_own_calls_and_inputs() {
    let _watchdog = watchdog();
    let (gate, (give, given), (alive, ended)) = (Gate::default(), channel(), channel::<()>());
    let _opened = gate.opened_at_end();
    let maker = {
        let gate = gate.clone();
        spawn(move || {
            let _alive = alive;
            let (inside, input) = (gate.clone(), gate.clone());
            let outer = Lazy::share(spawn(move || *gated(&inside, 1) + 1));
            let mapped = Lazy::share(Lazy::map(
                spawn(move || {
                    input.pass();
                    10
                }),
                |value| value + 1,
            ));
            give.send((outer, mapped)).unwrap();
            sleep(FOREVER);
        })
    };
    let (outer, mapped) = given.recv().unwrap();
    gate.wait_for_arrivals(2);
    cancel(&maker, &ended);
    gate.open();
    assert_eq!((*outer, *mapped), (2, 11));
}

#[test]
fn last_clone_cancels_the_call_once_its_maker_was_stopped() {
    let _watchdog = watchdog();
    let ((give, given), (alive, ended), (start, started), (tell, told)) =
        (channel(), channel::<()>(), channel(), channel::<()>());
    let maker = spawn(move || {
        let _alive = alive;
        give.send(Lazy::share(spawn(move || {
            let _tell = tell;
            start.send(()).unwrap();
            sleep(FOREVER);
        })))
        .unwrap();
        sleep(FOREVER);
    });
    let shared: Shared<()> = given.recv().unwrap();
    let clone = shared.clone();
    started.recv().unwrap();
    cancel(&maker, &ended);
    drop(shared);
    assert!(!Shared::is_ready(&clone));
    drop(clone);
    assert!(told.recv().is_err(), "the body was stopped");
}

/// As a request handler whose client disconnects: only its own tasks hold the clones.
#[test]
fn call_that_only_the_stopped_bodies_share_stops_with_them() {
    #[background]
    async fn handler(start: Sender<()>, alive: Sender<()>) {
        let begin = start.clone();
        let page = Lazy::share(spawn(move || {
            let _alive = alive;
            begin.send(()).unwrap();
            sleep(FOREVER);
        }));
        let readers: Vec<Lazy<()>> = (0..3)
            .map(|_| {
                let (page, start) = (page.clone(), start.clone());
                spawn(move || {
                    start.send(()).unwrap();
                    *page;
                })
            })
            .collect();
        drop(start);
        std::future::pending::<()>().await;
        drop(readers);
    }

    let _watchdog = watchdog();
    let ((start, started), (alive, ended)) = (channel(), channel());
    let call = handler(start, alive);
    (0..4).for_each(|_| started.recv().unwrap());
    cancel(&call, &ended);
}

#[test]
fn dropped_clones_let_the_call_run_unless_its_maker_was_stopped() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let held_up = gate.clone();
    let maker = spawn(move || {
        Lazy::share(spawn(move || {
            held_up.pass();
            tell.send(cancelled()).unwrap();
        }))
    });
    drop(Lazy::into_inner(maker));
    gate.wait_for_arrivals(1);
    gate.open();
    assert_eq!(told.recv(), Ok(false));
}

/// The body that made the call goes on, and is stopped later.
#[test]
fn call_without_clones_stops_with_its_maker() {
    let _watchdog = watchdog();
    let ((start, started), (alive, ended)) = (channel(), channel());
    let maker = spawn(move || {
        let sleeper = || {
            let (start, alive) = (start.clone(), alive.clone());
            spawn(move || {
                let _alive = alive;
                start.send(()).unwrap();
                sleep(FOREVER);
            })
        };
        drop(Lazy::share(sleeper()));
        drop(Lazy::share(Lazy::map(sleeper(), |()| ())));
        start.send(()).unwrap();
        drop((start, alive));
        sleep(FOREVER);
    });
    (0..3).for_each(|_| started.recv().unwrap());
    cancel(&maker, &ended);
}

/// The stop of the first caller concerns neither a shared call that others hold, nor the calls of its body.
#[test]
fn call_that_a_shared_call_drops_outlives_the_first_caller() {
    let _watchdog = watchdog();
    let (first, second) = (Gate::default(), Gate::default());
    let ((give, given), (alive, ended), (tell, told)) = (channel(), channel::<()>(), channel());
    let _opened = (first.opened_at_end(), second.opened_at_end());
    let maker = {
        let (first, second) = (first.clone(), second.clone());
        spawn(move || {
            let _alive = alive;
            give.send(Lazy::share(spawn(move || {
                first.pass();
                drop(spawn(move || {
                    second.pass();
                    tell.send(cancelled()).unwrap();
                }));
                7
            })))
            .unwrap();
            sleep(FOREVER);
        })
    };
    let shared: Shared<i32> = given.recv().unwrap();
    first.wait_for_arrivals(1);
    cancel(&maker, &ended);
    first.open();
    assert_eq!(shared, 7);
    second.open();
    assert_eq!(told.recv(), Ok(false));
}

/// The scope waits for its calls, so it takes them along, shared or detached.
#[test]
fn calls_of_a_scope_stop_with_it() {
    let _watchdog = watchdog();
    let ((give, given), (start, started), (alive, ended)) = (channel(), channel(), channel());
    let maker = spawn(move || {
        let _alive = alive;
        scope(|s| {
            let sleeper = || {
                let start = start.clone();
                s.spawn(move || {
                    start.send(()).unwrap();
                    sleep(FOREVER);
                })
            };
            give.send(Lazy::share(sleeper())).unwrap();
            drop(Lazy::detach(sleeper()));
        });
    });
    let _clone: Shared<()> = given.recv().unwrap();
    (0..2).for_each(|_| started.recv().unwrap());
    cancel(&maker, &ended);
}

/// A body that has to stop leaves the cell as it was, for a caller that may go on.
#[test]
fn stopped_body_does_not_fill_a_cell_with_a_cancelled_call() {
    static SHARED: OnceLock<Shared<u32>> = OnceLock::new();
    static DETACHED: OnceLock<Lazy<u32>> = OnceLock::new();
    static MAPPED: OnceLock<Lazy<u32>> = OnceLock::new();

    fn filled_by_stopped_body(table: fn() -> u32) -> u32 {
        let (gate, (alive, ended)) = (Gate::default(), channel::<()>());
        let held_up = gate.clone();
        let late = spawn(move || {
            let _alive = alive;
            held_up.pass();
            table()
        });
        gate.wait_for_arrivals(1);
        assert!(Lazy::cancel(&late));
        gate.open();
        assert!(ended.recv().is_err());
        Lazy::into_inner(spawn(table))
    }

    let _watchdog = watchdog();
    let shared = || **SHARED.get_or_init(|| Lazy::share(spawn(|| 7)));
    let detached = || **DETACHED.get_or_init(|| Lazy::detach(spawn(|| 8)));
    let mapped = || **MAPPED.get_or_init(|| Lazy::detach(Lazy::map(spawn(|| 8), |x| x + 1)));
    assert_eq!([shared, detached, mapped].map(filled_by_stopped_body), [7, 8, 9]);
}

#[test]
fn detached_calls_give_their_value_to_the_handle() {
    let _watchdog = watchdog();
    let (gate, (give, given), (alive, ended)) = (Gate::default(), channel(), channel::<()>());
    let _opened = gate.opened_at_end();
    let maker = {
        let gate = gate.clone();
        spawn(move || {
            let _alive = alive;
            let held_up = gate.clone();
            let lazy: Lazy<u32> = Lazy::detach(spawn(move || {
                held_up.pass();
                1
            }));
            let shared: Shared<u32> = Shared::detach(gated(&gate, 2));
            give.send((lazy, shared)).unwrap();
            sleep(FOREVER);
        })
    };
    let (lazy, shared) = given.recv().unwrap();
    gate.wait_for_arrivals(2);
    cancel(&maker, &ended);
    gate.open();
    assert_eq!((*lazy, *shared), (1, 2));
}

#[test]
fn body_that_waits_for_a_call_that_it_alone_shares_takes_it_along() {
    let _watchdog = watchdog();
    let ((start, started), (alive, ended)) = (channel(), channel());
    let call = spawn(move || {
        let shared = Lazy::share(spawn(move || {
            let _alive = alive;
            start.send(()).unwrap();
            sleep(FOREVER);
        }));
        *shared;
    });
    started.recv().unwrap();
    cancel(&call, &ended);
}
