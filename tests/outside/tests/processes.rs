//! The feature `process` with types of the standard library: the user adds no other dependency.

use std::path::PathBuf;
use std::process::id;

use pybackground::{Lazy, Timeout, background};

#[background(process)]
fn numbers_in(text: &str, folder: PathBuf) -> (u32, Vec<u32>, PathBuf) {
    (id(), text.split(' ').filter_map(|word| word.parse().ok()).collect(), folder.join("x"))
}

#[background(process, timeout = "50ms")]
fn endless() {
    loop {
        std::hint::spin_loop();
    }
}

#[background(process)]
fn crashes() -> u32 {
    std::process::abort()
}

#[background(process)]
fn fails(page: u32) -> u32 {
    panic!("no page {page}")
}

#[test]
fn body_runs_in_another_process() {
    let (process, numbers, path) = Lazy::into_inner(numbers_in("1 and 2", "folder".into()));
    assert_ne!(process, id());
    assert_eq!(numbers, [1, 2]);
    assert_eq!(path, PathBuf::from("folder").join("x"));
}

#[test]
fn timeout_kills_and_a_crash_is_an_error() {
    assert!(endless() == Timeout);
    assert!(Lazy::join(crashes()).unwrap_err().is_crash());
}

#[test]
fn panic_comes_back_with_its_message_and_its_place() {
    let error = Lazy::join(fails(7)).unwrap_err();
    assert!(error.is_panic());
    assert!(error.to_string().contains("no page 7"), "{error}");
    assert!(error.panicked_at().unwrap().contains("processes.rs:"), "{error}");
}
