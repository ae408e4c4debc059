//! Calls together: a result that comes is not slept through.

use std::sync::Arc;

use super::{Tally, check};
use crate::options::Options;
use crate::sync::checker::thread;
use crate::task::{Closure, Job, Task};
use crate::{Lazy, as_completed, cancelled};

/// A call for the model to run.
fn call(value: usize) -> (Arc<dyn Job>, Lazy<usize>) {
    let task = Task::new(&Options::here(), Closure(move || value));
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

/// The body is cancelled before it waits for any, while it is about to, or while it does.
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
        let task = Task::new(&Options::here(), Closure(body));
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
