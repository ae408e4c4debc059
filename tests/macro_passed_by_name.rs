//! The place that messages name if the standard library makes the call: `words.map(length)`.

#![allow(
    clippy::unnecessary_literal_unwrap,
    clippy::unnecessary_map_on_constructor,
    reason = "std makes the call"
)]

use std::time::Duration;

use pybackground::{Error, Lazy, background, sleep, spawn};

const LENGTH: u32 = line!() + 3;
/// Documented above the attribute.
#[background]
fn length(word: &str) -> usize {
    assert!(word.len() > 3, "too short");
    word.len()
}

const ASYNCHRONOUS: u32 = line!() + 2;
#[background(name = "fetch", timeout = 60, limit = 3)]
async fn asynchronous(word: &str) -> usize {
    assert!(word.len() > 3, "too short");
    word.len()
}

const COMPUTE: u32 = line!() + 2;
#[background(compute)]
fn computes(word: &str) -> usize {
    assert!(word.len() > 3, "too short");
    word.len()
}

struct Words;

const METHOD: u32 = line!() + 4;
impl Words {
    /// Documented above the attribute.
    #[background]
    fn method(word: &'static str) -> usize {
        assert!(word.len() > 3, "too short");
        word.len()
    }
}

#[track_caller]
fn assert_names_definition(error: &Error, line: u32) {
    let text = error.to_string();
    let place = format!("(defined at {}:{line}:", file!());
    assert!(text.contains(&place) && !text.contains("/rustc/"), "{text}");
    assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), line));
}

fn error<T>(call: Lazy<T>) -> Error {
    Lazy::join(call).map(|_| ()).unwrap_err()
}

#[test]
fn call_by_an_iterator_names_the_definition() {
    let calls: Vec<Lazy<usize>> = ["a", "b"].into_iter().map(length).collect();
    assert_eq!(Lazy::called_at(&calls[0]).map(std::panic::Location::line), Some(LENGTH));
    for call in calls {
        assert_names_definition(&error(call), LENGTH);
    }
    assert_names_definition(&error(Some("a").map(asynchronous).unwrap()), ASYNCHRONOUS);
    assert!(error(Some("a").map(asynchronous).unwrap()).to_string().contains("`fetch` (defined"));
    assert_names_definition(&error(Some("a").map(computes).unwrap()), COMPUTE);
    assert_names_definition(&error(Some("a").map(Words::method).unwrap()), METHOD);
}

const POINTED_AT: u32 = line!() + 1;
#[background]
fn pointed_at(word: &str) -> usize {
    word.parse().expect("a number")
}

trait Counts {
    fn count(self: Box<Self>) -> Lazy<usize>;
}

const OF_OBJECT: u32 = line!() + 2;
impl Counts for Words {
    #[background]
    fn count(self: Box<Self>) -> usize {
        panic!("no words")
    }
}

/// The compiler gives such a call no other line. The guide's page on errors says so.
#[test]
fn call_by_a_pointer_names_the_line_of_the_attribute() {
    let by_pointer: fn(&str) -> Lazy<usize> = pointed_at;
    assert_eq!(error(by_pointer("a")).called_at().line(), POINTED_AT);
    let object: Box<dyn Counts> = Box::new(Words);
    assert_eq!(error(object.count()).called_at().line(), OF_OBJECT);
}

#[test]
fn compute_call_that_runs_in_place_names_the_definition() {
    let outer = spawn(|| {
        let calls: Vec<_> = std::iter::repeat_n("a", 100).map(computes).collect();
        calls.into_iter().map(error).collect::<Vec<_>>()
    });
    for error in &*outer {
        assert_names_definition(error, COMPUTE);
    }
}

#[test]
fn call_by_the_user_names_the_line_of_the_call() {
    let line = line!() + 1;
    let error = error(["a"].into_iter().map(|word| length(word)).next().unwrap());
    let place = format!("::length` (called at {}:{line}:", file!());
    assert!(error.to_string().contains(&place), "{error}");
}

#[test]
fn closure_passed_to_spawn_by_an_iterator_names_its_function() {
    let bodies = [|| -> u8 { panic!("always") }];
    let error = error(bodies.into_iter().map(spawn).next().unwrap());
    let text = error.to_string();
    let function = "::closure_passed_to_spawn_by_an_iterator_names_its_function`";
    assert!(text.contains(&format!("{function} (called by the standard library)")), "{text}");
}

/// The use has no line of the user, and its message says so.
#[test]
fn use_by_an_iterator_names_no_line_of_the_standard_library() {
    let use_by_name = || {
        let calls = [Lazy::with_timeout(spawn(|| sleep(Duration::MAX)), Duration::ZERO)];
        calls.into_iter().map(Lazy::into_inner).for_each(drop);
    };
    let payload = std::panic::catch_unwind(use_by_name).unwrap_err();
    let message = payload.downcast::<String>().unwrap();
    assert!(message.contains("was used by a function of the standard library"), "{message}");
}
