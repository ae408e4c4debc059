//! Workers, servers and callers that disappear. Each test is a process with a server of its own.

mod common;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::nats::{Process, Server};
use common::proxy::Proxy;
use common::raw::Raw;
use common::{Lifeline, child, wait_for_release, watchdog};
use pybackground::{Error, Lazy, as_completed, background, remote};

/// How soon a worker counts as dead in these tests.
const LOST_AFTER: &str = "1";

/// The same where none is killed, and none may count as dead because it is slow.
const LOST_LATE: &str = "10";

/// The same where one is killed, and another runs a body that starts at most once.
const LOST_IN_BETWEEN: &str = "3";

/// Runs a test in a process of its own, with a server. Skips it where there is none.
fn alone(test: &str, run: impl FnOnce(Server)) {
    alone_with(test, LOST_AFTER, run);
}

/// As `alone`, with the time after which a worker counts as dead.
fn alone_with(test: &str, lost_after: &str, run: impl FnOnce(Server)) {
    let _watchdog = watchdog();
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            child::succeeds(child::command(test).env("PYBACKGROUND_REMOTE_LOST_AFTER", lost_after));
        }
        return;
    }
    let server = Server::start().expect("the parent has found one");
    remote().url(server.url()).install().unwrap();
    run(server);
}

/// As `alone`, with a connection to the server that can be cut.
fn alone_behind_a_proxy(test: &str, run: impl FnOnce(Server, Proxy)) {
    let _watchdog = watchdog();
    if !child::is_child() {
        return alone_with(test, LOST_LATE, |_| ());
    }
    let server = Server::start().expect("the parent has found one");
    let proxy = Proxy::to(server.port());
    remote().url(proxy.url()).install().unwrap();
    run(server, proxy);
}

#[background(remote)]
fn once(port: u16) -> u16 {
    wait_for_release(port);
    port
}

#[background(remote, retry = 3)]
fn again(port: u16) -> u16 {
    wait_for_release(port);
    port
}

/// Kills the worker of a body that runs, and waits until the process of the body has ended, too.
fn kill_within_body(worker: &mut Process, lifeline: &Lifeline) {
    let body = lifeline.body();
    worker.kill();
    body.wait_for_end();
}

/// Waits for a call that starts at most once, whose worker was killed after the start.
#[track_caller]
fn error_of_lost(call: Lazy<u16>) -> Error {
    let error = Lazy::join(call).unwrap_err();
    assert!(error.is_lost(), "{error}");
    assert_eq!(error.attempts(), Some(1));
    error
}

/// Makes a call and lets its body run.
#[track_caller]
fn assert_runs(lifeline: &Lifeline) {
    let call = once(lifeline.port());
    lifeline.body().release();
    assert_eq!(call, lifeline.port());
}

#[test]
fn call_of_a_killed_worker_is_lost() {
    alone("call_of_a_killed_worker_is_lost", |server| {
        let lifeline = Lifeline::new();
        let mut worker = server.worker();
        let call = once(lifeline.port());
        kill_within_body(&mut worker, &lifeline);
        let _other = server.worker();
        let error = error_of_lost(call);
        assert!(error.to_string().contains("`retry = N`"), "{error}");
        assert!(!lifeline.has_body(), "the body was started twice");
    });
}

#[test]
fn call_of_the_only_worker_is_lost_when_that_is_killed() {
    const TEST: &str = "call_of_the_only_worker_is_lost_when_that_is_killed";
    alone_with(TEST, LOST_IN_BETWEEN, |server| {
        let lifeline = Lifeline::new();
        let mut worker = server.worker();
        let call = once(lifeline.port());
        kill_within_body(&mut worker, &lifeline);
        let error = error_of_lost(call);
        // The name is not known if the worker was killed before it was asked.
        let id = format!(":{}", worker.id());
        assert!(error.worker().is_none_or(|worker| worker.ends_with(&id)), "{error:?}");
        // The next worker does not get the call.
        let _other = server.worker();
        assert_runs(&lifeline);
        assert!(!lifeline.has_body(), "the body was started twice");
    });
}

