//! Bodies that compute for long: all processors busy, and no more threads than that takes.

use std::time::Duration;

use pybackground_benches::harness::{Against, Bar, Extra, Reading, Row, Unit, ours, peer};
use pybackground_benches::measure::{once, to_float};
use pybackground_benches::peer::{Compute, Peer, Pybackground, RayonSpawn, StdThread};
use pybackground_benches::process::peak_threads_while;
use pybackground_benches::work::{Pace, burn};

const BODIES: usize = 100;
const GRAIN: Duration = Duration::from_millis(50);

/// The workers of a machine with two processors, the monitor, and a few.
const FEW_THREADS: f64 = 6.0;

pub(crate) const ROW: Row = Row {
    key: "cpu-bound",
    title: "100 bodies computing 50 ms",
    unit: Unit::Milliseconds,
    extras: &[Extra { label: "threads", unit: Unit::Count }],
    against: Against::Contender("rayon::spawn + oneshot"),
    // No slower, as far as two runs of seconds can agree.
    bars: &[Bar::Ratio(1.02), Bar::ExtraAtMost(0, FEW_THREADS)],
    contenders: &[
        ours("pybackground", cpu_bound::<Pybackground>),
        ours("pybackground, compute", cpu_bound::<Compute>),
        peer("rayon::spawn + oneshot", cpu_bound::<RayonSpawn>),
        peer("std::thread", cpu_bound::<StdThread>),
    ],
};

fn cpu_bound<P: Peer>(pace: Pace) -> Reading {
    let peer = P::start(None);
    let rounds = pace.rounds(GRAIN);
    let mut figure = 0.0;
    let threads = peak_threads_while(|| {
        figure = once(|| {
            let calls = (0..BODIES).map(|_| peer.call(move || burn(rounds))).collect();
            peer.sum(calls);
        });
    });
    Reading { figure, extras: vec![to_float(threads)] }
}
