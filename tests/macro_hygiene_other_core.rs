//! The expansion does not need the name `core`, which a program may give to another crate.

#![allow(missing_docs, reason = "a crate without them")]

extern crate alloc as core;

use pybackground::background;

#[background(timeout = 60.0, limit = 2, name = "other", compute)]
fn every_option(text: &str, (a, _): (u8, u8)) -> usize {
    text.len() + usize::from(a)
}

#[background(timeout = 60)]
async fn asynchronous(list: Vec<u8>) -> usize {
    list.len()
}

#[background(single_flight)]
fn shared(text: &str) -> usize {
    text.len()
}

#[test]
fn expansion_does_not_use_another_crate_called_core() {
    assert_eq!(every_option("ab", (1, 2)), 3);
    assert_eq!(asynchronous(vec![1]), 1);
    assert_eq!(shared("ab"), 2);
    assert_eq!(core::string::String::from("alloc"), "alloc");
}
