//! What a call in another process costs, beside the crates and packages that make such calls.
//!
//! `cargo run --release --features process --bin process`; the cells for `pebble` are filled if `python3` has
//! it: `PATH=/path/to/venv/bin:$PATH` with a virtual environment in which it was installed.

mod gone;
mod ours;
mod procspawn;
mod warm;

use std::process::ExitCode;
use std::time::Duration;

use pybackground_benches::harness::{
    self, Against, Bar, Extra, Row, Run, Unit, ours as pybackground, peer, reference,
};

/// How long an endless body has.
const LIMIT: Duration = Duration::from_millis(200);

/// How many bytes `echo` sends.
const MANY: usize = 64 << 20;

const COLD: Row = Row {
    key: "cold",
    title: "call of a new process",
    unit: Unit::Milliseconds,
    extras: &[],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(0.6)],
    contenders: &[
        pybackground("pybackground", ours::cold),
        peer("procspawn", procspawn::cold),
        reference("Python pebble", Run::Pebble("cold")),
    ],
};

const WARM: Row = Row {
    key: "warm",
    title: "call of a process that waits",
    unit: Unit::Nanoseconds,
    extras: &[Extra { label: "p99", unit: Unit::Nanoseconds }],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(0.6)],
    contenders: &[
        pybackground("pybackground", ours::warm),
        peer("procspawn pool", procspawn::warm),
        reference("Python pebble", Run::Pebble("warm")),
    ],
};

const ECHO: Row = Row {
    key: "echo",
    title: "64 MiB there and back, to a process that waits",
    unit: Unit::Milliseconds,
    extras: &[],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(0.6)],
    contenders: &[
        pybackground("pybackground, ByteBuf", ours::echo_bytes),
        pybackground("pybackground, Vec<u8>", ours::echo),
        peer("procspawn pool, ByteBuf", procspawn::echo_bytes),
        peer("procspawn pool, Vec<u8>", procspawn::echo),
        reference("Python pebble", Run::Pebble("echo")),
    ],
};

const KILL: Row = Row {
    key: "kill",
    title: "from the limit of an endless body until its process is gone",
    unit: Unit::Milliseconds,
    extras: &[],
    against: Against::BestPeer,
    bars: &[Bar::Ratio(1.0)],
    contenders: &[
        pybackground("pybackground", ours::kill),
        peer("procspawn pool", procspawn::kill),
        reference("Python pebble", Run::Pebble("kill")),
    ],
};

fn main() -> ExitCode {
    ::procspawn::init();
    harness::main(&[COLD, WARM, ECHO, KILL], 5)
}
