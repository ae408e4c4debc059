//! One call that takes long is the input of any number of others, one after the other, each of which is
//! given up: nothing of these is kept until it ends.

mod common;

use std::time::Duration;

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::{system, watchdog};
use pybackground::{Lazy, Timeout, background, spawn};

/// Far less than what so many calls take.
const BOUND: usize = 4 << 20;
const CALLS: usize = 100_000;

#[background]
fn add(#[lazy] a: u64, #[lazy] b: u64, _token: Token) -> u64 {
    a + b
}

#[test]
fn of_calls_that_are_given_up_before_their_input_ends_nothing_is_kept() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let (_opened, held_up) = (gate.opened_at_end(), gate.clone());
    let input = Lazy::share(spawn(move || {
        held_up.pass();
        1
    }));
    let kept = add(input.clone(), 2, drops.token());
    let give_up = |calls: usize| {
        for call in 0..calls {
            let sum = add(input.clone(), input.clone(), drops.token());
            match call % 1000 {
                0 => assert!(Lazy::with_timeout(sum, Duration::ZERO) == Timeout),
                _ => assert!(Lazy::cancel(&sum)),
            }
        }
    };
    give_up(CALLS / 10);
    let before = system::resident_bytes();
    give_up(CALLS);
    let grown =
        system::resident_bytes().zip(before).map_or(0, |(now, then)| now.saturating_sub(then));
    assert!(grown < BOUND, "{grown} bytes more");
    gate.open();
    assert_eq!(*kept, 3);
    drops.wait_for(CALLS + CALLS / 10 + 1);
}
