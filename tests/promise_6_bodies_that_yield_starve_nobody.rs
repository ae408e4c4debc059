//! Promise 6: `async` bodies that wake themselves again and again, as many as workers, do not keep other
//! calls from running, whoever makes them.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::futures::yield_now;
use common::watchdog;
use pybackground::{Lazy, background, configure, delay, spawn};
use std::time::Duration;

const WORKERS: usize = 2;

#[background]
async fn spin(over: Arc<AtomicBool>) {
    while !over.load(Ordering::SeqCst) {
        yield_now().await;
    }
}

#[background]
async fn wait_and_call() -> u32 {
    delay(Duration::from_millis(1)).await;
    spawn(|| 1).await + *spawn(|| 2)
}

/// Calls that make the next one, for as long as it is not over.
fn chain(over: Arc<AtomicBool>) {
    if !over.load(Ordering::SeqCst) {
        drop(Lazy::detach(spawn(|| chain(over))));
    }
}

#[test]
fn calls_of_all_kinds_get_through() {
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let spinning: Vec<Lazy<()>> = (0..2 * WORKERS).map(|_| spin(over.clone())).collect();
    for _ in 0..2 * WORKERS {
        drop(Lazy::detach(spawn({
            let over = over.clone();
            || chain(over)
        })));
    }
    assert_eq!(spawn(|| 1), 1);
    assert_eq!(wait_and_call(), 3);
    assert_eq!(spawn(|| *wait_and_call() + *spawn(|| 1)), 4);
    over.store(true, Ordering::SeqCst);
    spinning.into_iter().for_each(Lazy::into_inner);
}