#[test]
fn call_of_a_killed_worker_is_lost_while_all_others_are_busy() {
    const TEST: &str = "call_of_a_killed_worker_is_lost_while_all_others_are_busy";
    alone_with(TEST, LOST_IN_BETWEEN, |server| {
        let one_slot = [("PYBACKGROUND_WORKER_SLOTS", "1")];
        let [killed, busy] = [Lifeline::new(), Lifeline::new()];
        let mut worker = server.worker_with(&one_slot);
        let call = once(killed.port());
        let body = killed.body();
        let _other = server.worker_with(&one_slot);
        // Of the same function: otherwise that worker's request for a call of the first is still there.
        let other_call = once(busy.port());
        let other_body = busy.body();
        worker.kill();
        body.wait_for_end();
        error_of_lost(call);
        other_body.release();
        assert_eq!(other_call, busy.port());
    });
}

#[test]
fn call_with_retry_starts_again_on_another_worker() {
    alone("call_with_retry_starts_again_on_another_worker", |server| {
        let lifeline = Lifeline::new();
        let mut worker = server.worker();
        let call = again(lifeline.port());
        for _ in 0..2 {
            let body = lifeline.body();
            worker.kill();
            body.wait_for_end();
            worker = server.worker();
        }
        lifeline.body().release();
        assert_eq!(call, lifeline.port());
    });
}

#[background(remote, retry = 1)]
fn kills_its_worker() {
    let worker = std::os::unix::process::parent_id();
    let kill = format!("kill -9 {worker}");
    std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn retries_are_used_up() {
    alone("retries_are_used_up", |server| {
        let call = kills_its_worker();
        let mut workers = vec![server.worker()];
        while !Lazy::is_ready(&call) {
            // Each start costs a worker.
            let ended = workers.last_mut().unwrap().has_ended();
            if ended && workers.len() < 3 {
                workers.push(server.worker());
            }
            std::thread::yield_now();
        }
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_lost(), "{error}");
        assert_eq!(error.attempts(), Some(2));
    });
}

/// Notes that the body of a number has started.
#[background(remote)]
fn noted(file: &Path, number: u32) -> u32 {
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    // In one piece: other processes write, too.
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
    number
}

fn notes(test: &str) -> PathBuf {
    let file = std::env::temp_dir().join(format!("pybackground-{test}-{}", std::process::id()));
    // A run that failed may have left some.
    let _ = std::fs::remove_file(&file);
    file
}

#[test]
fn killed_server_costs_no_call_and_starts_none_twice() {
    const TEST: &str = "killed_server_costs_no_call_and_starts_none_twice";
    alone_with(TEST, LOST_LATE, |mut server| {
        const CALLS: u32 = 300;
        let file = notes("server");
        let _worker = server.worker();
        let calls: Vec<Lazy<u32>> = (0..CALLS).map(|number| noted(&file, number)).collect();
        let mut lost = 0;
        for (at, (index, outcome)) in as_completed(calls).enumerate() {
            match outcome {
                Ok(number) => assert_eq!(usize::try_from(number), Ok(index)),
                Err(error) => {
                    assert!(error.is_lost(), "{error}");
                    lost += 1;
                }
            }
            if [50, 120, 200].contains(&at) {
                server.kill();
                server.restart();
            }
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut started: Vec<u32> = text.lines().map(|line| line.parse().unwrap()).collect();
        started.sort_unstable();
        assert!(started.windows(2).all(|pair| pair[0] < pair[1]), "a body was started twice");
        assert_eq!(lost, 0, "{} of {CALLS} bodies were started", started.len());
        let _ = std::fs::remove_file(file);
    });
}

#[test]
fn worker_that_is_asked_to_end_finishes_what_it_runs() {
    alone_with("worker_that_is_asked_to_end_finishes_what_it_runs", LOST_LATE, |server| {
        let [runs, waits] = [Lifeline::new(), Lifeline::new()];
        let mut worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "1")]);
        let first = once(runs.port());
        let body = runs.body();
        let second = once(waits.port());
        worker.signal("TERM");
        let _other = server.worker();
        // The other worker gets what the first hands back.
        waits.body().release();
        assert_eq!(second, waits.port());
        body.release();
        assert_eq!(first, runs.port());
        assert_eq!(worker.exit_code(), Some(0));
    });
}

/// Makes calls and waits until it is killed.
fn caller(variables: &[(&str, String)], test: &str) -> common::nats::Process {
    let mut command = child::command(test);
    command.env("CALLER", "1").envs(variables.iter().cloned());
    common::nats::Process::start(&mut command)
}

