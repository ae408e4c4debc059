//! Promise 6: bodies that burn CPU for long, more of them than workers, do not keep other calls from
//! running.
//!
//! They spin until the others are through. A thread that the runtime risks for one call and takes away
//! after it would not do: each of the others would wait for the next one.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::watchdog;
use pybackground::{Lazy, configure, spawn};

const WORKERS: usize = 2;
const CALLS: usize = 100;

#[test]
fn other_calls_get_through() {
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
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
            spawn(move || through.fetch_add(1, Ordering::SeqCst))
        })
        .collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<usize>(), CALLS * (CALLS - 1) / 2);
    spinning.into_iter().for_each(Lazy::into_inner);
}
