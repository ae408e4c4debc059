//! The recipe of the guide for a stop by SIGTERM or Ctrl-C: running calls end, later ones are refused.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use common::{child, wait_until, watchdog};
use pybackground::{Lazy, background, cancelled, shutdown, sleep, snapshot, spawn};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Serves until it is to stop, and then finishes what it has begun.
#[background]
fn serve() {
    println!("serves");
    while !cancelled() {
        std::thread::yield_now();
    }
    println!("has finished its request");
}

#[background]
fn poll() {
    sleep(Duration::MAX); // ends as soon as the call is cancelled
}

/// The recipe, with a call that ends by itself after the signal.
fn program() {
    let mut signals = Signals::new([SIGTERM, SIGINT]).unwrap();
    let (signalled, has_signalled) = channel();
    let job = spawn(move || has_signalled.recv().unwrap());
    let server = serve();
    signals.forever().next();
    println!("stops");
    signalled.send(7).unwrap();
    Lazy::cancel(&server);
    shutdown(Duration::MAX).unwrap();
    assert_eq!(job, 7);
    assert!(Lazy::join(serve()).unwrap_err().is_refused());
    println!("all calls have ended");
}

/// A program that gives its calls no time.
fn program_in_a_hurry() {
    let mut signals = Signals::new([SIGTERM, SIGINT]).unwrap();
    let (server, polls) = (serve(), poll());
    wait_until(|| snapshot().stacks.len() == 2);
    signals.forever().next();
    let unfinished = shutdown(Duration::ZERO).unwrap_err();
    println!("unfinished: {unfinished}");
    assert!(Lazy::join(polls).unwrap_err().is_cancelled());
    Lazy::into_inner(server);
}

/// Sends the signal to the program once it serves. Returns what it printed, and how it ended.
fn stopped(test: &str, signal: &str) -> (String, ExitStatus) {
    let mut program: Child = child::command(test).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("serves\n") {
        assert!(output.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    let kill = Command::new("kill").args(["-s", signal, &program.id().to_string()]).status();
    assert!(kill.unwrap().success());
    output.read_to_string(&mut printed).unwrap();
    (printed, program.wait().unwrap())
}

#[test]
fn recipe_ends_all_calls_orderly() {
    if child::is_child() {
        return program();
    }
    let _watchdog = watchdog();
    for signal in ["TERM", "INT"] {
        let (printed, status) = stopped("recipe_ends_all_calls_orderly", signal);
        assert!(status.success(), "{status}: {printed}");
        let (request, end) = ("has finished its request\n", "all calls have ended\n");
        assert!(printed.find(request).is_some_and(|at| printed[at..].contains(end)), "{printed}");
    }
}

#[test]
fn bodies_that_poll_are_cancelled_when_the_time_is_over() {
    if child::is_child() {
        return program_in_a_hurry();
    }
    let _watchdog = watchdog();
    let test = "bodies_that_poll_are_cancelled_when_the_time_is_over";
    let (printed, status) = stopped(test, "TERM");
    assert!(status.success(), "{status}: {printed}");
    assert!(printed.contains("unfinished: 2 running"), "{printed}");
    assert!(printed.contains("has finished its request"), "{printed}");
}
