//! What can be seen of calls on workers: metrics, spans, the trace of a caller, and snapshots.

mod common;
#[path = "../tracing/recorder.rs"]
mod recorder;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use common::nats::{Process, Server};
use common::proxy::Proxy;
use common::raw::Raw;
use common::{Lifeline, child, wait_for_release, watchdog};
use pybackground::{Lazy, RemoteReport, background, remote, snapshot, traceparent};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Runs a test in a process of its own, with these variables and a server. Skips it where there is none.
fn alone(test: &str, run: impl FnOnce(Server)) {
    let _watchdog = watchdog();
    if child::is_child() {
        run(Server::start().expect("the parent has found one"));
    } else if common::nats::server_path().is_some() {
        child::succeeds(&mut child::command(test));
    }
}

#[background(remote)]
fn once(port: u16) -> u16 {
    wait_for_release(port);
    port
}

#[background(remote)]
fn trace() -> Option<String> {
    traceparent()
}

#[background(remote)]
fn trace_of_a_call_in_a_body() -> Option<String> {
    Lazy::into_inner(trace())
}

/// Asks a worker for its metrics, at the address that it said.
fn page(said: &str) -> String {
    let (_, address) = said.split_once("metrics: http://").expect(said);
    let address = address.trim_end().trim_end_matches("/metrics");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: worker\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: text/plain; version=0.0.4;"), "{answer}");
    answer
}

/// Returns what a row for `once` says, or one without a function.
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    let mut rows = page.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let row = rows.clone().find(|line| line.contains("function=\"observed::once\""));
    let row = row.or_else(|| rows.next()).unwrap_or_else(|| panic!("no {name} in {page}"));
    row.rsplit(' ').next().unwrap()
}

fn value(page: &str, name: &str) -> u64 {
    row(page, name).parse().unwrap()
}

fn seconds(page: &str, name: &str) -> f64 {
    row(page, name).parse().unwrap()
}

#[test]
fn metrics_of_a_worker_count_what_runs_and_what_waits() {
    alone("metrics_of_a_worker_count_what_runs_and_what_waits", |server| {
        remote().url(server.url()).install().unwrap();
        let lifeline = Lifeline::new();
        let this = std::env::current_exe().unwrap();
        let one_slot = [("PYBACKGROUND_METRICS", "0"), ("PYBACKGROUND_WORKER_SLOTS", "1")];
        let (_worker, said) = server.worker_of(&this, &one_slot);
        let first = once(lifeline.port());
        let body = lifeline.body();
        let others = [once(lifeline.port()), once(lifeline.port())];
        // The server has the calls some time after they were made.
        let seen = loop {
            let seen = page(&said);
            if value(&seen, "pybackground_calls_pending") == 2 {
                break seen;
            }
        };
        assert_eq!(value(&seen, "pybackground_bodies_running"), 1, "{seen}");
        assert_eq!(value(&seen, "pybackground_slots"), 1, "{seen}");
        assert!(seconds(&seen, "pybackground_oldest_call_seconds") > 0.0, "{seen}");
        body.release();
        assert_eq!(first, lifeline.port());
        for _ in &others {
            lifeline.body().release();
        }
        for call in others {
            assert_eq!(call, lifeline.port());
        }
        // The caller may know the last value before the worker has given the slot back.
        while value(&page(&said), "pybackground_bodies_running") > 0 {}
        let seen = page(&said);
        assert_eq!(value(&seen, "pybackground_calls_finished_total"), 3, "{seen}");
        assert_eq!(value(&seen, "pybackground_calls_pending"), 0, "{seen}");
        assert!(seconds(&seen, "pybackground_busy_seconds_total") > 0.0, "{seen}");
    });
}

#[test]
fn address_of_metrics_that_is_taken_ends_the_worker() {
    alone("address_of_metrics_that_is_taken_ends_the_worker", |server| {
        let holder = Lifeline::new();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.env_remove(child::CHILD).env("PYBACKGROUND_WORKER", server.url());
        let output =
            command.env("PYBACKGROUND_METRICS", holder.port().to_string()).output().unwrap();
        let told = child::told(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("set PYBACKGROUND_METRICS"), "{told}");
    });
}

#[test]
fn trace_of_the_caller_travels_as_a_header_and_to_the_bodies() {
    alone("trace_of_the_caller_travels_as_a_header_and_to_the_bodies", |server| {
        remote().url(server.url()).traceparent(|| Some(TRACE.to_owned())).install().unwrap();
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        let _worker = server.worker();
        let traced = trace_of_a_call_in_a_body();
        assert_eq!(Lazy::into_inner(traced).as_deref(), Some(TRACE));
        for _ in 0..2 {
            let call = raw.wait_for(|_| true);
            assert!(call.headers().contains(&format!("traceparent: {TRACE}\r\n")), "{call:?}");
        }
    });
}

#[test]
fn text_that_is_no_trace_does_not_become_a_header() {
    alone("text_that_is_no_trace_does_not_become_a_header", |server| {
        let forged = || Some(format!("{TRACE}\r\nNats-Rollup: all"));
        remote().url(server.url()).traceparent(forged).install().unwrap();
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        let _worker = server.worker();
        assert_eq!(Lazy::into_inner(trace()), None);
        let call = raw.wait_for(|_| true);
        assert!(!call.headers().to_lowercase().contains("traceparent"), "{call:?}");
    });
}

