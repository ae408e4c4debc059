//! What a timeout does to a body that listens, and to one that does not.
//!
//! Run with `cargo run --example timeouts`.

use std::thread;
use std::time::{Duration, Instant};

use pybackground::{Lazy, Timeout, all, background, cancelled, checkpoint, sleep, snapshot};

const STEP: Duration = Duration::from_millis(5);

/// Works in steps and asks before each whether anybody still wants the result.
#[background(timeout = "50ms")]
fn listens(steps: u32) -> u32 {
    for _ in 0..steps {
        checkpoint();
        sleep(STEP);
    }
    steps
}

/// The same, without asking.
#[background(timeout = "50ms")]
fn does_not_listen(steps: u32) -> u32 {
    for _ in 0..steps {
        thread::sleep(STEP);
    }
    println!("  (the deaf one is done; cancelled: {})", cancelled());
    steps
}

fn main() {
    println!("# in time");
    // Awaited before the line is printed: a body that prints would wait for the lock of the output.
    let in_time = all([listens(2), does_not_listen(2)]);
    println!("{in_time:?}");

    println!("# too late");
    let start = Instant::now();
    let (listening, deaf) = (listens(100), does_not_listen(100));
    println!("{listening} {deaf}");
    assert!(listening == Timeout && deaf == Timeout);
    println!("  (told after {:.0?})", start.elapsed());
    for call in [&listening, &deaf] {
        if let Err(error) = Lazy::wait(call) {
            println!("  {error}");
        }
    }

    println!("# what still runs");
    print!("{}", snapshot());
    match pybackground::wait_idle(Duration::from_secs(10)) {
        Ok(()) => println!("# now nothing does"),
        Err(unfinished) => println!("# {unfinished}"),
    }
    print!("{}", snapshot());
}
