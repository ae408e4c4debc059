//! The error of a call whose body panicked has a backtrace, if the environment asks for it.

mod common;

use common::{child, watchdog};
use pybackground::{Error, Lazy, background, spawn};

#[inline(never)]
fn deep_in_the_body(text: &str) -> u32 {
    text.parse().expect("a number")
}

#[background]
fn parse(text: &str) -> u32 {
    deep_in_the_body(text)
}

#[background]
fn joins() -> u32 {
    *parse("eight")
}

fn error() -> Error {
    Lazy::join(parse("seven")).unwrap_err()
}

#[test]
fn backtrace_leads_into_the_body() {
    let _watchdog = watchdog();
    if !child::is_child() {
        for variable in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
            child::succeeds(child::command("backtrace_leads_into_the_body").env(variable, "1"));
        }
        return;
    }
    let passed_on = Lazy::join(joins()).unwrap_err();
    for (error, function) in [(error(), "deep_in_the_body"), (passed_on, "panic_backtrace::joins")]
    {
        let backtrace = error.backtrace().expect("the environment asks for it").to_string();
        assert!(backtrace.contains(function), "{backtrace}");
        assert!(error.clone().backtrace().is_some());
    }
    let cancelled = spawn(|| pybackground::sleep(std::time::Duration::MAX));
    Lazy::cancel(&cancelled);
    assert!(Lazy::join(cancelled).unwrap_err().backtrace().is_none(), "that was no panic");
}

#[test]
fn without_the_variable_there_is_none() {
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut command = child::command("without_the_variable_there_is_none");
        command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
        child::succeeds(&mut command);
        return;
    }
    assert!(error().backtrace().is_none());
}
