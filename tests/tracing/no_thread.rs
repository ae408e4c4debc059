//! The system refuses a thread: the span of the call and a warning record it.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use common::watchdog;
use pybackground::{Lazy, background, configure};
use tracing::Level;

#[background]
fn no_thread_for_it() {}

#[test]
fn call_without_a_thread_is_refused_with_a_warning() {
    let _watchdog = watchdog();
    recorder::install();
    // No address space has room for such a stack.
    configure().stack_size(1 << 46).install().unwrap();
    assert!(Lazy::join(no_thread_for_it()).unwrap_err().is_refused());
    let span = recorder::call("::no_thread_for_it");
    assert_eq!(span.fields.get("outcome"), Some("refused"));
    assert!(span.closed && span.entered.is_empty());
    let warnings = recorder::said("the system gave no thread; the pool goes on with those it has");
    assert_eq!((warnings[0].level, warnings[0].fields.number("refusals")), (Level::WARN, Some(1)));
    assert!(warnings[0].fields.get("error").is_some());
}
