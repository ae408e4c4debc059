//! Panics where nobody expects them, each in a process of its own where the process may end: what is
//! documented happens, and nobody who waits is left waiting.

mod common;

use std::panic::{self, AssertUnwindSafe, catch_unwind};

use common::child;
use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, spawn};

/// Panics when it is dropped, and says which it was.
struct Panics(&'static str);

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("in the destructor of {}", self.0);
    }
}

/// In a child: the test goes on after this. Else starts it and checks that it succeeds and says `told`.
macro_rules! in_a_child {
    ($test:literal, $told:literal) => {
        if !child::is_child() {
            let told = child::succeeds(&mut child::command($test));
            assert!(told.contains($told), "{told}");
            return;
        }
        let _watchdog = watchdog();
    };
}

/// A call whose `Lazy` is gone when it ends, or the thread that drops the `Lazy` might be the last to
/// have what it came to.
fn dropped_before_it_ends<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) {
    let gate = Gate::default();
    let held = gate.clone();
    drop(spawn(move || {
        held.pass();
        body()
    }));
    gate.open();
}

fn still_works() {
    assert_eq!(spawn(|| 1) + spawn(|| 2), 3);
}

#[test]
fn a_captured_value_panics_while_its_body_does() {
    if !child::is_child() {
        let test = "a_captured_value_panics_while_its_body_does";
        let output = child::command(test).output().unwrap();
        // Rust's own rule: a destructor that panics while a panic unwinds ends the process.
        assert!(!output.status.success());
        assert!(child::told(&output).contains("panic in a destructor during cleanup"));
        return;
    }
    let captured = Panics("a captured value");
    let _ = Lazy::join(spawn(move || {
        let _captured = &captured;
        panic!("in the body");
    }));
}

#[test]
fn a_captured_value_panics_when_the_body_is_over() {
    in_a_child!("a_captured_value_panics_when_the_body_is_over", "in the destructor of a captured");
    let captured = Panics("a captured value");
    let error = Lazy::join(spawn(move || {
        let _captured = captured;
    }));
    assert_eq!(error.unwrap_err().message(), Some("in the destructor of a captured value"));
    still_works();
}

#[test]
fn a_captured_value_panics_where_a_call_is_cancelled() {
    #[background(limit = 1)]
    fn one_at_a_time(gate: Option<Gate>, _captured: Option<Panics>) {
        if let Some(gate) = gate {
            gate.pass();
        }
    }

    in_a_child!(
        "a_captured_value_panics_where_a_call_is_cancelled",
        "in the destructor of a captured"
    );
    let gate = Gate::default();
    let first = one_at_a_time(Some(gate.clone()), None);
    gate.wait_for_arrivals(1);
    let second = one_at_a_time(None, Some(Panics("a captured value")));
    assert!(Lazy::cancel(&second));
    gate.open();
    assert!(Lazy::join(first).is_ok());
    assert!(Lazy::join(second).err().unwrap().is_cancelled());
    still_works();
}

#[test]
fn a_result_panics_where_nobody_wants_it() {
    in_a_child!("a_result_panics_where_nobody_wants_it", "in the destructor of a result");
    let gate = Gate::default();
    let late = gate.clone();
    let call = spawn(move || {
        late.pass();
        Panics("a result")
    });
    gate.wait_for_arrivals(1);
    Lazy::cancel(&call);
    gate.open();
    drop(call);
    dropped_before_it_ends(|| Panics("a result"));
    pybackground::wait_idle(std::time::Duration::MAX).unwrap();
    still_works();
}

#[test]
fn a_result_panics_on_its_owner() {
    in_a_child!("a_result_panics_on_its_owner", "in the destructor of a result");
    let result = Lazy::into_inner(spawn(|| Panics("a result")));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(result))).is_err());
    still_works();
}

#[test]
fn a_payload_panics() {
    in_a_child!("a_payload_panics", "in the destructor of a payload");
    dropped_before_it_ends(|| panic::panic_any(Panics("a payload")));
    pybackground::wait_idle(std::time::Duration::MAX).unwrap();
    still_works();
}

#[test]
fn the_panic_hook_panics() {
    if !child::is_child() {
        let output = child::command("the_panic_hook_panics").output().unwrap();
        // Rust's own rule: a hook that panics ends the process.
        assert!(!output.status.success());
        assert!(child::told(&output).contains("panicked while processing panic"));
        return;
    }
    panic::set_hook(Box::new(|_| panic!("in the hook")));
    let _ = Lazy::join(spawn(|| panic!("in the body")));
}

/// A cancellation is no panic: it calls no hook, not even one that panics.
#[test]
fn a_cancelled_body_does_not_meet_the_panic_hook() {
    in_a_child!("a_cancelled_body_does_not_meet_the_panic_hook", "1 passed");
    panic::set_hook(Box::new(|_| panic!("in the hook")));
    let call = spawn(|| pybackground::sleep(std::time::Duration::MAX));
    while pybackground::snapshot().stacks.is_empty() {
        std::thread::yield_now();
    }
    Lazy::cancel(&call);
    pybackground::wait_idle(std::time::Duration::MAX).unwrap();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
}
