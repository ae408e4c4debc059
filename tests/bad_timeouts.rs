//! A timeout that is no length of time is refused at the call, with the function and the value.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::panics::caught;
use pybackground::{IntoTimeout, Lazy, background};

static RUNS: AtomicUsize = AtomicUsize::new(0);

fn seconds(value: f64) -> f64 {
    value
}

#[background(timeout = seconds(f64::NAN))]
fn not_a_number() {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background(timeout = seconds(-1.5))]
fn negative() {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background(timeout = seconds(f64::INFINITY))]
fn infinite() {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background(timeout = String::from("soon").as_str())]
fn not_understood() {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

struct Page;

impl Page {
    #[background(timeout = seconds(-2.0))]
    fn load(self) {
        RUNS.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn an_expression_of_the_attribute_is_refused_at_the_call() {
    type Call = fn() -> Lazy<()>;

    let calls: [(Call, &str, &str); 5] = [
        (not_a_number, "not_a_number", "NaN"),
        (negative, "negative", "-1.5"),
        (infinite, "infinite", "inf"),
        (not_understood, "not_understood", "\"soon\""),
        (|| Page.load(), "load", "-2.0"),
    ];
    for (call, function, value) in calls {
        let panic = caught(call);
        for part in [function, value, "`1.5`", "`\"250ms\"`", "`Duration`"] {
            assert!(panic.text().contains(part), "{part} in: {}", panic.text());
        }
    }
    let before = line!();
    let panic = caught(|| negative());
    panic.assert_told_between(before, line!());
    let before = line!();
    let panic = caught(|| Page.load());
    panic.assert_told_between(before, line!());
    assert_eq!(RUNS.load(Ordering::SeqCst), 0);
}

fn slow_page(number: u32) -> u32 {
    number
}

#[test]
fn a_timeout_of_background_is_refused_where_it_is_given() {
    for (timeout, told) in [(-1.0, "-1.0"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let before = line!();
        let panic = caught(|| background(slow_page).timeout(timeout));
        panic.assert_told_between(before, line!());
        for part in ["slow_page", told, "`1.5`"] {
            assert!(panic.text().contains(part), "{part} in: {}", panic.text());
        }
    }
    let before = line!();
    let panic = caught(|| background(slow_page).timeout("5 parsecs"));
    panic.assert_told_between(before, line!());
    assert!(panic.text().contains("\"5 parsecs\""), "{}", panic.text());
}

#[test]
fn whatever_is_no_length_of_time_is_an_error() {
    for number in [-1.0, -1e-300, f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
        assert!(number.into_timeout().is_err(), "{number}");
    }
    for text in ["", " ", "s", "-1s", "1", "1 s s", "1e", "nan s", "inf s", "1.2.3s", "１s", "1S"]
    {
        assert!(text.into_timeout().is_err(), "{text:?}");
    }
    assert!((-1_i64).into_timeout().is_err());
}

#[test]
fn zero_and_minus_zero_are_no_time() {
    for zero in [0.0, -0.0] {
        assert!(zero.into_timeout().unwrap().is_zero());
    }
}
