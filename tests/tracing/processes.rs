//! What is told of a call whose body runs in another process, where no subscriber is.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use common::{wait_until, watchdog};
use pybackground::{Lazy, background};
use tracing::Level;

#[background(process)]
fn crashes() {
    std::process::abort()
}

#[test]
fn a_crash_is_an_outcome_and_an_event() {
    let _watchdog = watchdog();
    recorder::install();
    assert!(Lazy::join(crashes()).unwrap_err().is_crash());
    let span = recorder::call("::crashes");
    assert_eq!(span.fields.get("outcome"), Some("crashed"));
    assert!(span.closed && span.fields.number("run_us").is_some(), "{span:?}");
    let [event] = &recorder::events("::crashes")[..] else { panic!("one event") };
    assert_eq!(event.level, Level::ERROR);
    assert!(event.fields.get("crash").unwrap().contains("signal 6 (SIGABRT"), "{event:?}");
    assert!(event.fields.get("location").unwrap().starts_with(file!()));
    assert!(event.parent.as_ref().unwrap().ends_with("::crashes"));
}

#[background(process)]
fn panics(page: u32) {
    panic!("page {page}")
}

#[test]
fn a_panic_is_told_with_its_message_and_its_line() {
    let _watchdog = watchdog();
    recorder::install();
    assert!(Lazy::join(panics(7)).unwrap_err().is_panic());
    assert_eq!(recorder::call("::panics").fields.get("outcome"), Some("panicked"));
    let [event] = &recorder::events("::panics")[..] else { panic!("one event") };
    assert_eq!((event.level, event.fields.get("panic")), (Level::ERROR, Some("page 7")));
    assert!(event.fields.get("at").unwrap().starts_with(file!()), "{event:?}");
    assert!(event.parent.as_ref().unwrap().ends_with("::panics"));
}

#[test]
fn a_call_whose_input_panicked_elsewhere_is_not_told_to_have_panicked_itself() {
    #[background]
    fn with_input(#[lazy] _input: ()) {}

    #[background(process)]
    fn input_panics() {
        panic!("told once")
    }

    let _watchdog = watchdog();
    recorder::install();
    assert!(Lazy::join(with_input(input_panics())).unwrap_err().is_panic());
    assert_eq!(recorder::call("::with_input").fields.get("outcome"), Some("panicked"));
    assert_eq!(recorder::events("::input_panics").len(), 1);
    assert!(recorder::events("::with_input").is_empty());
}

#[background(process)]
fn endless(port: u16) {
    let _held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_body_that_is_killed_ran_until_then() {
    let _watchdog = watchdog();
    recorder::install();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let call = endless(listener.local_addr().unwrap().port());
    let _running = listener.accept().unwrap();
    Lazy::cancel(&call);
    wait_until(|| recorder::call("::endless").closed);
    let span = recorder::call("::endless");
    assert_eq!(span.fields.get("outcome"), Some("cancelled"));
    assert!(span.fields.number("run_us").unwrap() > 0, "{span:?}");
    assert!(recorder::events("::endless").is_empty(), "it does not run on");
}

/// A path of this kind is not written: it is no text.
fn no_text() -> PathBuf {
    OsString::from_vec(vec![0xff]).into()
}

#[background(process)]
fn takes(_: PathBuf) {}

#[background(process)]
fn returns() -> PathBuf {
    no_text()
}

#[test]
fn a_call_that_cannot_be_passed_on_has_failed() {
    let _watchdog = watchdog();
    recorder::install();
    assert!(Lazy::join(takes(no_text())).unwrap_err().is_codec_failure());
    let span = recorder::call("::takes");
    assert_eq!(span.fields.get("outcome"), Some("failed"));
    assert!(span.closed && span.entered.is_empty(), "{span:?}");
    assert!(Lazy::join(returns()).unwrap_err().is_codec_failure());
    let span = recorder::call("::returns");
    assert_eq!(span.fields.get("outcome"), Some("failed"));
    assert!(span.closed && span.entered.len() == 1, "{span:?}");
}
