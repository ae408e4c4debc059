//! The error of a call whose body panicked names the file and line of the panic.

mod common;

use common::watchdog;
use pybackground::{BackgroundIterator, Lazy, background, spawn};

#[background]
fn parse(text: &str) -> u32 {
    text.parse().expect("a number")
}

#[background]
fn throws(number: u32) {
    std::panic::panic_any(number);
}

#[background]
fn joins() -> u32 {
    Lazy::into_inner(parse("eight"))
}

#[background]
fn catches_then_resumes() -> u32 {
    let caught = std::panic::catch_unwind(|| panic!("an earlier panic"));
    drop(caught);
    std::panic::resume_unwind(Box::new("without the hook"));
}

/// Its destructor panics, and catches that.
struct Careful;

impl Drop for Careful {
    fn drop(&mut self) {
        assert!(std::panic::catch_unwind(|| panic!("while it unwinds")).is_err());
    }
}

const UNWINDS: u32 = line!() + 4;
#[background]
fn panics_beside_a_careful_destructor() {
    let _careful = [const { Careful }; 8];
    panic!("on the way");
}

#[test]
fn panic_of_a_destructor_that_catches_it_hides_no_line() {
    let _watchdog = watchdog();
    let error = Lazy::join(panics_beside_a_careful_destructor()).unwrap_err();
    assert_eq!(error.message(), Some("on the way"));
    let at = error.panicked_at().expect("the line of the panic that went on");
    assert!(at.starts_with(&format!("{}:{UNWINDS}:", file!())), "{at}");
}

#[test]
fn error_names_the_line_of_the_panic() {
    let _watchdog = watchdog();
    let error = Lazy::join(parse("seven")).unwrap_err();
    let at = error.panicked_at().unwrap().to_owned();
    assert!(at.starts_with(&format!("{}:10:", file!())), "{at}");
    assert!(error.to_string().ends_with(&format!(" (at {at})")), "{error}");
}

#[test]
fn payload_without_a_text_has_a_line_too() {
    let _watchdog = watchdog();
    let error = Lazy::join(throws(7)).unwrap_err();
    assert!(error.panicked_at().unwrap().starts_with(&format!("{}:15:", file!())), "{error}");
}

#[test]
fn panic_that_a_join_passes_on_has_the_line_of_the_join() {
    let _watchdog = watchdog();
    let error = Lazy::join(joins()).unwrap_err();
    assert!(error.panicked_at().unwrap().starts_with(&format!("{}:20:", file!())), "{error}");
}

#[test]
fn panic_that_is_passed_on_keeps_the_line_where_it_began() {
    let _watchdog = watchdog();
    let began = format!("{}:10:", file!());
    let expected = format!(" (at {}:20:5, passed on from {began}", file!());
    assert!(Lazy::join(joins()).unwrap_err().to_string().contains(&expected));
    let twice = Lazy::join(spawn(|| *spawn(|| *parse("nine") + 1) + 1)).unwrap_err().to_string();
    assert!(twice.contains(&format!(", passed on from {began}")), "{twice}");
    assert_eq!(twice.matches(file!()).count(), 3, "call, last use and origin: {twice}");
    let thrown = Lazy::join(spawn(|| Lazy::into_inner(throws(7)))).unwrap_err().to_string();
    assert!(thrown.contains(&format!(", passed on from {}:15:", file!())), "{thrown}");
}

#[test]
fn panic_that_the_standard_library_passes_on_has_the_line_where_it_began() {
    let _watchdog = watchdog();
    for sum in [
        spawn(|| ["ten"].into_iter().map(parse).map(Lazy::into_inner).sum::<u32>()),
        spawn(|| ["ten"].into_iter().map(parse).sum::<u32>()),
        spawn(|| ["ten"].into_iter().background_map(1, parse).sum::<u32>()),
    ] {
        let error = Lazy::join(sum).unwrap_err();
        let at = error.panicked_at().unwrap();
        assert!(at.starts_with(&format!("{}:", file!())), "{error}");
        assert!(!error.to_string().contains("/library/"), "{error}");
    }
}

#[test]
fn unwinding_without_the_hook_has_no_line() {
    let _watchdog = watchdog();
    let error = Lazy::join(catches_then_resumes()).unwrap_err();
    assert_eq!((error.message(), error.panicked_at()), (Some("without the hook"), None));
}

#[test]
fn second_use_of_a_panicked_call_names_the_line() {
    let _watchdog = watchdog();
    let x = Lazy::share(parse("nine"));
    let first = x.clone();
    drop(std::panic::catch_unwind(move || *first));
    let payload = std::panic::catch_unwind(move || *x).unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.contains("already passed on"), "{message}");
    assert!(message.ends_with(')') && message.contains(&format!(" (at {}:10:", file!())));
}
