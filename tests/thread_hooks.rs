//! What the program does when a thread of the pool starts and ends, and what it calls the thread.

mod common;

use std::cell::Cell;
use std::sync::Mutex;
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, configure, shutdown};

/// What happened, by the names of the threads.
static EVENTS: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());

thread_local!(static SET_UP: Cell<u32> = const { Cell::new(0) });

fn name() -> String {
    std::thread::current().name().expect("threads of the pool have names").to_owned()
}

#[background]
fn body(gate: Gate) -> (u32, String) {
    gate.pass();
    EVENTS.lock().unwrap().push(("body", name()));
    (SET_UP.get(), name())
}

#[test]
fn hooks_run_before_the_first_and_after_the_last_body_of_each_thread() {
    let _watchdog = watchdog();
    configure()
        .thread_name("db")
        .on_thread_start(|| panic!("replaced by the next"))
        .on_thread_start(|| {
            SET_UP.set(SET_UP.get() + 1);
            EVENTS.lock().unwrap().push(("start", name()));
            panic!("the thread goes on");
        })
        .on_thread_exit(|| {
            assert_eq!(SET_UP.get(), 1, "thread-locals are still there");
            EVENTS.lock().unwrap().push(("exit", name()));
            panic!("the thread ends all the same");
        })
        .install()
        .unwrap();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let calls: Vec<_> = (0..4).map(|_| body(gate.clone())).collect();
    gate.wait_for_arrivals(4);
    gate.open();
    for call in calls {
        let (set_up, name) = Lazy::into_inner(call);
        assert_eq!(set_up, 1, "once for each thread");
        assert!(name.starts_with("db-"), "{name}");
    }
    shutdown(Duration::from_secs(100)).unwrap();
    let events = EVENTS.lock().unwrap();
    let of = |thread: &str| {
        let own = events.iter().filter(|(_, name)| name == thread);
        own.map(|(event, _)| *event).collect::<Vec<_>>()
    };
    let threads: Vec<_> = events.iter().filter(|(event, _)| *event == "start").collect();
    assert!(threads.len() >= 4);
    for (_, thread) in threads {
        let of_thread = of(thread);
        assert_eq!(of_thread.first(), Some(&"start"), "{thread}: {of_thread:?}");
        assert_eq!(of_thread.last(), Some(&"exit"), "{thread}: {of_thread:?}");
        assert!(of_thread[1..of_thread.len() - 1].iter().all(|event| *event == "body"));
    }
}

#[test]
fn name_of_no_thread_is_refused() {
    for (name, shown) in [("", "\"\""), ("a\0b", "\"a\\0b\"")] {
        let error = configure().thread_name(name).install().unwrap_err();
        let expected =
            format!("thread_name is {shown}; it has to be a text that is not empty and has no NUL");
        assert_eq!(error.to_string(), expected);
    }
}
