//! Promise 5: `Debug` never panics, and no format waits or panics while the thread panics. There, a second
//! panic aborts the process, and a wait for a call may never end.

mod common;

use std::error::Error as _;
use std::fmt;
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};

use common::child;
use common::futures::block_on;
use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{Error, Lazy, Shared, background, scope, spawn};

#[background]
fn fails(page: u32) -> u32 {
    panic!("no page {page}")
}

#[background]
fn waits(gate: Gate) -> u32 {
    gate.pass();
    1
}

/// Runs `test`, which aborts the process if the library is wrong, in a process of its own.
fn in_a_child(name: &str, test: impl FnOnce()) {
    if child::is_child() {
        let _watchdog = watchdog();
        test();
    } else {
        child::succeeds(&mut child::command(name));
    }
}

/// Asserts that `text` names `function`, the line of its call, and what happened.
#[track_caller]
fn assert_names(text: &str, function: &str, line: u32, what: &str) {
    for part in [function, &format!("{}:{line}:", file!()), what] {
        assert!(text.contains(part), "`{part}` is missing: {text}");
    }
}

#[test]
fn debug_of_a_failed_call_prints_its_error() {
    let _watchdog = watchdog();
    let (x, line) = (fails(7), line!());
    assert_names(&format!("{x:?}"), "fails", line, "no page 7");
    assert_names(&format!("{:?}", vec![Some(&x)]), "fails", line, "no page 7");
    assert_eq!(caught(|| *x).text(), "no page 7", "the panic is there for the first use");
    let (x, line) = (Lazy::share(fails(7)), line!());
    assert_names(&format!("{x:?}"), "fails", line, "no page 7");
    let (x, line) = (Lazy::cancel_on_drop(fails(7)), line!());
    assert_names(&format!("{x:?}"), "fails", line, "no page 7");
    let (x, line) = (Lazy::outcome(fails(7)), line!());
    assert_names(&format!("{x:?}"), "fails", line, "no page 7");
    let (x, line) = (waits(Gate::default()), line!());
    Lazy::cancel(&x);
    assert_names(&format!("{x:?}"), "waits", line, "cancelled");
}

#[test]
fn debug_of_a_call_that_has_its_value_prints_the_value() {
    let _watchdog = watchdog();
    assert_eq!(format!("{:?}", vec![spawn(|| 1)]), "[1]");
    assert_eq!(format!("{:?}", Lazy::share(spawn(|| "a"))), "\"a\"");
}

#[test]
fn debug_of_an_awaited_call_says_so() {
    let _watchdog = watchdog();
    let (mut x, line) = (spawn(|| 1), line!());
    block_on(&mut x);
    assert_names(&format!("{x:?}"), "Awaited", line, "call");
    let mut x = Lazy::ready(1);
    block_on(&mut x);
    assert_eq!(format!("{x:?}"), "Awaited");
}

#[test]
fn debug_of_a_deadlock_prints_the_cycle_without_a_line_of_the_library() {
    let _watchdog = watchdog();
    let (give, given) = mpsc::channel::<Shared<String>>();
    let (x, line) = (spawn(move || format!("{:?}", given.recv().unwrap())), line!());
    let x = Lazy::share(x);
    give.send(x.clone()).unwrap();
    assert_names(&x, "deadlock_prints_the_cycle", line, "would never have ended");
    assert!(!x.contains("forward"), "{x}");
}

#[test]
fn panic_message_prints_a_failed_call() {
    in_a_child("panic_message_prints_a_failed_call", || {
        let (x, line) = (fails(7), line!());
        let _ = Lazy::wait(&x);
        let panic = caught(|| panic!("odd: {x:?} {x} {x:#x} {x:e}"));
        assert_names(panic.text(), "fails", line, "no page 7");
    });
}

#[test]
fn panic_message_prints_a_pending_call() {
    in_a_child("panic_message_prints_a_pending_call", || {
        let gate = Gate::default();
        let (x, line) = (waits(gate.clone()), line!());
        let panic = caught(|| panic!("odd: {x:?} {x} {x:#x} {x:e}"));
        assert_eq!(panic.text().matches("Pending(").count(), 4, "{}", panic.text());
        assert_names(panic.text(), "waits", line, "Pending(");
        gate.open();
        assert_eq!(x, 1);
    });
}

#[test]
fn unwrap_prints_what_it_cannot_unwrap() {
    in_a_child("unwrap_prints_what_it_cannot_unwrap", || {
        let state = Arc::new(fails(7));
        let _other = state.clone();
        let _ = Lazy::wait(&state);
        assert!(caught(|| Arc::try_unwrap(state).unwrap()).text().contains("no page 7"));
        let once = OnceLock::from(Lazy::ready(1));
        let gate = Gate::default();
        assert!(caught(|| once.set(waits(gate.clone())).unwrap()).text().contains("Pending("));
        gate.open();
    });
}

/// Prints what it has when it is dropped.
struct Logs<D: fmt::Display>(D, mpsc::Sender<String>);

impl<D: fmt::Display> Drop for Logs<D> {
    fn drop(&mut self) {
        self.1.send(self.0.to_string()).unwrap();
    }
}

