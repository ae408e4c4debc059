//! What the snapshot tells: which bodies run, where they were called, and who waits for whom.

mod common;

use common::child;
use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Stack, background, sleep, snapshot, spawn};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Duration;

fn stack_of(function: &str) -> Option<Stack> {
    let report = snapshot();
    let ends = |stack: &&Stack| stack.functions().any(|name| name.ends_with(function));
    report.stacks.iter().find(ends).cloned()
}

#[test]
fn a_body_that_runs_is_told_with_its_thread_and_place() {
    #[background]
    fn works(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let (_x, called) = (works(gate.clone()), line!());
    gate.wait_for_arrivals(1);
    let stack = stack_of("::works").unwrap();
    assert!(stack.thread().starts_with("background-"));
    assert!(stack.age().is_some() && stack.wait().is_none());
    let site = stack.called_at().next().unwrap();
    assert_eq!((site.file(), site.line()), (file!(), called));
    let text = snapshot().to_string();
    assert!(text.contains(&format!("::works` (called at {}:{called}:", file!())), "{text}");
    gate.open();
    wait_until(|| stack_of("::works").is_none());
}

#[test]
fn a_wait_is_told_with_what_is_waited_for_and_where() {
    #[background]
    fn waits_for(other: Lazy<()>) {
        Lazy::into_inner(other);
    }
    #[background]
    fn is_waited_for(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let joined = line!() - 10;
    let other = is_waited_for(gate.clone());
    gate.wait_for_arrivals(1);
    let x = waits_for(other);
    wait_until(|| stack_of("::waits_for").is_some_and(|stack| stack.wait().is_some()));
    let stack = stack_of("::waits_for").unwrap();
    let wait = stack.wait().unwrap();
    assert!(wait.function().unwrap().ends_with("::is_waited_for"));
    assert_eq!(wait.called_at().unwrap().file(), file!());
    assert_eq!(wait.waits_at().unwrap().line(), joined);

    // A thread from outside that waits is told as well, without a body.
    std::thread::Builder::new()
        .name("a thread from outside".to_owned())
        .spawn(move || Lazy::join(x))
        .unwrap();
    let outside = || {
        let report = snapshot();
        let mut stacks = report.stacks.iter();
        stacks.find(|stack| stack.thread() == "a thread from outside").cloned()
    };
    wait_until(|| outside().is_some());
    let outside = outside().unwrap();
    assert_eq!((outside.functions().len(), outside.age()), (0, None));
    assert!(outside.wait().unwrap().function().unwrap().ends_with("::waits_for"));
}

#[test]
fn a_body_that_sleeps_is_told_to() {
    #[background]
    fn rests() {
        sleep(Duration::MAX);
    }

    let _watchdog = watchdog();
    let x = rests();
    wait_until(|| stack_of("::rests").is_some_and(|stack| stack.wait().is_some()));
    assert_eq!(stack_of("::rests").unwrap().wait().unwrap().function(), None);
    assert!(snapshot().to_string().contains("sleeps"));
    Lazy::cancel(&x);
    wait_until(|| stack_of("::rests").is_none());
}

/// In the child: a wait that ends when the parent, having read the report, says so.
#[test]
fn waits_for_the_parent() {
    if child::is_child() {
        let x = spawn(|| {
            let mut end = String::new();
            std::io::stdin().read_to_string(&mut end).unwrap();
        });
        Lazy::into_inner(x);
    }
}

#[test]
fn a_wait_that_takes_long_prints_a_report() {
    let _watchdog = watchdog();
    let mut child = child::command("waits_for_the_parent")
        .env("PYBACKGROUND_REPORT_AFTER", "0.01")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let head = lines.find(|line| line.contains("has been waited for longer than 10ms")).unwrap();
    assert!(head.contains(file!()) && head.contains("waits_for_the_parent`"), "{head}");
    let wait = lines.find(|line| line.contains(" waits for `")).unwrap();
    assert!(wait.contains(&format!(" at {}:", file!())), "{wait}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}
