//! Bodies that block: how soon all of them are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pybackground_benches::harness::{
    Against, Bar, Extra, Reading, Row, Run, Unit, ours, peer, reference,
};
use pybackground_benches::measure::{nanoseconds, once, to_float};
use pybackground_benches::peer::{Blocking, Peer, Pybackground, StdThread, TokioSpawnBlocking};
use pybackground_benches::work::Pace;

const SLEEP: Duration = Duration::from_millis(200);

pub(crate) const MOST_AT_ONCE: &[Extra] = &[Extra { label: "most at once", unit: Unit::Count }];

pub(crate) const THOUSAND: Row = Row {
    key: "sleep-1000",
    title: "1,000 bodies sleeping 200 ms",
    unit: Unit::Milliseconds,
    extras: MOST_AT_ONCE,
    against: Against::Contender("std::thread"),
    // Twice the sleep.
    bars: &[Bar::Figure(400e6)],
    contenders: &[
        ours("pybackground", sleepers::<Pybackground, 1_000>),
        peer("std::thread", sleepers::<StdThread, 1_000>),
        peer("tokio spawn_blocking", sleepers::<TokioSpawnBlocking, 1_000>),
        peer("blocking", sleepers::<Blocking, 1_000>),
        reference("Go goroutine", Run::Go("sleep-1000")),
        reference("Python thread", Run::Python("sleep-1000")),
    ],
};

pub(crate) const FIVE_THOUSAND: Row = Row {
    key: "sleep-5000",
    title: "5,000 bodies sleeping 200 ms",
    bars: &[Bar::Ratio(0.55)],
    contenders: &[
        ours("pybackground", sleepers::<Pybackground, 5_000>),
        peer("std::thread", sleepers::<StdThread, 5_000>),
        peer("tokio spawn_blocking", sleepers::<TokioSpawnBlocking, 5_000>),
        peer("blocking", sleepers::<Blocking, 5_000>),
        reference("Go goroutine", Run::Go("sleep-5000")),
        reference("Python thread", Run::Python("sleep-5000")),
    ],
    ..THOUSAND
};

fn sleepers<P: Peer, const BODIES: usize>(_: Pace) -> Reading {
    let peer = P::start(None);
    peer.join(peer.call(|| 0));
    let gauge = Arc::new(Gauge::default());
    let figure = once(|| {
        let call = |_| {
            let gauge = gauge.clone();
            peer.call(move || {
                gauge.while_in(|| thread::sleep(SLEEP));
                1
            })
        };
        let calls: Vec<P::Call> = (0..BODIES).map(call).collect();
        assert_eq!(peer.sum(calls), BODIES as u64);
    });
    assert!(figure >= nanoseconds(SLEEP), "every body sleeps");
    Reading { figure, extras: vec![to_float(gauge.most())] }
}

/// How many are in at once.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn while_in(&self, f: impl FnOnce()) {
        // ORDERING: counts only; the joins order their reading after all of this.
        let now = 1 + self.now.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(now, Ordering::Relaxed);
        f();
        self.now.fetch_sub(1, Ordering::Relaxed);
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}
