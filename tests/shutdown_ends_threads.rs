//! After a shutdown in time, every thread of the runtime has ended, with the destructors of its
//! thread-locals.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, configure, shutdown, snapshot};

const THREADS: usize = 20;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        // Another thread's destructors take longer than those of the pool itself.
        std::thread::yield_now();
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static COUNTED: Counted = const { Counted };
}

#[background]
fn uses_a_thread_local(gate: Gate) {
    COUNTED.with(|_| gate.pass());
}

#[test]
fn shutdown_waits_for_destructors_of_thread_locals() {
    let _watchdog = watchdog();
    configure().keep_alive(Duration::MAX).install().unwrap();
    let gate = Gate::default();
    let calls: Vec<Lazy<()>> = (0..THREADS).map(|_| uses_a_thread_local(gate.clone())).collect();
    gate.wait_for_arrivals(THREADS);
    gate.open();
    calls.into_iter().for_each(Lazy::into_inner);
    shutdown(Duration::from_secs(100)).unwrap();
    assert_eq!(DROPPED.load(Ordering::SeqCst), THREADS);
    assert_eq!(snapshot().threads, 0);
}
