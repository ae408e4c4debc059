//! `async` bodies that await a timer: how late the last of them is.

use std::time::Duration;

use futures::executor::block_on;
use futures::future::join_all;
use pybackground::{background, delay};
use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::{nanoseconds, once};
use pybackground_benches::work::Pace;
use tokio::runtime::{Builder, Runtime};

const SLEEP: Duration = Duration::from_millis(200);
const BODIES: usize = 5_000;

pub(crate) const ROW: Row = Row {
    key: "sleepers-async",
    title: "5,000 async bodies awaiting 200 ms",
    unit: Unit::Milliseconds,
    extras: &[],
    against: Against::Contender("tokio::spawn"),
    // The sleep and a twentieth.
    bars: &[Bar::Figure(210e6)],
    contenders: &[
        ours("pybackground", own_timer),
        ours("on tokio's timer", timer_of_tokio),
        peer("tokio::spawn", tokio_spawn),
        reference("Go goroutine", Run::Go("sleep-5000")),
    ],
};

#[background]
async fn nap(time: Duration) -> u64 {
    delay(time).await;
    1
}

/// A timer of tokio's is bound to its runtime when it is made, and needs no context after that.
#[background]
async fn nap_on(timer: tokio::time::Sleep) -> u64 {
    timer.await;
    1
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_time().build();
    runtime.expect("the runtime starts")
}

fn own_timer(_: Pace) -> Reading {
    assert_eq!(block_on(nap(Duration::ZERO)), 1);
    reading(|| block_on(join_all((0..BODIES).map(|_| nap(SLEEP)))).into_iter().sum())
}

fn timer_of_tokio(_: Pace) -> Reading {
    let runtime = runtime();
    assert_eq!(block_on(nap(Duration::ZERO)), 1);
    reading(|| {
        let calls: Vec<_> = (0..BODIES)
            .map(|_| {
                let _entered = runtime.enter();
                nap_on(tokio::time::sleep(SLEEP))
            })
            .collect();
        block_on(join_all(calls)).into_iter().sum()
    })
}

fn tokio_spawn(_: Pace) -> Reading {
    let runtime = runtime();
    let nap = |time| async move {
        tokio::time::sleep(time).await;
        1
    };
    assert_eq!(block_on(runtime.spawn(nap(Duration::ZERO))).expect("no body panics"), 1);
    reading(|| {
        let tasks = (0..BODIES).map(|_| runtime.spawn(nap(SLEEP)));
        let naps = block_on(join_all(tasks)).into_iter();
        naps.map(|nap| nap.expect("no body panics")).sum()
    })
}

fn reading(run: impl FnOnce() -> u64) -> Reading {
    let figure = once(|| assert_eq!(run(), BODIES as u64));
    assert!(figure >= nanoseconds(SLEEP), "every body sleeps");
    Reading { figure, extras: vec![] }
}
