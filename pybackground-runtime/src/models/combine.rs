//! Several calls: no result is missed, and a call that waits for inputs starts once, after the last of them,
//! or never.

use std::sync::Arc;

use super::{Tally, check, set_deadline};
use crate::config::model::set;
use crate::options::Options;
use crate::sync::checker::thread;
use crate::task::{Closure, Job};
use crate::{Lazy, as_completed, cancelled, configure};

/// A call for the model to run.
fn call(value: usize) -> (Arc<dyn Job>, Lazy<usize>) {
    let task = Options::here().task(Closure(move || value));
    (task.clone(), Lazy::pending(task))
}

#[test]
fn each_of_two_calls_comes_whenever_it_ends() {
    check(|| {
        let (jobs, calls): (Vec<_>, Vec<_>) = [call(0), call(1)].into_iter().unzip();
        let run = |job: Arc<dyn Job>| thread::spawn(move || job.run());
        let threads: Vec<_> = jobs.into_iter().map(run).collect();
        let mut came = [false; 2];
        for (position, value) in as_completed(calls) {
            assert_eq!(value.unwrap(), position);
            assert!(!std::mem::replace(&mut came[position], true));
        }
        assert_eq!(came, [true; 2]);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The body is cancelled before, at the start of, or during its wait for any of the calls.
#[test]
fn a_body_that_is_cancelled_does_not_wait_for_any_for_ever() {
    check(|| {
        let (never, calls): (Vec<_>, Vec<_>) = [call(0), call(1)].into_iter().unzip();
        let told = Tally::default();
        let tell = told.clone();
        let body = move || {
            for (_, result) in as_completed(calls) {
                assert!(result.unwrap_err().is_cancelled() && cancelled());
                tell.add();
            }
        };
        let task = Options::here().task(Closure(body));
        let job: Arc<dyn Job> = task.clone();
        let lazy = Lazy::pending(task);
        let worker = thread::spawn(move || job.run());
        Lazy::cancel(&lazy);
        worker.join().unwrap();
        assert!(told.get() == 0 || told.get() == 2, "it runs to its end if it runs");
        assert!(Lazy::join(lazy).unwrap_err().is_cancelled());
        drop(never);
    });
}

/// A call that waits for an input, and a count of its runs.
fn mapped(input: Lazy<usize>) -> (Lazy<usize>, Tally) {
    let runs = Tally::default();
    let count = runs.clone();
    let mapped = Lazy::map(input, move |value| {
        count.add();
        value
    });
    (mapped, runs)
}

#[test]
fn an_input_ends_while_the_call_that_wants_it_is_cancelled() {
    set(configure().workers(1));
    check(|| {
        let (job, input) = call(1);
        let (mapped, runs) = mapped(input);
        let worker = thread::spawn(move || job.run());
        let cancelled = Lazy::cancel(&mapped);
        match Lazy::join(mapped) {
            Ok(value) => assert_eq!((value, cancelled, runs.get()), (1, false, 1)),
            Err(error) => assert!(cancelled && error.is_cancelled()),
        }
        worker.join().unwrap();
        assert!(runs.get() <= 1);
    });
}

#[test]
fn an_input_ends_while_the_call_that_wants_it_expires() {
    set(configure().workers(1));
    check(|| {
        let (job, input) = call(1);
        let (mapped, runs) = mapped(input);
        let dependent = Lazy::job(&mapped).expect("it is on its way");
        let passes = set_deadline(&*dependent);
        let worker = thread::spawn(move || job.run());
        dependent.expire(passes);
        match Lazy::join(mapped) {
            Ok(value) => assert_eq!((value, runs.get()), (1, 1)),
            Err(error) => assert!(error.is_timeout()),
        }
        worker.join().unwrap();
    });
}

#[test]
fn an_input_ends_while_the_call_that_wants_it_is_refused() {
    set(configure().workers(1));
    check(|| {
        let (job, input) = call(1);
        let (mapped, runs) = mapped(input);
        let dependent = Lazy::job(&mapped).expect("it is on its way");
        let worker = thread::spawn(move || job.run());
        dependent.refuse("the runtime is over");
        match Lazy::join(mapped) {
            Ok(value) => assert_eq!((value, runs.get()), (1, 1)),
            Err(error) => assert!(error.is_refused() && runs.get() == 0),
        }
        worker.join().unwrap();
    });
}

/// The input ends before, while, or after the call registers with it.
#[test]
fn a_call_begins_once_when_its_input_ends() {
    set(configure().workers(1));
    check(|| {
        let (job, input) = call(1);
        let worker = thread::spawn(move || job.run());
        let (mapped, runs) = mapped(input);
        assert_eq!(Lazy::into_inner(mapped), 1);
        assert_eq!(runs.get(), 1);
        worker.join().unwrap();
    });
}

#[cfg(pybackground_shuttle)]
mod large {
    use super::{Arc, Job, Lazy, Options, Tally, call, check, configure, set, thread};
    use crate::dispatch::inputs::LazyArgument;
    use crate::dispatch::{Expected, Given, dispatch_with_inputs};
    use crate::{snapshot, spawn};

    #[test]
    fn a_call_begins_once_when_two_inputs_end() {
        set(configure().workers(1));
        check(|| {
            let (jobs, calls): (Vec<_>, Vec<_>) = [call(1), call(2)].into_iter().unzip();
            let run = |job: Arc<dyn Job>| thread::spawn(move || job.run());
            let threads: Vec<_> = jobs.into_iter().map(run).collect();
            let runs = Tally::default();
            let count = runs.clone();
            let inputs = calls.into_iter().map(Expected::from);
            let [first, second] =
                inputs.collect::<Vec<_>>().try_into().ok().expect("there are two");
            let sum = dispatch_with_inputs(
                Options::here().name("sum"),
                (second, (first, ())),
                move |values| {
                    let (second, (first, ())) = values;
                    count.add();
                    first.take() + second.take()
                },
            );
            assert_eq!(Lazy::into_inner(sum), 3);
            assert_eq!(runs.get(), 1);
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }

    /// Closed dependents are removed while the input ends. The others are notified all the same.
    #[test]
    fn an_input_of_three_ends_while_two_of_them_are_cancelled() {
        set(configure().workers(1));
        check(|| {
            let (job, input) = call(1);
            let input = Lazy::share(input);
            let follower = || {
                let runs = Tally::default();
                let (count, inputs) = (runs.clone(), (input.clone().expected(), ()));
                let body = move |(value, ()): (_, ())| {
                    count.add();
                    Given::<usize>::take(value)
                };
                (dispatch_with_inputs(Options::here().name("follower"), inputs, body), runs)
            };
            let [first, kept, last] = [follower(), follower(), follower()];
            let worker = thread::spawn(move || job.run());
            for (call, runs) in [first, last] {
                let cancelled = Lazy::cancel(&call);
                assert_eq!(Lazy::join(call).is_err(), cancelled);
                assert!(runs.get() <= 1);
            }
            assert_eq!((Lazy::into_inner(kept.0), kept.1.get()), (1, 1));
            worker.join().unwrap();
        });
    }

    /// The only thread runs the input in place, as it would run the call itself.
    #[test]
    fn a_body_runs_the_call_that_it_waits_for_and_the_inputs_of_that() {
        set(configure().workers(1));
        check(|| {
            let outer = spawn(|| {
                let inner = Lazy::map(spawn(|| 1), |value| value + 1);
                Lazy::into_inner(Lazy::map(inner, |value| value + 1))
            });
            assert_eq!(outer, 3);
            assert_eq!(snapshot().threads, 1);
        });
    }
}
