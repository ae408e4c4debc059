//! Several threads that wait through one `&Lazy`: all get the value, which is moved once.

use std::sync::Arc;

use super::{Tally, check, set_deadline};
use crate::config::model::set;
use crate::options::Options;
use crate::sync::checker::thread;
use crate::task::{Closure, Job};
use crate::{Lazy, configure, spawn};

#[test]
fn two_threads_use_a_value_that_a_worker_brings() {
    check(|| {
        let runs = Tally::default();
        let body = {
            let runs = runs.clone();
            move || {
                runs.add();
                7
            }
        };
        let task = Options::here().task(Closure(body));
        let worker = thread::spawn({
            let job: Arc<dyn Job> = task.clone();
            move || job.run()
        });
        let lazy = Arc::new(Lazy::pending(task));
        let other = thread::spawn({
            let lazy = lazy.clone();
            move || assert_eq!(**lazy, 7)
        });
        assert_eq!(**lazy, 7);
        other.join().unwrap();
        worker.join().unwrap();
        assert_eq!(runs.get(), 1);
    });
}

/// A body and an outside thread use the same value. The worker may run the call in place while the thread
/// waits, and both get the outcome.
#[test]
fn a_value_that_is_made_in_place_reaches_a_thread_that_waits() {
    set(configure().workers(1));
    check(|| {
        let shared = Arc::new(Lazy::pending(Options::here().task(Closure(|| 7))));
        let outer = spawn({
            let shared = shared.clone();
            move || **shared
        });
        assert_eq!(**shared, 7);
        assert_eq!(outer, 7);
    });
}

/// A call is closed while a worker runs it in place and a thread waits. Both get the same outcome.
#[test]
fn a_call_is_closed_while_it_runs_in_place() {
    set(configure().workers(1));
    check(|| {
        let task = Options::here().task(Closure(|| 7));
        let closer = thread::spawn({
            let job: Arc<dyn Job> = task.clone();
            move || {
                let passes = set_deadline(&*job);
                job.expire(passes);
            }
        });
        let shared = Arc::new(Lazy::pending(task));
        let outer = spawn({
            let shared = shared.clone();
            move || Lazy::wait(&shared).is_ok()
        });
        let value_came = Lazy::wait(&shared).is_ok();
        assert_eq!(Lazy::into_inner(outer), value_came);
        closer.join().unwrap();
    });
}