#[test]
fn destructor_prints_while_the_stack_unwinds() {
    in_a_child("destructor_prints_while_the_stack_unwinds", || {
        let gate = Gate::default();
        let (send, printed) = mpsc::channel();
        let (failed, pending) = (fails(7), waits(gate.clone()));
        let _ = Lazy::wait(&failed);
        caught(|| {
            let _pending = Logs(pending, send.clone());
            let _failed = Logs(failed, send);
            panic!("the first")
        });
        assert!(printed.recv().unwrap().contains("no page 7"));
        assert!(printed.recv().unwrap().starts_with("Pending("));
        gate.open();
    });
}

#[test]
fn error_chain_ends_in_the_error_of_a_failed_call() {
    fn cause(unknown: &dyn std::error::Error) -> String {
        unknown.source().map(ToString::to_string).unwrap_or_default()
    }

    let _watchdog = watchdog();
    let value = spawn(|| fmt::Error);
    assert!(value.source().is_none(), "that of the value");
    let (failed, line) = (spawn(|| -> fmt::Error { panic!("no error") }), line!());
    assert_names(&cause(&failed), "error_chain_ends", line, "no error");
    assert_names(&cause(&Lazy::share(failed)), "error_chain_ends", line, "no error");
}

#[test]
fn buffered_writer_is_dropped_while_the_stack_unwinds() {
    in_a_child("buffered_writer_is_dropped_while_the_stack_unwinds", || {
        let failed: Lazy<Vec<u8>> = spawn(|| panic!("no file"));
        let panic = caught(|| {
            let mut lines = BufWriter::new(failed);
            writeln!(lines, "held in the buffer").unwrap();
            panic!("the first")
        });
        assert_eq!(panic.text(), "the first");
    });
}

#[test]
fn display_of_a_failed_call_panics_with_it() {
    let _watchdog = watchdog();
    assert_eq!(caught(|| fails(7).to_string()).text(), "no page 7");
    assert_eq!(caught(|| Lazy::share(fails(7)).to_string()).text(), "no page 7");
}

#[test]
fn debug_in_a_cancelled_body_prints_the_end_of_the_wait() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (send, printed) = mpsc::channel();
    let (body, (started, start)) = (gate.clone(), mpsc::channel());
    let shared = Lazy::share(waits(gate.clone()));
    gate.wait_for_arrivals(1);
    let x = spawn(move || {
        started.send(()).unwrap();
        send.send(catch_unwind(AssertUnwindSafe(|| format!("{shared:?}"))).map_err(|_| ()))
            .unwrap();
        drop(body);
    });
    start.recv().unwrap();
    Lazy::cancel(&x);
    let text = printed.recv().unwrap().expect("`Debug` never panics");
    assert!(text.contains("given up") || text.contains("cancelled"), "{text}");
    gate.open();
}

#[test]
fn scope_still_reports_a_failure_that_was_compared_only() {
    let _watchdog = watchdog();
    let panic = caught(|| {
        scope(|s| {
            let x = s.spawn(|| -> u32 { panic!("no page") });
            assert!(x != pybackground::Timeout);
        });
    });
    assert!(panic.text().contains("no page"), "{}", panic.text());
}

#[test]
fn failed_call_is_no_timeout() {
    let _watchdog = watchdog();
    let x = fails(7);
    assert!(x != pybackground::Timeout);
    assert!(pybackground::Timeout != x);
    assert_eq!(caught(|| *x).text(), "no page 7", "the first use has the panic");
    let x = Lazy::share(fails(7));
    assert!(x != pybackground::Timeout);
    assert!(*spawn(|| fails(7) != pybackground::Timeout), "in a body, which may run it in place");
    let x = waits(Gate::default());
    Lazy::cancel(&x);
    assert!(x != pybackground::Timeout);
}

#[test]
fn comparison_with_timeout_unwinds_a_cancelled_body() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (started, start) = mpsc::channel();
    let (compared, comparison) = mpsc::channel::<bool>();
    let inner = waits(gate.clone());
    gate.wait_for_arrivals(1);
    let x = spawn(move || {
        started.send(()).unwrap();
        compared.send(inner == pybackground::Timeout).unwrap();
    });
    start.recv().unwrap();
    Lazy::cancel(&x);
    assert!(comparison.recv().is_err(), "the body did not go on");
    gate.open();
}

#[test]
fn comparison_with_timeout_raises_a_deadlock() {
    let _watchdog = watchdog();
    let (give, given) = mpsc::channel::<Shared<bool>>();
    let x = Lazy::share(spawn(move || given.recv().unwrap() == pybackground::Timeout));
    give.send(x.clone()).unwrap();
    let error: &Error = Shared::wait(&x).unwrap_err();
    assert!(error.is_panic() && error.message().unwrap().contains("would never have ended"));
}

#[test]
fn comparison_with_timeout_names_its_line() {
    let _watchdog = watchdog();
    let comparisons = [
        |x: Shared<bool>| x == pybackground::Timeout,
        |x| x != pybackground::Timeout,
        |x| pybackground::Timeout == x,
        |x| pybackground::Timeout != x,
    ];
    for compare in comparisons {
        let (give, given) = mpsc::channel();
        let x = Lazy::share(spawn(move || compare(given.recv().unwrap())));
        give.send(x.clone()).unwrap();
        let error = Shared::wait(&x).unwrap_err();
        assert!(error.panicked_at().unwrap().starts_with(file!()), "{error}");
    }
}
