//! The threads of a scope: no closure is left in the queue while a thread sleeps or could be had, and
//! the owner wakes when the last has ended. A wake-up that is lost is a deadlock, which the checker
//! reports. For shuttle alone; loom looks at the counts and the sleepers, which the pool has too.

use std::collections::VecDeque;
use std::time::Duration;

use super::foreman::OnDuty;
use super::{Arc, Crew, Queue, Wake, member};
use crate::config::model::set;
use crate::configure;
use crate::models::{Tally, check};
use crate::runtime;
use crate::sync::checker::sync::mpsc;
use crate::sync::checker::thread;
use crate::sync::{Mutex, lock};

/// A queue as a scope's, of closures that own what they need.
struct Line {
    crew: Arc<Crew>,
    waiting: Mutex<VecDeque<Box<dyn FnOnce() + Send>>>,
}

impl Line {
    fn push(&self, closure: impl FnOnce() + Send + 'static) {
        self.crew.expect_one();
        {
            let mut waiting = lock(&self.waiting);
            waiting.push_back(Box::new(closure));
            self.crew.set_waiting(waiting.len());
        }
        self.crew.wake_one();
    }
}

impl Queue for Line {
    type Entry = Box<dyn FnOnce() + Send>;

    fn pop(&self) -> Option<Self::Entry> {
        let mut waiting = lock(&self.waiting);
        let entry = waiting.pop_front();
        self.crew.set_waiting(waiting.len());
        entry
    }

    fn run(&self, entry: Self::Entry) {
        entry();
        self.crew.one_ended();
    }

    fn refuse(&self, _: Self::Entry, why: &str) {
        unreachable!("a model has threads for all: {why}");
    }
}

/// As the real scope, with threads of the checker's.
fn scope(program: impl FnOnce(&Arc<Line>)) {
    let line =
        Arc::new(Line { crew: Crew::new(runtime::global().pool()), waiting: Mutex::default() });
    let threads: Arc<Mutex<Vec<_>>> = Arc::default();
    let hire = {
        let (line, threads) = (line.clone(), threads.clone());
        move || {
            let line = line.clone();
            let id = lock(&threads).len();
            let thread = thread::spawn(move || member::run(&line.crew, &*line, id));
            lock(&threads).push(thread);
            Ok(())
        }
    };
    assert_eq!(line.crew.counts.claim_wake(), Wake::One);
    assert!(line.crew.hire_with(&hire).unwrap());
    let foreman = thread::spawn({
        let line = line.clone();
        move || OnDuty::new(&line.crew, &*line, hire).work()
    });
    program(&line);
    line.crew.wait_for_end();
    line.crew.dismiss();
    foreman.join().unwrap();
    for thread in std::mem::take(&mut *lock(&threads)) {
        thread.join().unwrap();
    }
}

#[test]
fn a_closure_is_run_whether_the_thread_searches_or_sleeps() {
    set(configure().workers(1));
    check(|| {
        let ran = Tally::default();
        scope(|line| {
            for _ in 0..2 {
                let ran = ran.clone();
                line.push(move || ran.add());
            }
        });
        assert_eq!(ran.get(), 2);
    });
}

#[test]
fn a_thread_that_leaves_at_once_leaves_no_closure_behind() {
    set(configure().workers(1).keep_alive(Duration::ZERO));
    check(|| {
        let (tell, told) = mpsc::channel();
        scope(|line| {
            let first = tell.clone();
            line.push(move || first.send(1).unwrap());
            assert_eq!(told.recv().unwrap(), 1);
            line.push(move || tell.send(2).unwrap());
            assert_eq!(told.recv().unwrap(), 2);
        });
    });
}

/// The closure that blocks has the only place; what it waits for is behind it.
#[test]
fn a_closure_that_blocks_gives_its_place_to_the_next() {
    set(configure().workers(1));
    check(|| {
        scope(|line| {
            let (tell, told) = mpsc::channel();
            line.push(move || member::block_while(|| told.recv().unwrap()));
            line.push(move || tell.send(()).unwrap());
        });
    });
}

/// What waits otherwise than by a join keeps its place: whoever finds the first sees to it that somebody
/// finds the second.
#[test]
fn a_closure_that_another_waits_for_is_run_beside_it() {
    set(configure().workers(2));
    check(|| {
        scope(|line| {
            let (tell, told) = mpsc::channel();
            line.push(move || told.recv().unwrap());
            line.push(move || tell.send(()).unwrap());
        });
    });
}

fn tree(line: &Arc<Line>, depth: u32, ran: &Tally) {
    ran.add();
    for _ in 0..depth.min(2) {
        let (inner, ran) = (line.clone(), ran.clone());
        line.push(move || tree(&inner, depth - 1, &ran));
    }
}

#[test]
fn closures_that_push_others() {
    set(configure().workers(2));
    check(|| {
        let ran = Tally::default();
        scope(|line| tree(line, 3, &ran));
        assert_eq!(ran.get(), 11);
    });
}

#[test]
fn closures_that_push_others_for_threads_that_leave_at_once() {
    set(configure().workers(2).keep_alive(Duration::ZERO));
    check(|| {
        let ran = Tally::default();
        scope(|line| tree(line, 3, &ran));
        assert_eq!(ran.get(), 11);
    });
}

#[test]
fn two_threads_push_at_once() {
    set(configure().workers(2));
    check(|| {
        let ran = Tally::default();
        scope(|line| {
            let other = thread::spawn({
                let (line, ran) = (line.clone(), ran.clone());
                move || (0..3).for_each(|_| tree(&line, 0, &ran))
            });
            let pushed = ran.clone();
            line.push(move || pushed.add());
            other.join().unwrap();
        });
        assert_eq!(ran.get(), 4);
    });
}

/// Each waits for the one behind it, and only the last goes on by itself.
#[test]
fn a_chain_of_closures_that_block() {
    set(configure().workers(1));
    check(|| {
        scope(|line| {
            let mut told = None;
            for _ in 0..4 {
                let (tell, next) = mpsc::channel();
                let before: Option<mpsc::Sender<()>> = told.replace(tell);
                line.push(move || {
                    member::block_while(|| next.recv().unwrap());
                    if let Some(before) = before {
                        before.send(()).unwrap();
                    }
                });
            }
            line.push(move || told.unwrap().send(()).unwrap());
        });
    });
}
