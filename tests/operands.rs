//! The hint of debug builds at operands that run one after the other.
#![cfg(debug_assertions)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use common::child::{self, succeeds};
use common::watchdog;
use pybackground::{Lazy, background};

/// Longer than what is worth a hint.
const LONG: Duration = Duration::from_millis(60);

#[background]
fn price(article: u64) -> u64 {
    thread::sleep(LONG);
    article
}

#[background]
fn step(x: u64) -> u64 {
    thread::sleep(LONG);
    x + 1
}

/// A place at which values of all callers are waited for.
fn value(x: Lazy<u64>) -> u64 {
    Lazy::into_inner(x)
}

/// On a busy machine a thread may come to its wait when that is nearly over: so the child repeats the expression.
#[test]
fn operand_that_is_called_after_another_has_ended_gets_a_hint() {
    let _watchdog = watchdog();
    if child::is_child() {
        loop {
            assert_eq!(price(1) + price(2) + price(3), 6);
        }
    }
    let test = "operand_that_is_called_after_another_has_ended_gets_a_hint";
    let mut process = child::command(test).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let hint = lines.map_while(Result::ok).find(|line| line.contains("hint:")).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    let line = line!() - 9;
    let place = |column| format!("`operands::price` (called at tests/operands.rs:{line}:{column})");
    let [first, second, third] = [24, 35, 46].map(place);
    assert!(hint.contains(&format!("pybackground: hint: {third} was called after ")), "{hint}");
    let ended = [first, second].map(|call| format!(" after {call} had ended"));
    assert!(ended.iter().any(|ended| hint.contains(ended)), "{hint}");
}

/// What waits for good reason, or could not be written in another way.
#[test]
fn other_waits_get_no_hint() {
    let _watchdog = watchdog();
    if !child::is_child() {
        let told = succeeds(&mut child::command("other_waits_get_no_hint"));
        assert!(!told.contains("hint:"), "{told}");
        return;
    }
    for _ in 0..2 {
        // Two operands are called before the first wait.
        assert_eq!(price(1) + price(2), 3);
        assert_eq!(step(1) * price(2), 4);
    }
    // Each needs the value before.
    let mut x = 0;
    for _ in 0..3 {
        x = *step(x);
    }
    for _ in 0..3 {
        x = 2 * x + step(x);
    }
    assert_eq!(step(*step(1)) + 1, 4);
    // Explicit waits, one a line.
    let a = Lazy::into_inner(price(1));
    let b = Lazy::into_inner(price(a));
    assert_eq!(a + b, 2);
    // Functions that wait for what they are given.
    let a = value(price(1));
    assert_eq!(value(step(a)), 2);
    let a = price(1);
    println!("{a}");
    let b = price(2);
    println!("{b}");
    // All are called before.
    let (a, b, c) = (price(1), price(2), price(3));
    assert_eq!(a + b + c, 6);
    assert_eq!((1..4).map(price).sum::<u64>(), 6);
}
