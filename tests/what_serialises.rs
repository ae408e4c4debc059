//! The guide's table of what runs one after the other: each form has as many bodies at once as the table
//! says.

mod common;

use std::sync::{Arc, Barrier};
use std::thread;

use common::counters::AtOnce;
use common::futures::block_on;
use common::watchdog;
use pybackground::{BackgroundIterator, Lazy, all, background, value};

const PAGE: &str = include_str!("../docs/guide/together.md");

/// The row of the table that begins with this code.
fn row(code: &str) -> &'static str {
    let start = format!("| `{code}`");
    PAGE.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {code}"))
}

/// Asserts that the four calls of `form` meet: they run at once, as the table says.
#[track_caller]
fn at_once(code: &str, form: impl FnOnce(&dyn Fn(u64) -> Lazy<u64>)) {
    assert!(row(code).ends_with("| 0.1 s |"), "{}", row(code));
    let meeting = Arc::new(Barrier::new(4));
    form(&|n| {
        let meeting = meeting.clone();
        pybackground::spawn(move || {
            meeting.wait();
            n
        })
    });
}

/// Asserts that at most so many of the four calls of `form` run at once.
#[track_caller]
fn at_most(most: usize, code: &str, form: impl FnOnce(&dyn Fn(u64) -> Lazy<u64>)) {
    let time = format!("| 0.{} s |", 5 - most);
    assert!(row(code).ends_with(&time), "{}", row(code));
    let running = Arc::new(AtOnce::new());
    form(&|n| {
        let running = running.clone();
        pybackground::spawn(move || {
            let _inside = running.enter();
            thread::yield_now();
            n
        })
    });
    assert!(running.most() <= most, "{} at once in {code}", running.most());
}

#[test]
fn forms_that_make_all_calls_first_run_at_once() {
    let _watchdog = watchdog();
    at_once("all((f(1), f(2), f(3), f(4)))", |f| assert_eq!(all((f(1), f(2), f(3), f(4))).3, 4));
    at_once("all((1..5).map(f))", |f| drop(all((1..5).map(f))));
    at_once("let (a, b, c, d) = (f(1), f(2), f(3), f(4));", |f| {
        let (a, b, c, d) = (f(1), f(2), f(3), f(4));
        assert_eq!(a + b + c + d, 10);
    });
    at_once("(1..5).map(f).sum::<u64>()", |f| assert_eq!((1..5).map(f).sum::<u64>(), 10));
    at_once("(1..5).map(f).sum::<u64>()", |f| assert_eq!((1..5).map(f).product::<u64>(), 24));
    at_once("(1..5).background_map(4, f).max()", |f| {
        assert_eq!((1..5).background_map(4, f).max(), Some(4));
    });
}

#[test]
fn forms_that_use_a_value_before_the_next_call_do_not() {
    #[background]
    fn g(a: u64, b: u64, c: u64, d: u64) -> u64 {
        a + b + c + d
    }

    struct Sums {
        a: u64,
        b: u64,
        c: u64,
        d: u64,
    }

    let _watchdog = watchdog();
    at_most(2, "f(1) + f(2) + f(3) + f(4)", |f| assert_eq!(f(1) + f(2) + f(3) + f(4), 10));
    at_most(1, "for n in 1..5 { total += f(n); }", |f| {
        let mut total = 0;
        for n in 1..5 {
            total += f(n);
        }
        assert_eq!(total, 10);
    });
    at_most(1, "(1..5).map(f).map(value).sum::<u64>()", |f| {
        assert_eq!((1..5).map(f).map(value).sum::<u64>(), 10);
    });
    at_most(1, "Sums { a: *f(1), b: *f(2), c: *f(3), d: *f(4) }", |f| {
        let Sums { a, b, c, d } = Sums { a: *f(1), b: *f(2), c: *f(3), d: *f(4) };
        assert_eq!(a + b + c + d, 10);
    });
    at_most(1, "g(*f(1), *f(2), *f(3), *f(4))", |f| {
        assert_eq!(g(*f(1), *f(2), *f(3), *f(4)), 10);
    });
    at_most(1, "f(1).await + f(2).await + f(3).await + f(4).await", |f| {
        let sum = async { f(1).await + f(2).await + f(3).await + f(4).await };
        assert_eq!(block_on(sum), 10);
    });
}
