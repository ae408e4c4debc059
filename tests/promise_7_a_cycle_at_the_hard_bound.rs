//! A cycle through async bodies is a deadlock also if the only thread there may be runs the awaited call itself.

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};

use common::watchdog;
use pybackground::{Error, Lazy, as_completed, background, configure, scope, wait_idle};

/// What a body waits for, which it is given when all are made.
type Given = Receiver<Lazy<u32>>;
type Told = Sender<Error>;

fn tell_error(outcome: Result<u32, Error>, tell: &Told) -> u32 {
    outcome.unwrap_or_else(|error| {
        tell.send(error).unwrap();
        0
    })
}

#[background]
fn joins(given: Given, tell: Told) -> u32 {
    tell_error(Lazy::join(given.recv().unwrap()), &tell)
}

#[background]
async fn awaits(given: Given, tell: Told) -> u32 {
    tell_error(Lazy::outcome(given.recv().unwrap()).await, &tell)
}

#[background]
fn takes_first(given: Given, tell: Told) -> u32 {
    let mut calls = as_completed([given.recv().unwrap()]);
    tell_error(calls.next().unwrap().1, &tell)
}

#[background]
fn joins_in_a_scope(given: Given, tell: Told) -> u32 {
    let call = given.recv().unwrap();
    scope(|s| {
        let closure = s.spawn(move || tell_error(Lazy::join(call), &tell));
        *closure
    })
}

#[background]
fn passes_on(#[lazy] value: u32) -> u32 {
    value
}

fn awaits_as_argument(given: Given, tell: Told) -> Lazy<u32> {
    passes_on(awaits(given, tell))
}

/// Makes the calls from a body, so that they are in the queue of its thread, and then waits for the first.
#[background]
fn makes(kinds: Vec<Kind>, tell: Told) -> u32 {
    ring(&kinds, &tell);
    0
}

type Kind = fn(Given, Told) -> Lazy<u32>;

/// Makes a ring of calls, each of which waits for the next.
fn ring(kinds: &[Kind], tell: &Told) {
    let (givers, mut calls): (Vec<_>, Vec<_>) = kinds
        .iter()
        .map(|kind| {
            let (give, given) = channel();
            (give, kind(given, tell.clone()))
        })
        .unzip();
    calls.rotate_left(1);
    for (give, call) in givers.into_iter().zip(calls) {
        give.send(call).unwrap();
    }
}

#[test]
fn cycle_through_async_bodies_is_a_deadlock_on_one_thread() {
    let _watchdog = watchdog();
    configure().workers(1).max_total_threads(1).install().unwrap();
    let rings: [&[Kind]; 9] = [
        &[awaits, joins],
        &[joins, awaits],
        &[takes_first, awaits],
        &[joins_in_a_scope, awaits],
        &[awaits_as_argument],
        &[joins, awaits_as_argument],
        &[joins, awaits, joins],
        &[awaits, joins, awaits],
        &[joins, awaits, awaits, takes_first],
    ];
    for (number, kinds) in rings.into_iter().enumerate() {
        for from_body in [false, true] {
            let (tell, told) = channel();
            if from_body {
                Lazy::into_inner(makes(kinds.to_vec(), tell));
            } else {
                ring(kinds, &tell);
                drop(tell);
            }
            wait_idle(std::time::Duration::MAX).unwrap();
            let errors: Vec<_> = told.iter().collect();
            let [error] = &errors[..] else { panic!("ring {number}: one error, not {errors:?}") };
            assert!(error.is_deadlock(), "ring {number}: {error}");
        }
    }
}
