//! Many calls from outside, then all results: throughput.

use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::per_unit;
use pybackground_benches::peer::{
    Blocking, FuturesPool, Peer, Pybackground, RayonSpawn, StdThread, Threadpool, TokioSpawn,
    TokioSpawnBlocking,
};
use pybackground_benches::work::Pace;

const CALLS: usize = 100_000;

/// As many tell the cost of a thread as well and take seconds less.
const THREAD_CALLS: usize = 10_000;

pub(crate) const ROW: Row = Row {
    key: "join-all",
    title: "100,000 calls, then join all",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(0.6)],
    contenders: &[
        ours("pybackground", join_all::<Pybackground, CALLS>),
        peer("threadpool + oneshot", join_all::<Threadpool, CALLS>),
        peer("tokio::spawn", join_all::<TokioSpawn, CALLS>),
        peer("rayon::spawn + oneshot", join_all::<RayonSpawn, CALLS>),
        peer("futures ThreadPool", join_all::<FuturesPool, CALLS>),
        peer("blocking", join_all::<Blocking, CALLS>),
        peer("tokio spawn_blocking", join_all::<TokioSpawnBlocking, CALLS>),
        peer("std::thread (10,000)", join_all::<StdThread, THREAD_CALLS>),
        reference("Go goroutine", Run::Go("join-all")),
        reference("Python thread (10,000)", Run::Python("join-all")),
    ],
};

fn join_all<P: Peer, const CALLS: usize>(_: Pace) -> Reading {
    let peer = P::start(None);
    let pass = |calls: u64| {
        let calls: Vec<P::Call> = (0..calls).map(|number| peer.call(move || number)).collect();
        peer.sum(calls)
    };
    let calls = CALLS as u64;
    pass(calls / 10);
    per_unit(CALLS, || assert_eq!(pass(calls), calls * (calls - 1) / 2)).into()
}
