//! The system gives no thread at all: the closures of a scope run where they are spawned.

mod common;

use std::thread::{self, ThreadId};

use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, configure, scope};

#[test]
fn closures_run_in_place() {
    let _watchdog = watchdog();
    // No address space has room for such a stack.
    configure().stack_size(1 << 46).install().unwrap();
    let mut places: Vec<ThreadId> = Vec::new();
    let nested = scope(|s| {
        let x = s.spawn(|| s.spawn(|| 1) + 1);
        assert!(Lazy::is_ready(&x));
        s.launch(|| places.push(thread::current().id()));
        *x
    });
    assert_eq!(nested, 2);
    assert_eq!(places, [thread::current().id()]);
    let panic = caught(|| scope(|s| s.launch(|| panic!("boom"))));
    assert!(panic.text().contains("panicked: boom"), "{}", panic.text());
}
