//! `configure().carry(..)`: what is captured at a call is there in its body.
//!
//! The settings are of the process, so one of the tests runs in another.

#[path = "../common/mod.rs"]
mod common;

use std::cell::{Cell, RefCell};
use std::sync::mpsc::channel;
use std::thread;

use common::futures::yield_now;
use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Limit, background, configure, scope, spawn, spawn_compute};

thread_local! {
    static LOCALE: Cell<&'static str> = const { Cell::new("none") };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static ORDER: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn locale() -> &'static str {
    LOCALE.get()
}

#[background]
fn attributed() -> &'static str {
    locale()
}

#[background]
async fn polled_twice() -> [&'static str; 2] {
    let first = locale();
    yield_now().await;
    [first, locale()]
}

/// Notes the locale in which it is dropped.
struct Dropped(std::sync::mpsc::Sender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(locale());
    }
}

fn install() {
    configure()
        .workers(2)
        .carry(locale, |locale, run| {
            ORDER.with_borrow_mut(|order| order.push("outer"));
            let before = LOCALE.replace(locale);
            run();
            LOCALE.set(before);
        })
        .carry(
            || DEPTH.get() + 1,
            |depth, run| {
                ORDER.with_borrow_mut(|order| order.push("inner"));
                let before = DEPTH.replace(*depth);
                run();
                DEPTH.set(before);
            },
        )
        .install()
        .unwrap();
}

#[test]
fn body_has_what_its_call_had() {
    let _watchdog = watchdog();
    install();
    assert_eq!(spawn(locale), "none");
    LOCALE.set("fr");
    assert_eq!(spawn(locale), "fr");
    assert_eq!(attributed(), "fr");
    assert_eq!(*polled_twice(), ["fr", "fr"]);
    assert_eq!(background(|n: u32| (n, locale()))(7), (7, "fr"));
    assert_eq!(scope(|s| *s.spawn(|| locale().len())), 2);
    assert_eq!(Lazy::map(spawn(|| 1), |_| locale()), "fr");
    assert_eq!(*spawn(|| ORDER.take())[..2].to_vec(), ["outer", "inner"]);

    // From body to body, wherever these run.
    let nested = spawn(|| {
        let by_compute: Vec<_> = (0..20).map(|_| spawn_compute(locale)).collect();
        LOCALE.set("de");
        let inner = spawn(|| (*attributed(), DEPTH.get()));
        let by_compute_have = by_compute.into_iter().map(Lazy::into_inner).collect::<Vec<_>>();
        (by_compute_have, *inner, DEPTH.get())
    });
    assert_eq!(*nested, (vec!["fr"; 20], ("de", 2), 1));

    // A thread keeps nothing: neither a thread of the pool nor this one, which is changed meanwhile.
    LOCALE.set("it");
    let many: Vec<_> = (0..50).map(|_| spawn(locale)).collect();
    LOCALE.set("none");
    assert!(many.into_iter().all(|call| call == "it"));
    assert_eq!(spawn(locale), "none");

    // Without a context of its own, as it is made elsewhere.
    assert_eq!(thread::spawn(|| *spawn(locale)).join().unwrap(), "none");
}

#[test]
fn captures_of_a_body_that_never_runs_are_dropped_in_its_context() {
    static ONE: Limit = Limit::new(1);
    if !common::child::is_child() {
        let test = "captures_of_a_body_that_never_runs_are_dropped_in_its_context";
        common::child::succeeds(&mut common::child::command(test));
        return;
    }
    let _watchdog = watchdog();
    install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holds = background(|gate: Gate| gate.pass()).limit(&ONE)(gate.clone());
    gate.wait_for_arrivals(1);
    let (send, dropped) = channel();
    LOCALE.set("fr");
    let never = background(|_: Dropped| ()).limit(&ONE)(Dropped(send));
    LOCALE.set("none");
    assert!(Lazy::cancel(&never));
    drop(never);
    gate.open();
    Lazy::into_inner(holds);
    assert_eq!(dropped.recv().unwrap(), "fr");
}