#[test]
fn calls_of_a_killed_caller_do_not_start() {
    const TEST: &str = "calls_of_a_killed_caller_do_not_start";
    if std::env::var_os("CALLER").is_some() {
        let port = |name| std::env::var(name).unwrap().parse().unwrap();
        let runs = once(port("RUNS"));
        wait_for_release(port("GO"));
        let _queued = [once(port("QUEUED")), once(port("QUEUED"))];
        Lazy::wait(&runs).unwrap();
        return;
    }
    alone_with(TEST, LOST_IN_BETWEEN, |server| {
        let [runs, go, queued, own] =
            [Lifeline::new(), Lifeline::new(), Lifeline::new(), Lifeline::new()];
        let _worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "1")]);
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        let mut caller = caller(
            &[
                ("RUNS", runs.port().to_string()),
                ("GO", go.port().to_string()),
                ("QUEUED", queued.port().to_string()),
                ("PYBACKGROUND_REMOTE", server.url()),
            ],
            TEST,
        );
        let body = runs.body();
        go.body().release();
        for _ in 0..3 {
            raw.wait_for(|_| true);
        }
        caller.kill();
        // A caller that was just asked counts as alive, and nothing announces the end of that.
        let killed = Instant::now();
        while killed.elapsed() < Duration::from_millis(200) {
            std::thread::yield_now();
        }
        body.release();
        assert_runs(&own);
        assert!(!queued.has_body(), "a call that nobody waits for has started");
    });
}

#[test]
fn full_queue_delays_calls() {
    const TEST: &str = "full_queue_delays_calls";
    if std::env::var_os("PYBACKGROUND_REMOTE_QUEUE_LIMIT").is_none() {
        let _watchdog = watchdog();
        if common::nats::server_path().is_some() {
            let mut command = child::command(TEST);
            child::succeeds(command.env("PYBACKGROUND_REMOTE_QUEUE_LIMIT", "3"));
        }
        return;
    }
    alone_with(TEST, LOST_LATE, |server| {
        let file = notes("full");
        let calls: Vec<Lazy<u32>> = (0..20).map(|number| noted(&file, number)).collect();
        let _worker = server.worker();
        for (number, call) in (0..).zip(calls) {
            assert_eq!(call, number);
        }
        let _ = std::fs::remove_file(file);
    });
}

#[background(remote, run_timeout = "50ms")]
fn runs_for_long(port: u16) {
    wait_for_release(port);
}

#[test]
fn worker_kills_a_body_after_its_run_timeout() {
    alone_with("worker_kills_a_body_after_its_run_timeout", LOST_LATE, |server| {
        let lifeline = Lifeline::new();
        let call = runs_for_long(lifeline.port());
        let _worker = server.worker();
        let error = Lazy::join(call).unwrap_err();
        // It may have been killed before it connected.
        if let Some(body) = lifeline.body_that_came() {
            body.wait_for_end();
        }
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.timeout_after(), Some(Duration::from_millis(50)));
        assert!(error.worker().is_some_and(|worker| worker.contains(':')), "{error:?}");
    });
}

#[test]
fn result_that_came_while_the_caller_was_away_is_fetched() {
    const TEST: &str = "result_that_came_while_the_caller_was_away_is_fetched";
    alone_behind_a_proxy(TEST, |server, proxy| {
        let lifeline = Lifeline::new();
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.result.>");
        let _worker = server.worker();
        let call = once(lifeline.port());
        let body = lifeline.body();
        proxy.cut();
        body.release();
        // It is on the server, and the caller does not know.
        raw.wait_for(|_| true);
        assert!(!Lazy::is_ready(&call));
        proxy.restore();
        assert_eq!(call, lifeline.port());
    });
}

#[test]
fn call_that_is_withdrawn_while_the_caller_is_away_is_stopped_later() {
    const TEST: &str = "call_that_is_withdrawn_while_the_caller_is_away_is_stopped_later";
    alone_behind_a_proxy(TEST, |server, proxy| {
        let lifeline = Lifeline::new();
        let _worker = server.worker();
        let call = once(lifeline.port());
        let body = lifeline.body();
        proxy.cut();
        assert!(Lazy::cancel(&call));
        proxy.restore();
        body.wait_for_end();
    });
}
