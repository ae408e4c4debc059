//! The page of the Python module that this library re-makes, form by form, each as it reads in Rust.
//!
//! "Slow" is a gate here: what the page shows by a clock is shown by bodies that are all there at once.

mod common;

use std::sync::{Arc, Barrier};

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Timeout, background};

/// Comes back when three of them run.
#[derive(Clone)]
struct Slow(Arc<Barrier>);

impl Slow {
    fn new() -> Self {
        Self(Arc::new(Barrier::new(3)))
    }

    fn task(&self, arg: i32) -> i32 {
        self.0.wait();
        arg
    }

    #[background]
    fn background_task(&self, arg: i32) -> i32 {
        self.0.wait();
        arg
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the arguments of a call are its own")]
fn very_slow_task(slow: Slow, arg: i32) -> i32 {
    slow.task(arg)
}

#[background]
fn very_slow_background_task(slow: &Slow, arg: i32) -> i32 {
    slow.task(arg)
}

#[test]
fn a_plain_function() {
    let _watchdog = watchdog();
    let slow = Slow::new();
    let x = background(very_slow_task)(slow.clone(), 1);
    let y = background(very_slow_task)(slow.clone(), 2);
    let z = background(very_slow_task)(slow.clone(), 3);
    assert_eq!(format!("{z} {y} {x}"), "3 2 1");
}

#[test]
fn a_function_with_the_attribute() {
    let _watchdog = watchdog();
    let slow = Slow::new();
    let x = very_slow_background_task(&slow, 1);
    let y = very_slow_background_task(&slow, 2);
    let z = very_slow_background_task(&slow, 3);
    assert_eq!(format!("{z} {y} {x}"), "3 2 1");
}

#[test]
fn a_plain_method() {
    let _watchdog = watchdog();
    let my_object = Slow::new();
    let method = background(move |arg| my_object.task(arg));
    let x = method(1);
    let y = method(2);
    let z = method(3);
    assert_eq!(format!("{z} {y} {x}"), "3 2 1");
}

#[test]
fn a_method_with_the_attribute() {
    let _watchdog = watchdog();
    let my_object = Slow::new();
    let x = my_object.background_task(1);
    let y = my_object.background_task(2);
    let z = my_object.background_task(3);
    assert_eq!(format!("{z} {y} {x}"), "3 2 1");
}

#[test]
fn timeouts() {
    let _watchdog = watchdog();
    let (never, open) = (Gate::default(), Gate::default());
    let _opened = never.opened_at_end();
    open.open();
    let wait_for = |gate: Gate, arg: &'static str| {
        gate.pass();
        arg
    };
    let x = background(wait_for).timeout(0.02)(never.clone(), "foobar1");
    let y = background(wait_for).timeout(60.0)(open, "foobar2");
    assert!(x == Timeout);
    assert_eq!(format!("{x} {y}"), "Timeout foobar2");
}

#[test]
fn functions_of_up_to_eight_arguments() {
    let _watchdog = watchdog();
    assert_eq!(background(|| 0)(), 0);
    let sum = background(|a, b, c, d, e, f, g, h| -> i32 { a + b + c + d + e + f + g + h });
    assert_eq!(sum(1, 2, 3, 4, 5, 6, 7, 8), 36);
    let calls: Vec<Lazy<i32>> = (0..100).map(|n| sum(n, 0, 0, 0, 0, 0, 0, 0)).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<i32>(), 4950);
}
