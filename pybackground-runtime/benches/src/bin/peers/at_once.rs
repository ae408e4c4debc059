//! A call from outside whose result is wanted at once: the latency of a round trip.

use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::per_unit;
use pybackground_benches::peer::{
    Blocking, FuturesPool, Peer, Pybackground, RayonSpawn, StdThread, Threadpool, TokioSpawn,
    TokioSpawnBlocking,
};
use pybackground_benches::work::Pace;

const WARM_UP: usize = 200;
const BATCH: usize = 100;

pub(crate) const ROW: Row = Row {
    key: "at-once",
    title: "call and join at once, from outside",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(0.1)],
    contenders: &[
        ours("pybackground", at_once::<Pybackground>),
        peer("threadpool + oneshot", at_once::<Threadpool>),
        peer("futures ThreadPool", at_once::<FuturesPool>),
        peer("tokio::spawn", at_once::<TokioSpawn>),
        peer("tokio spawn_blocking", at_once::<TokioSpawnBlocking>),
        peer("blocking", at_once::<Blocking>),
        peer("rayon::spawn + oneshot", at_once::<RayonSpawn>),
        peer("std::thread", at_once::<StdThread>),
        reference("Go goroutine", Run::Go("at-once")),
        reference("Python thread", Run::Python("at-once")),
    ],
};

fn at_once<P: Peer>(_: Pace) -> Reading {
    let peer = P::start(None);
    let round_trips = |times: usize| {
        for number in 0..times as u64 {
            assert_eq!(peer.join(peer.call(move || number)), number);
        }
    };
    round_trips(WARM_UP);
    per_unit(BATCH, || round_trips(BATCH)).into()
}
