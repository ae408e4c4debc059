//! A large argument that is being sent blocks no other call.

mod common;

use std::time::Duration;

use common::{Lifeline, hold, signal, wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, processes, snapshot};
use serde_bytes::ByteBuf;

const LARGE: usize = 64 << 20;

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[background(process)]
fn length(bytes: ByteBuf) -> usize {
    bytes.len()
}

/// Runs until the test hangs up.
#[background(process)]
fn wait(port: u16) {
    let mut held = hold(port);
    let _ = std::io::Read::read(&mut held, &mut [0]);
}

#[test]
fn large_argument_blocks_no_other_call() {
    let _watchdog = watchdog();
    processes().max(2).install().unwrap();

    // The only child reads nothing, so a large argument is stuck halfway.
    let stopped = Lazy::into_inner(pid());
    signal("STOP", stopped);
    let stuck = length(ByteBuf::from(vec![1; LARGE]));
    wait_until(|| !snapshot().stacks.is_empty());
    let others: Vec<_> = (0..10).map(|_| pid()).collect();
    assert!(others.iter().all(|other| **other != stopped));

    // Its deadline passes during the write, which kills the child.
    let stuck = Lazy::with_timeout(stuck, Duration::from_millis(1));
    assert!(stuck == Timeout);

    // All children are busy: calls with large arguments wait, but their callers do not.
    let lifeline = Lifeline::new();
    let busy = [wait(lifeline.port()), wait(lifeline.port())];
    let held = [lifeline.held(), lifeline.held()];
    let waiting: Vec<_> = (0..4).map(|_| length(ByteBuf::from(vec![1; LARGE / 16]))).collect();
    assert!(waiting.iter().all(|call| !Lazy::is_ready(call)));
    drop(held);
    assert!(waiting.iter().all(|call| **call == LARGE / 16));
    busy.into_iter().for_each(Lazy::into_inner);
}
