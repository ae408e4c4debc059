//! Promise 7: who waits for a call that waits for its inputs waits for each of them.

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};

use common::watchdog;
use pybackground::{Error, Lazy, as_completed, background, spawn};

/// Waits for a call that needs the value of this one.
#[background]
fn waits_for_its_own_map(come: Receiver<Lazy<u32>>, told: Sender<Error>) -> u32 {
    let own = come.recv().unwrap();
    let mapped = Lazy::map(Lazy::map(own, |n| n + 1), |n| n + 1);
    told.send(Lazy::join(mapped).unwrap_err()).unwrap();
    1
}

#[test]
fn a_ring_through_inputs_is_told_edge_by_edge() {
    let _watchdog = watchdog();
    let ((give, come), (tell, told)) = (channel(), channel());
    let call = waits_for_its_own_map(come, tell);
    give.send(call).unwrap();
    let error = told.recv().unwrap();
    assert!(error.is_deadlock());
    let text = error.to_string();
    let edges: Vec<&str> = text.lines().filter(|line| line.contains("waits_for_its_own")).collect();
    assert_eq!(text.matches("before it can begin").count(), 2, "{text}");
    assert_eq!(edges.len(), 4, "{text}");
    assert!(text.contains("` (called at "), "{text}");
}

#[test]
fn an_input_that_can_end_is_no_ring() {
    let _watchdog = watchdog();
    let (give, come) = channel::<Lazy<u32>>();
    let outer = spawn(move || {
        let others = Lazy::map(come.recv().unwrap(), |n| n + 1);
        Lazy::into_inner(others)
    });
    let calls = (0..100_u32).fold(spawn(|| 0), |call, _| Lazy::map(call, |n| n + 1));
    give.send(calls).unwrap();
    assert_eq!(outer, 101);
}

/// One of the two can end, the other only after the body that waits for any.
#[test]
fn any_of_two_is_no_ring_while_one_of_them_has_its_inputs() {
    let _watchdog = watchdog();
    let ((give, come), (tell, told)) = (channel::<Lazy<u32>>(), channel());
    let outer = spawn(move || {
        let own = Lazy::map(come.recv().unwrap(), |n| n + 1);
        let other = Lazy::map(spawn(|| 5), |n| n + 1);
        let mut calls = as_completed([own, other]);
        tell.send([calls.next().unwrap(), calls.next().unwrap()]).unwrap();
        1
    });
    give.send(outer).unwrap();
    let [(first, value), (second, never)] = told.recv().unwrap();
    assert_eq!((first, value.unwrap()), (1, 6));
    assert!(second == 0 && never.unwrap_err().is_deadlock());
}
