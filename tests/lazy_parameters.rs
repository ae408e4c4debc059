//! `#[lazy]` parameters: a call takes values that are on their way, and its body begins when they are
//! there.

mod common;

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use common::counters::{AtOnce, Drops, Token};
use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, Shared, Timeout, background, cancelled, snapshot, spawn};

#[background]
fn join(#[lazy] first: String, between: &str, #[lazy] last: String) -> String {
    first + between + &last
}

#[background]
fn double(#[lazy] n: u64) -> u64 {
    2 * n
}

fn text(text: &'static str) -> Lazy<String> {
    spawn(move || text.to_owned())
}

/// A call that ends when the gate is opened.
fn gated(gate: &Gate) -> Lazy<u64> {
    let gate = gate.clone();
    spawn(move || {
        gate.pass();
        1
    })
}

#[test]
fn a_value_a_lazy_and_a_shared_are_all_taken() {
    let _watchdog = watchdog();
    let (a, b) = (|| String::from("a"), || text("b"));
    assert_eq!(join(a(), "+", a()), "a+a");
    assert_eq!(join(a(), "+", b()), "a+b");
    assert_eq!(join(b(), "+", a()), "b+a");
    assert_eq!(join(b(), "+", b()), "b+b");
    let shared: Shared<String> = Lazy::share(b());
    assert_eq!(join(shared.clone(), "+", shared.clone()), "b+b");
    assert_eq!(join(shared.clone(), "+", b()), "b+b");
    assert_eq!(shared, "b");
    assert_eq!(double(5), 10);
    assert_eq!(double(double(double(5))), 40);
}

#[test]
fn the_body_begins_when_the_last_value_is_there_and_holds_no_thread_before() {
    static BEGUN: AtomicUsize = AtomicUsize::new(0);

    #[background]
    fn counts(#[lazy] a: u64, #[lazy] b: u64, gate: Gate) -> u64 {
        BEGUN.fetch_add(1, Ordering::SeqCst);
        drop(gate);
        a + b
    }

    let _watchdog = watchdog();
    let gates = [Gate::default(), Gate::default()];
    let sum = counts(gated(&gates[0]), gated(&gates[1]), gates[0].clone());
    let (called, site) = (|| snapshot().dependent, Lazy::called_at(&sum).unwrap());
    assert!(called().iter().any(|call| call.called_at == site && call.count == 1));
    gates[1].open();
    assert_eq!(BEGUN.load(Ordering::SeqCst), 0);
    gates[0].open();
    assert_eq!(sum, 2);
    assert_eq!(BEGUN.load(Ordering::SeqCst), 1);
}

#[test]
fn a_shared_value_for_both_parameters_is_waited_for_once() {
    #[background]
    fn add(#[lazy] a: u64, #[lazy] b: u64) -> u64 {
        a + b
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let shared = Lazy::share(gated(&gate));
    let sum = add(shared.clone(), shared.clone());
    gate.open();
    assert_eq!(sum, 2);
}

#[test]
fn an_argument_without_a_value_ends_the_call_in_its_error() {
    let _watchdog = watchdog();
    let (boom, line) = (|| spawn(|| -> String { std::panic::panic_any(7_u8) }), line!());
    let call = join(text("a"), "+", boom());
    let error = Lazy::wait(&call).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.called_at().line(), line);
    assert_eq!(caught(|| call.len()).payload.downcast_ref(), Some(&7_u8));
    let slow = spawn(|| -> String { panic!("the first") });
    let quick = spawn(|| -> String { panic!("the last") });
    let _ = Lazy::wait(&quick);
    let error = Lazy::join(join(slow, "+", quick)).unwrap_err();
    assert_eq!(error.message(), Some("the first"), "the first in the order of the parameters");
}

#[test]
fn to_cancel_the_call_cancels_what_only_it_has() {
    #[background]
    fn takes(#[lazy] owned: (), #[lazy] shared: (), token: Token) {
        let _ = (owned, shared, token);
    }

    fn until_told() {
        while !cancelled() {
            thread::yield_now();
        }
    }

    let _watchdog = watchdog();
    let ((stop, stopped), gate) = (channel(), Gate::default());
    let owned = spawn(move || {
        until_told();
        stop.send(()).unwrap();
    });
    let passed = gate.clone();
    let shared = Lazy::share(spawn(move || {
        passed.pass();
        assert!(!cancelled());
    }));
    let drops = Drops::default();
    gate.wait_for_arrivals(1);
    let call = takes(owned, shared.clone(), drops.token());
    assert!(Lazy::cancel(&call));
    assert_eq!(drops.count(), 1);
    gate.open();
    Shared::wait(&shared).unwrap();
    // It was told, or had not started.
    let _ = stopped.recv();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
}

