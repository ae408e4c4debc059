//! `async` bodies hold no thread while they wait. A file of its own: it counts threads and memory.

#[path = "../common/mod.rs"]
mod common;

use common::system::{resident_bytes, runtime_threads};
use common::{wait_until, watchdog};
use futures::channel::oneshot;
use pybackground::{Lazy, background, snapshot};

const BODIES: usize = 100_000;

/// What the documentation tells, of a build with every feature.
const MOST_BYTES_EACH: usize = 640;

/// Bodies that wait have none. While the calls are made, a busy machine may look as if bodies blocked,
/// and have a few threads more than processors.
const MOST_THREADS: usize = BODIES / 1_000;

#[background]
async fn wait_for(event: oneshot::Receiver<usize>) -> usize {
    event.await.expect("the sender is kept until it sends")
}

#[test]
fn a_hundred_thousand_bodies_wait_at_once_on_few_threads() {
    let _watchdog = watchdog();
    // An event for each: a lock that all of them share would block, which is what threads are added for.
    let (senders, events): (Vec<_>, Vec<_>) = (0..BODIES).map(|_| oneshot::channel()).unzip();
    let before = resident_bytes();
    let calls: Vec<Lazy<usize>> = events.into_iter().map(wait_for).collect();

    wait_until(|| snapshot().suspended == BODIES);
    assert_eq!(snapshot().queued, 0);
    if let Some(threads) = runtime_threads() {
        assert!(threads.len() <= MOST_THREADS, "{threads:?}");
    }
    if let (Some(before), Some(now)) = (before, resident_bytes()) {
        let each = now.saturating_sub(before) / BODIES;
        println!("{each} bytes a body that waits");
        assert!(each <= MOST_BYTES_EACH, "{each} bytes a body that waits");
    }

    for (number, sender) in senders.into_iter().enumerate() {
        sender.send(number).unwrap();
    }
    let sum: usize = calls.into_iter().map(Lazy::into_inner).sum();
    assert_eq!(sum, BODIES * (BODIES - 1) / 2);
}
