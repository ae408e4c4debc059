//! Promise 8: a deadline is told in time, also to `async` code, when every thread that there may be is
//! taken.

mod common;

use std::sync::mpsc::channel;
use std::time::Duration;

use common::futures::block_on;
use common::watchdog;
use pybackground::{Lazy, configure, delay, spawn};

/// More than are remembered without a look whether they are still of interest.
const MANY: usize = 200;

#[test]
fn async_code_hears_of_a_deadline_while_every_thread_is_taken() {
    let _watchdog = watchdog();
    configure().workers(1).max_threads(1).install().unwrap();
    let short = Duration::from_millis(1);
    let (start, started) = channel();
    let (release, released) = channel();
    let busy = spawn(move || {
        start.send(()).unwrap();
        released.recv().unwrap();
    });
    started.recv().unwrap();

    block_on(delay(short));
    let late: Vec<_> = (0..MANY).map(|_| Lazy::with_timeout(spawn(|| 1), short)).collect();
    for call in late {
        assert!(block_on(Lazy::outcome(call)).unwrap_err().is_timeout());
    }
    let queued = spawn(|| 2);
    block_on(delay(short));

    release.send(()).unwrap();
    Lazy::into_inner(busy);
    assert_eq!(queued, 2);
}
