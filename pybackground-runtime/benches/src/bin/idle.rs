//! What it costs to have nothing to do: context switches of idle threads after a burst of calls, and
//! the threads that are still there after the keep-alive.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use pybackground::configure;
use pybackground_benches::harness::{self, Against, Bar, Extra, Reading, Row, Unit, ours, peer};
use pybackground_benches::measure::to_float;
use pybackground_benches::peer::{
    Blocking, FuturesPool, Peer, Pybackground, RayonSpawn, Threadpool, TokioSpawn,
    TokioSpawnBlocking,
};
use pybackground_benches::process::Switches;
use pybackground_benches::work::{Pace, burn};

/// The burst: some calls that compute and some that block, so that a pool that can grow has grown.
const COMPUTING: usize = 10_000;
const GRAIN: Duration = Duration::from_micros(10);
const BLOCKING: usize = 100;
const SLEEP: Duration = Duration::from_millis(20);

/// How long threads have to come to rest, and how long they are then watched.
const SETTLE: Duration = Duration::from_millis(500);
const WATCH: Duration = Duration::from_secs(10);

/// Longer than the watch, so that threads that leave are not taken for threads that wake.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// From the end of the watch to beyond the keep-alive of everyone.
const LEAVE: Duration = Duration::from_secs(3);

const ROW: Row = Row {
    key: "idle",
    title: "context switches in 10 s idle after a burst",
    unit: Unit::Count,
    extras: &[
        Extra { label: "threads", unit: Unit::Count },
        Extra { label: "threads after the keep-alive", unit: Unit::Count },
    ],
    against: Against::Nothing,
    bars: &[Bar::Figure(0.0), Bar::ExtraAtMost(1, 0.0)],
    contenders: &[
        ours("pybackground", of_ours),
        peer("rayon::spawn + oneshot", idle::<RayonSpawn>),
        peer("tokio::spawn", idle::<TokioSpawn>),
        peer("tokio spawn_blocking", idle::<TokioSpawnBlocking>),
        peer("threadpool + oneshot", idle::<Threadpool>),
        peer("futures ThreadPool", idle::<FuturesPool>),
        peer("blocking", idle::<Blocking>),
    ],
};

fn main() -> ExitCode {
    harness::main(&[ROW], 1)
}

fn of_ours(pace: Pace) -> Reading {
    let keep_alive = configure().keep_alive(KEEP_ALIVE).install();
    keep_alive.expect("there was no call yet");
    idle::<Pybackground>(pace)
}

fn idle<P: Peer>(pace: Pace) -> Reading {
    let peer = P::start(None);
    burst(&peer, pace.rounds(GRAIN));
    thread::sleep(SETTLE);
    let before = Switches::now();
    thread::sleep(WATCH);
    let after = Switches::now();
    thread::sleep(LEAVE);
    let left = Switches::now().threads();
    Reading {
        figure: to_float(after.since(&before)),
        extras: vec![to_float(before.threads()), to_float(left)],
    }
}

fn burst(peer: &impl Peer, rounds: u64) {
    let computing = (0..COMPUTING).map(|_| peer.call(move || burn(rounds)));
    let mut calls: Vec<_> = computing.collect();
    calls.extend((0..BLOCKING).map(|_| {
        peer.call(|| {
            thread::sleep(SLEEP);
            0
        })
    }));
    peer.sum(calls);
}
