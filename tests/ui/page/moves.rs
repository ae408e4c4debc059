//! As `types.rs`, where the compiler complains later, of code without other errors.
#![expect(unused, reason = "the errors matter")]

use std::num::ParseIntError;

use pybackground::{Lazy, background, spawn};

#[background]
fn parse(text: &str) -> Result<i32, ParseIntError> {
    text.parse()
}

fn unwrapped() {
    parse("42").unwrap();
}

fn methods_of_the_value(text: Lazy<String>) {
    let bytes = text.into_bytes();
}

fn used_twice() {
    let text = Lazy::ready(String::from("here"));
    let length = Lazy::map(text, |text| text.len());
    println!("{text}");
}

fn borrowed(text: &str) -> usize {
    let local = text.to_owned();
    *spawn(|| local.len())
}

fn main() {}
