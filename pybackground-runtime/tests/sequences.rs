//! Any sequence of operations on any calls has the outcome that a model of a few lines says.
//!
//! Bodies wait at a gate, so that the model knows at each step which calls have ended.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;
use pybackground_runtime::{Lazy, spawn};

/// What a body does once it is let through.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Returns(u8),
    Panics(u8),
}

/// One operation; `usize` picks the call, among those there are.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Spawn(Ending),
    /// Lets the body go to its end.
    Release(usize),
    Peek(usize),
    IsReady(usize),
    Wait(usize),
    WaitBriefly(usize),
    /// Gives the call a deadline that has passed.
    TimeOut(usize),
    /// Gives the call a deadline that will not pass.
    NeverTimeOut(usize),
    Cancel(usize),
    Join(usize),
    Drop(usize),
    Detach(usize),
    MoveToThread(usize),
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Pending,
    Value(u8),
    Panic(String),
    Timeout,
    Cancelled,
}

struct Call {
    lazy: Lazy<u8>,
    ending: Ending,
    gate: Option<Sender<()>>,
    known: Known,
}

impl Call {
    fn new(ending: Ending) -> Self {
        let (gate, wait): (_, Receiver<()>) = channel();
        let lazy = spawn(move || {
            // The gate is opened or, at the end, gone.
            let _ = wait.recv();
            match ending {
                Ending::Returns(value) => value,
                // As a panic, without the panic hook's words.
                Ending::Panics(text) => std::panic::resume_unwind(Box::new(text.to_string())),
            }
        });
        Self { lazy, ending, gate: Some(gate), known: Known::Pending }
    }

    /// Lets the body end, and waits for it: then the model knows the outcome.
    fn release(&mut self) {
        self.gate = None;
        if self.known == Known::Pending {
            self.known = match self.ending {
                Ending::Returns(value) => Known::Value(value),
                Ending::Panics(text) => Known::Panic(text.to_string()),
            };
        }
        let _ = Lazy::wait(&self.lazy);
    }

    fn time_out(mut self) -> Self {
        self.lazy = Lazy::with_timeout(self.lazy, Duration::ZERO);
        if self.known == Known::Pending {
            self.known = Known::Timeout;
            // The body is at its gate: nothing else can end the call.
            assert_eq!(told(Lazy::wait(&self.lazy)), self.known);
        }
        self
    }

    fn is_pending(&self) -> bool {
        self.known == Known::Pending
    }
}

fn told(outcome: Result<&u8, &pybackground_runtime::Error>) -> Known {
    match outcome {
        Ok(value) => Known::Value(*value),
        Err(error) if error.is_timeout() => Known::Timeout,
        Err(error) if error.is_cancelled() => Known::Cancelled,
        Err(error) => Known::Panic(error.message().unwrap_or_default().to_owned()),
    }
}

fn told_or_pending(outcome: Option<Result<&u8, &pybackground_runtime::Error>>) -> Known {
    outcome.map_or(Known::Pending, told)
}

fn operation() -> impl Strategy<Value = Operation> {
    let ending = prop_oneof![
        3 => any::<u8>().prop_map(Ending::Returns),
        1 => any::<u8>().prop_map(Ending::Panics),
    ];
    let call = any::<usize>;
    prop_oneof![
        4 => ending.prop_map(Operation::Spawn),
        3 => call().prop_map(Operation::Release),
        1 => call().prop_map(Operation::Peek),
        1 => call().prop_map(Operation::IsReady),
        1 => call().prop_map(Operation::Wait),
        1 => call().prop_map(Operation::WaitBriefly),
        1 => call().prop_map(Operation::TimeOut),
        1 => call().prop_map(Operation::NeverTimeOut),
        1 => call().prop_map(Operation::Cancel),
        1 => call().prop_map(Operation::Join),
        1 => call().prop_map(Operation::Drop),
        1 => call().prop_map(Operation::Detach),
        1 => call().prop_map(Operation::MoveToThread),
    ]
}

/// Carries `operation` out on the calls and on the model.
fn step(calls: &mut Vec<Call>, operation: Operation) {
    use Operation::{
        Cancel, Detach, Drop, IsReady, Join, MoveToThread, NeverTimeOut, Peek, Release, Spawn,
        TimeOut, Wait, WaitBriefly,
    };
    let pick = match operation {
        Spawn(ending) => return calls.push(Call::new(ending)),
        _ if calls.is_empty() => return,
        Release(pick) | Peek(pick) | IsReady(pick) | Wait(pick) | WaitBriefly(pick)
        | TimeOut(pick) | NeverTimeOut(pick) | Cancel(pick) | Join(pick) | Drop(pick)
        | Detach(pick) | MoveToThread(pick) => pick % calls.len(),
    };
    let mut call = calls.swap_remove(pick);
    match operation {
        Spawn(_) => unreachable!("it was carried out above"),
        Release(_) => call.release(),
        Peek(_) => assert_eq!(told_or_pending(Lazy::peek(&call.lazy)), call.known),
        IsReady(_) => assert_eq!(Lazy::is_ready(&call.lazy), !call.is_pending()),
        Wait(_) => {
            if call.is_pending() {
                call.release();
            }
            assert_eq!(told(Lazy::wait(&call.lazy)), call.known);
        }
        WaitBriefly(_) if call.is_pending() => {
            assert!(Lazy::wait_timeout(&call.lazy, Duration::from_micros(50)).is_none());
        }
        WaitBriefly(_) => {
            let found = Lazy::wait_timeout(&call.lazy, Duration::MAX);
            assert_eq!(told_or_pending(found), call.known);
        }
        TimeOut(_) => call = call.time_out(),
        NeverTimeOut(_) => {
            call.lazy = Lazy::with_timeout(call.lazy, Duration::from_secs(3600));
        }
        Cancel(_) => {
            assert_eq!(Lazy::cancel(&call.lazy), call.is_pending());
            if call.is_pending() {
                call.known = Known::Cancelled;
            }
        }
        Join(_) => {
            if call.is_pending() {
                call.release();
            }
            let joined = Lazy::join(call.lazy);
            assert_eq!(told(joined.as_ref()), call.known);
            return;
        }
        Drop(_) => return,
        Detach(_) => return drop(Lazy::detach(call.lazy)),
        MoveToThread(_) => {
            if call.is_pending() {
                call.release();
            }
            let known = call.known.clone();
            let lazy = call.lazy;
            std::thread::scope(|scope| {
                scope.spawn(|| assert_eq!(told(Lazy::wait(&lazy)), known));
                assert_eq!(told(Lazy::wait(&lazy)), known);
            });
            return;
        }
    }
    calls.push(call);
}

#[test]
fn the_outcome_is_the_models() {
    let cases = std::env::var("PYBACKGROUND_SEQUENCES")
        .map_or(500, |cases| cases.parse().expect("PYBACKGROUND_SEQUENCES is a number"));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    proptest!(config, |(operations in prop::collection::vec(operation(), 0..40))| {
        let mut calls = Vec::new();
        for operation in operations {
            step(&mut calls, operation);
        }
        for mut call in calls {
            call.release();
            assert_eq!(told(Lazy::wait(&call.lazy)), call.known);
        }
    });
}
