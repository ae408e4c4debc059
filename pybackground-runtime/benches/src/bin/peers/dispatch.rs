//! How long making a call takes while all workers are busy and calls pile up: the call itself, not
//! its result.

use std::time::{Duration, Instant};

use pybackground_benches::harness::{Against, Bar, Extra, Reading, Row, Unit, ours, peer};
use pybackground_benches::measure::{nanoseconds, per_mille};
use pybackground_benches::peer::{
    FuturesPool, Peer, Pybackground, RayonSpawn, Threadpool, TokioSpawn,
};
use pybackground_benches::work::{Pace, burn};

const CALLS: usize = 100_000;

/// Long compared with a call, so that calls are made faster than they are run.
const GRAIN: Duration = Duration::from_micros(2);

pub(crate) const ROW: Row = Row {
    key: "dispatch",
    title: "the call itself under load, p99.9",
    unit: Unit::Nanoseconds,
    extras: &[
        Extra { label: "p50", unit: Unit::Nanoseconds },
        Extra { label: "p99", unit: Unit::Nanoseconds },
    ],
    against: Against::Contender("rayon::spawn + oneshot"),
    bars: &[Bar::Ratio(3.0)],
    contenders: &[
        ours("pybackground", dispatch::<Pybackground>),
        peer("rayon::spawn + oneshot", dispatch::<RayonSpawn>),
        peer("tokio::spawn", dispatch::<TokioSpawn>),
        peer("threadpool + oneshot", dispatch::<Threadpool>),
        peer("futures ThreadPool", dispatch::<FuturesPool>),
    ],
};

fn dispatch<P: Peer>(pace: Pace) -> Reading {
    let peer = P::start(None);
    let rounds = pace.rounds(GRAIN);
    peer.join(peer.call(|| 0));
    let mut calls = Vec::with_capacity(CALLS);
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        let call = peer.call(move || burn(rounds));
        times.push(nanoseconds(start.elapsed()));
        calls.push(call);
    }
    peer.sum(calls);
    times.sort_by(f64::total_cmp);
    Reading {
        figure: per_mille(&times, 999),
        extras: vec![per_mille(&times, 500), per_mille(&times, 990)],
    }
}
