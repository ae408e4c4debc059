//! Of two threads that shut the runtime down at the same time, neither returns before the threads of the runtime have ended.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use common::watchdog;
use pybackground::{Lazy, shutdown, spawn};

static IS_OVER: AtomicBool = AtomicBool::new(false);
static ENDS: Mutex<Option<(Sender<()>, Receiver<()>)>> = Mutex::new(None);

/// Takes as long as the test wants.
struct Slow;

impl Drop for Slow {
    fn drop(&mut self) {
        let (enter, go) = ENDS.lock().unwrap().take().unwrap();
        enter.send(()).unwrap();
        go.recv().unwrap();
        IS_OVER.store(true, Ordering::SeqCst);
    }
}

thread_local! {
    static SLOW: Slow = const { Slow };
}

#[test]
fn each_shutdown_waits_for_the_threads() {
    let _watchdog = watchdog();
    let ((enter, entered), (release, go)) = (channel(), channel());
    *ENDS.lock().unwrap() = Some((enter, go));
    Lazy::into_inner(spawn(|| SLOW.with(|_| ())));
    let (returns, returned) = channel();
    let shut_down = |returns: Sender<bool>| {
        thread::spawn(move || {
            shutdown(Duration::from_secs(100)).unwrap();
            returns.send(IS_OVER.load(Ordering::SeqCst)).unwrap();
        })
    };
    let first = shut_down(returns.clone());
    entered.recv().unwrap();
    let second = shut_down(returns);
    // A shutdown that does not wait has returned by then. One that waits cannot, however long this takes.
    let early = returned.recv_timeout(Duration::from_millis(200)).ok();
    // One with less time returns when that is over.
    shutdown(Duration::from_millis(1)).unwrap();
    release.send(()).unwrap();
    assert_eq!(early, None);
    assert!(returned.iter().take(2).all(|was_over| was_over));
    first.join().unwrap();
    second.join().unwrap();
}
