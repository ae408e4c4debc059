//! Promise 6: bodies that burn CPU for long, more of them than workers, do not keep other calls from
//! running.
//!
//! They spin until the others are through. To risk a thread for one call and to take it away after it
//! would not do: each of the others would wait for the next one.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::watchdog;
use pybackground::{Lazy, configure, spawn};

const WORKERS: usize = 2;
const CALLS: usize = 30;

/// What the others wait for: long enough that the runtime sees them blocked.
const RESPONSE: Duration = Duration::from_millis(5);

#[test]
fn calls_that_compute_and_calls_that_block_get_through() {
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
    beside_spinning_bodies(|| ());
    beside_spinning_bodies(|| thread::sleep(RESPONSE));
}

fn beside_spinning_bodies(body: fn()) {
    let through = Arc::new(AtomicUsize::new(0));
    let spinning: Vec<Lazy<()>> = (0..2 * WORKERS)
        .map(|_| {
            let through = through.clone();
            spawn(move || {
                while through.load(Ordering::SeqCst) < CALLS {
                    std::hint::spin_loop();
                }
            })
        })
        .collect();
    let calls: Vec<Lazy<usize>> = (0..CALLS)
        .map(|_| {
            let through = through.clone();
            spawn(move || {
                body();
                through.fetch_add(1, Ordering::SeqCst)
            })
        })
        .collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<usize>(), CALLS * (CALLS - 1) / 2);
    spinning.into_iter().for_each(Lazy::into_inner);
}