#[test]
fn a_timeout_counts_from_the_call() {
    #[background(timeout = "5ms")]
    fn late(#[lazy] n: u64) -> u64 {
        n
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let call = late(gated(&gate));
    assert!(call == Timeout);
    gate.open();
}

#[test]
fn a_slot_is_asked_for_when_the_values_are_there() {
    static AT_ONCE: AtOnce = AtOnce::new();

    #[background(limit = 1)]
    fn limited(#[lazy] n: u64) -> u64 {
        let _inside = AT_ONCE.enter();
        n
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let waits: Vec<_> = (0..4).map(|_| limited(gated(&gate))).collect();
    assert_eq!(limited(7), 7, "those that wait have no slot");
    gate.open();
    assert_eq!(waits.into_iter().map(Lazy::into_inner).sum::<u64>(), 4);
    assert_eq!(AT_ONCE.most(), 1);
}

struct Account {
    sum: u64,
}

trait Book: Sized {
    #[background]
    fn enter(self, #[lazy] amount: u64) -> u64;

    #[background]
    fn enter_twice(self, #[lazy] amount: u64) -> u64
    where
        Self: Send + 'static,
    {
        Lazy::into_inner(self.enter(2 * amount))
    }
}

impl Book for Account {
    #[background]
    fn enter(self, #[lazy] amount: u64) -> u64 {
        self.sum + amount
    }
}

impl Account {
    #[background]
    fn scaled(&self, #[lazy] factor: u64) -> u64 {
        self.sum * factor
    }
}

impl Clone for Account {
    fn clone(&self) -> Self {
        Self { sum: self.sum }
    }
}

#[background(compute)]
fn sum(#[lazy] numbers: Vec<u64>) -> u64 {
    if let [one] = &*numbers {
        return *one;
    }
    let mut numbers = numbers;
    let rest = numbers.split_off(numbers.len() / 2);
    sum(numbers) + sum(rest)
}

#[background]
async fn asynchronous(#[lazy] n: u64, text: &str) -> String {
    let n = std::future::ready(n).await;
    format!("{text} {n}")
}

#[background]
fn of_patterns(#[lazy] (a, _): (u64, u64), #[lazy] mut b: u64, #[lazy] _: String) -> u64 {
    b += a;
    b
}

#[background]
fn generic<T: Debug + Send + 'static, const N: usize>(#[lazy] values: [T; N]) -> String {
    format!("{values:?}")
}

#[background]
fn with_configured(
    #[cfg(not(test))]
    #[lazy]
    absent: u64,
    #[cfg(test)]
    #[lazy]
    present: u64,
    #[allow(unused)]
    #[lazy]
    unused: u64,
) -> u64 {
    present
}

#[test]
fn every_shape_of_function_has_them() {
    let _watchdog = watchdog();
    let account = || Account { sum: 10 };
    assert_eq!(account().enter(double(1)), 12);
    assert_eq!(account().enter_twice(double(1)), 14);
    assert_eq!(account().scaled(double(1)), 20);
    assert_eq!(sum((1..=100).collect::<Vec<u64>>()), 5_050);
    assert_eq!(sum(spawn(|| (1..=100).collect::<Vec<u64>>())), 5_050);
    assert_eq!(asynchronous(double(2), "n is"), "n is 4");
    assert_eq!(asynchronous(4, "n is"), "n is 4");
    let error = Lazy::join(asynchronous(spawn(|| panic!("no n")), "n is")).unwrap_err();
    assert_eq!(error.message(), Some("no n"));
    assert_eq!(of_patterns(spawn(|| (1, 2)), double(1), text("ignored")), 3);
    assert_eq!(generic::<u8, 2>(spawn(|| [1, 2])), "[1, 2]");
    assert_eq!(with_configured(double(1), 0), 2);
}

#[test]
fn messages_name_the_function_and_the_line_of_the_call() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (call, line) = (double(gated(&gate)), line!());
    assert_eq!(Lazy::called_at(&call).unwrap().line(), line);
    assert!(Lazy::function(&call).unwrap().ends_with("::double"));
    gate.open();
    assert_eq!(call, 2);
}

#[test]
fn one_value_may_have_very_many_who_wait_for_it() {
    const CALLS: u64 = 100_000;

    let _watchdog = watchdog();
    let (give, given) = channel::<u64>();
    let shared = Lazy::share(spawn(move || given.recv().unwrap()));
    let calls: Vec<Lazy<u64>> = (0..CALLS).map(|_| double(shared.clone())).collect();
    give.send(1).unwrap();
    assert_eq!(calls.into_iter().sum::<u64>(), 2 * CALLS);
}
