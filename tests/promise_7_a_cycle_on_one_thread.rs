//! A cycle of waits on a single thread, which runs the calls it waits for itself.

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use common::watchdog;
use pybackground::{Error, Lazy, background, configure, spawn};

#[background]
fn outer(inner: Lazy<Error>) -> Error {
    Lazy::into_inner(inner)
}

#[background]
fn inner(come: Receiver<Arc<Lazy<Error>>>) -> Error {
    Lazy::wait(&come.recv().unwrap()).unwrap_err().clone()
}

#[test]
fn a_ring_through_calls_that_are_run_in_place_is_told_edge_by_edge() {
    let _watchdog = watchdog();
    configure().workers(1).max_threads(1).install().unwrap();
    let error = Lazy::into_inner(spawn(|| {
        let (give, come) = channel();
        let outer = Arc::new(outer(inner(come)));
        give.send(outer.clone()).unwrap();
        Lazy::wait(&outer).unwrap().clone()
    }));
    assert!(error.is_deadlock());
    let text = error.to_string();
    let edges: Vec<&str> = text.lines().filter(|line| line.starts_with("  ")).collect();
    let [down, up] = edges[..] else { panic!("two edges, not these: {text}") };
    assert!(down.contains("::outer`") && down.contains("which it runs itself"), "{text}");
    assert!(down.find("::outer`") < down.find("::inner`"), "{text}");
    assert!(up.find("::inner`") < up.find("::outer`") && up.contains(" at "), "{text}");
}
