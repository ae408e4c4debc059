//! What a call captured may take its time to drop, and other calls keep their deadlines.

mod common;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use pybackground::{Lazy, Timeout, background, spawn};

/// Its destructor waits for somebody else.
struct Slow(Receiver<()>);

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.recv().unwrap();
    }
}

#[background(limit = 1)]
fn one_at_a_time(captured: Option<Slow>, until: Receiver<()>) {
    until.recv().unwrap();
    drop(captured);
}

#[test]
fn a_destructor_that_waits_does_not_hold_up_other_deadlines() {
    let _watchdog = common::watchdog();
    let (end, until) = channel();
    let running = one_at_a_time(None, until);

    // Never starts, as its function is busy; so what it was given is dropped at its deadline.
    let (release, wait) = channel();
    let (_never, until) = channel();
    let queued = one_at_a_time(Some(Slow(wait)), until);
    let queued = Lazy::with_timeout(queued, Duration::from_millis(1));
    // Whoever waits for a call ends it at its deadline as well. Here nobody waits.
    common::wait_until(|| Lazy::is_ready(&queued));

    let (_never, until) = channel::<()>();
    let other = spawn(move || until.recv());
    let other = Lazy::with_timeout(other, Duration::from_millis(1));
    common::wait_until(|| Lazy::is_ready(&other));
    assert!(queued == Timeout && other == Timeout);

    release.send(()).unwrap();
    end.send(()).unwrap();
    Lazy::wait(&running).unwrap();
}
