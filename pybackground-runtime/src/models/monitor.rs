//! The handshake between the monitor and a thread that enqueues a call: if the call finds no free slot, the
//! monitor goes on watching.

use std::sync::Arc;

use super::{Ordering, lock};
use crate::config;
use crate::models::check;
use crate::pool::Pool;
use crate::pool::counts::Wake;
use crate::runnable::NoWork;
use crate::sync::checker::thread;

/// A pool whose only slot is taken. The model plays the monitor, which watches.
fn full_and_watched() -> Arc<Pool> {
    let pool = Arc::new(Pool::new(config::effective(), |_| ()));
    assert_eq!(pool.counts.claim_wake(), Wake::One);
    assert!(pool.counts.stop_searching());
    let mut state = lock(&pool.monitor.state);
    state.alive = true;
    state.watching = true;
    pool.monitor.watching.store(true, Ordering::Relaxed);
    drop(state);
    pool
}

#[test]
fn a_call_that_waits_is_watched() {
    check(|| {
        let pool = full_and_watched();
        let caller = thread::spawn({
            let pool = pool.clone();
            move || {
                pool.queues.push(Arc::new(NoWork));
                pool.wake_one();
            }
        });
        pool.stop_watching(&mut lock(&pool.monitor.state));
        caller.join().unwrap();
        assert!(lock(&pool.monitor.state).watching);
    });
}
