//! What a newcomer writes, of which the guide's page on messages says what to write instead.
#![expect(unused, reason = "the errors matter")]

use std::num::ParseIntError;
use std::rc::Rc;

use pybackground::{BackgroundIterator, Lazy, all, background, spawn, try_all};

#[background]
fn parse(text: &str) -> Result<i32, ParseIntError> {
    text.parse()
}

#[background]
fn double(n: i32) -> i32 {
    2 * n
}

#[background]
fn is_small(n: i32) -> bool {
    n < 10
}

fn question_mark() -> Result<i32, ParseIntError> {
    let n = parse("42")?;
    Ok(n)
}

fn annotated() {
    let n: i32 = double(21);
}

fn returned() -> i32 {
    double(21)
}

fn argument() {
    i32::pow(double(3), 2);
}

fn condition() {
    if is_small(3) {}
}

fn pattern() {
    match double(3) {
        6 => println!("six"),
        _ => {}
    }
}

fn collected() {
    let doubles: Vec<i32> = (0..3).map(double).collect();
}

fn reference_to_calls(calls: &[Lazy<i32>]) {
    all(calls);
}

fn calls_that_cannot_fail() {
    try_all((0..3).map(double));
}

fn plain_closure() {
    (0..3).background_map(2, |n| 2 * n).sum::<i32>();
}

fn function_made_background() {
    let map = (0..3).background_map(2, background(i32::abs));
}

fn not_send() {
    let text = Rc::new(String::from("here"));
    spawn(move || text.len());
}

fn main() {}