#[test]
fn span_of_a_call_names_the_worker_and_its_times() {
    alone("span_of_a_call_names_the_worker_and_its_times", |server| {
        recorder::install();
        remote().url(server.url()).traceparent(|| Some(TRACE.to_owned())).install().unwrap();
        let _worker = server.worker();
        assert_eq!(Lazy::into_inner(trace()).as_deref(), Some(TRACE));
        let span = recorder::call("observed::trace");
        assert!(span.fields.get("worker").is_some_and(|worker| worker.contains(':')), "{span:?}");
        assert_eq!(span.fields.number("attempts"), Some(1), "{span:?}");
        assert!(span.fields.number("worker_queue_us").is_some(), "{span:?}");
        assert!(span.fields.number("worker_run_us").is_some_and(|time| time > 0), "{span:?}");
        assert_eq!(span.fields.get("traceparent"), Some(TRACE), "{span:?}");
        assert_eq!(span.fields.get("outcome"), Some("ok"), "{span:?}");
    });
}

/// The thread that runs the call has another subscriber, or none.
#[test]
fn span_of_a_call_under_a_scoped_subscriber_names_the_worker() {
    alone("span_of_a_call_under_a_scoped_subscriber_names_the_worker", |server| {
        remote().url(server.url()).traceparent(|| Some(TRACE.to_owned())).install().unwrap();
        let _worker = server.worker();
        tracing::subscriber::with_default(recorder::subscriber(), || {
            assert_eq!(Lazy::into_inner(trace()).as_deref(), Some(TRACE));
        });
        let span = recorder::call("observed::trace");
        assert!(span.fields.get("worker").is_some_and(|worker| worker.contains(':')), "{span:?}");
        assert_eq!(span.fields.number("attempts"), Some(1), "{span:?}");
        assert_eq!(span.fields.get("traceparent"), Some(TRACE), "{span:?}");
    });
}

/// Waits until a snapshot says so of the calls.
fn wait_until(is_so: impl Fn(&RemoteReport) -> bool) -> RemoteReport {
    loop {
        if let Some(report) = snapshot().remote
            && is_so(&report)
        {
            return report;
        }
        std::thread::yield_now();
    }
}

#[test]
fn snapshot_says_how_the_workers_are() {
    alone("snapshot_says_how_the_workers_are", |server| {
        remote().url(server.url()).install().unwrap();
        let lifeline = Lifeline::new();
        let one_slot = [("PYBACKGROUND_WORKER_SLOTS", "1")];
        let first = server.worker_with(&one_slot);
        let call = once(lifeline.port());
        let body = lifeline.body();
        let second = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "3")]);
        let report = wait_until(|report| {
            let running: usize = report.workers.iter().map(|worker| worker.running).sum();
            (report.workers.len(), running) == (2, 1)
        });
        let of = |process: &Process| {
            let end = format!(":{}", process.id());
            report.workers.iter().find(|worker| worker.name.ends_with(&end)).expect(&end)
        };
        let (busy, idle) = (of(&first), of(&second));
        assert_eq!((busy.slots, busy.running, busy.waiting, busy.finished), (1, 1, 0, 0));
        assert_eq!((idle.slots, idle.running, idle.waiting, idle.finished), (3, 0, 0, 0));
        assert!(busy.oldest.is_some() && idle.oldest.is_none(), "{report:?}");
        let shown = snapshot().to_string();
        assert!(shown.contains(&format!("{}: 0 running in 3 slots", idle.name)), "{shown}");
        body.release();
        assert_eq!(call, lifeline.port());
        // The next call in flight has the workers asked again.
        let _call = once(lifeline.port());
        wait_until(|report| report.workers.iter().map(|worker| worker.finished).sum::<u64>() == 1);
    });
}

#[test]
fn forged_figures_of_a_worker_are_not_shown() {
    alone("forged_figures_of_a_worker_are_not_shown", |server| {
        remote().url(server.url()).install().unwrap();
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.stats");
        let lifeline = Lifeline::new();
        let _call = once(lifeline.port());
        // What a caller asks names no reply subject, but the caller.
        let question = raw.wait_for(|_| true);
        let caller = String::from_utf8(question.payload().to_owned()).unwrap();
        for forged in [&b""[..], b"worker", &[1, 255, 255, 255, 255], &[7; 100]] {
            raw.publish(&format!("pybg.default.figures.{caller}"), None, forged);
        }
        raw.flush();
        let _worker = server.worker();
        let report = wait_until(|report| !report.workers.is_empty());
        assert_eq!(report.workers.len(), 1, "{report:?}");
    });
}

#[test]
fn snapshot_says_how_the_calls_are() {
    alone("snapshot_says_how_the_calls_are", |server| {
        let proxy = Proxy::to(server.port());
        remote().url(proxy.url()).install().unwrap();
        assert_eq!(snapshot().remote, None, "there was no call");
        let lifeline = Lifeline::new();
        let calls = [once(lifeline.port()), once(lifeline.port())];
        let report = wait_until(|report| report.in_flight == 2 && report.unsent == 0);
        assert!(report.connected_for.is_some() && report.oldest.is_some(), "{report}");
        assert_eq!((&report.url, report.reconnects), (&proxy.url(), 0), "{report}");
        proxy.cut();
        let report = wait_until(|report| report.connected_for.is_none());
        assert!(report.to_string().contains("not connected"), "{report}");
        proxy.restore();
        wait_until(|report| report.connected_for.is_some() && report.reconnects > 0);
        let _worker = server.worker();
        for _ in &calls {
            lifeline.body().release();
        }
        for call in calls {
            assert_eq!(call, lifeline.port());
        }
        // Some time after the last call there is nothing to report.
        if let Some(report) = snapshot().remote {
            assert_eq!((report.in_flight, report.unsent, report.oldest), (0, 0, None), "{report}");
        }
    });
}
