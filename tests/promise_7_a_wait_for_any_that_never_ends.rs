//! Promise 7: a wait for any of several calls is an error when none of them can end before it, and not
//! before that.

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use common::{wait_until, watchdog};
use pybackground::{Lazy, Stack, as_completed, snapshot, spawn};

/// A body waits for any of two calls, and both of them for it: the second to come is told. Then the
/// other is the only one that the body waits for.
#[test]
fn who_waits_for_any_is_stuck_only_when_all_are() {
    let _watchdog = watchdog();
    let (give, given) = channel::<Arc<Lazy<usize>>>();
    let given = Arc::new(Mutex::new(given));
    let deadlocks = Arc::new(Mutex::new(Vec::new()));
    let told = deadlocks.clone();
    let outer = spawn(move || {
        let call = || {
            let (given, told) = (given.clone(), told.clone());
            spawn(move || {
                let outer = given.lock().unwrap().recv().unwrap();
                wait_until(|| {
                    snapshot().stacks.iter().filter_map(Stack::wait).any(|wait| wait.calls() == 2)
                });
                if let Err(error) = Lazy::wait(&outer) {
                    told.lock().unwrap().push(error.clone());
                }
            })
        };
        as_completed([call(), call()]).filter(|(_, result)| result.is_ok()).count()
    });
    let outer = Arc::new(outer);
    give.send(outer.clone()).unwrap();
    give.send(outer.clone()).unwrap();
    assert_eq!(**outer, 1, "the other came as a deadlock");
    let told = deadlocks.lock().unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].is_deadlock());
    let text = told[0].to_string();
    // The iterator of std that asks for the next call has no line of the user.
    assert_eq!(text.matches(" waits for any of 2 calls, of which `").count(), 2, "{text}");
    assert!(!text.contains("/rustc/"), "{text}");
}
