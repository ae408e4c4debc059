//! Independent tasks, all called from outside and then joined.

use pybackground_benches::harness::{Against, Reading, Row, Unit, ours, peer};
use pybackground_benches::peer::{
    Blocking, Compute, FuturesPool, Peer, Pybackground, RayonSpawn, StdThread, Threadpool,
    TokioSpawn, TokioSpawnBlocking,
};
use pybackground_benches::work::{Pace, burn};

use crate::search::{EXTRAS, Tasks, WORKERS, metg};

pub(crate) const ROW: Row = Row {
    key: "bag",
    title: "METG, independent tasks from outside",
    unit: Unit::Nanoseconds,
    extras: EXTRAS,
    against: Against::BestPeer,
    bars: &[],
    contenders: &[
        ours("pybackground", bag::<Pybackground>),
        ours("pybackground, compute", bag::<Compute>),
        peer("rayon::spawn + oneshot", bag::<RayonSpawn>),
        peer("tokio::spawn", bag::<TokioSpawn>),
        peer("tokio spawn_blocking", bag::<TokioSpawnBlocking>),
        peer("threadpool + oneshot", bag::<Threadpool>),
        peer("futures ThreadPool", bag::<FuturesPool>),
        peer("blocking", bag::<Blocking>),
        peer("std::thread", bag::<StdThread>),
    ],
};

fn bag<P: Peer>(pace: Pace) -> Reading {
    let peer = P::start(Some(WORKERS));
    let run = |Tasks { count, rounds }| {
        let calls = (0..count).map(|_| peer.call(move || burn(rounds))).collect();
        peer.sum(calls);
    };
    metg(pace, |count| count, run)
}
