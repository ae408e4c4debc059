//! Calls that other machines answer, in a timeline: each worker has a row.
#![cfg(all(feature = "remote", feature = "timeline"))]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;
use std::{fs, thread};

use pybackground_runtime::__engine::{
    Bodies, ENGINES, Engine, Order, RemoteOutcome, Reply, Settings, Withdraw, linkme,
};
use pybackground_runtime::{Lazy, RemoteReport, background, remote, timeline};

/// Answers calls as two workers on other machines would.
struct TwoWorkers;

#[linkme::distributed_slice(ENGINES)]
#[linkme(crate = linkme)]
static TWO_WORKERS: &'static dyn Engine = &TwoWorkers;

/// The first byte of an answer that is a value.
const RETURNED: u8 = 0;

/// Both calls of a worker are sent before the first is answered.
static SENT: Barrier = Barrier::new(4);

impl Engine for TwoWorkers {
    fn schemes(&self) -> &'static [&'static str] {
        &["two-workers"]
    }

    fn form(&self) -> &'static str {
        "`two-workers:`"
    }

    fn check(&self, _: &Settings) -> Result<(), String> {
        Ok(())
    }

    fn start(&self, _: &'static Settings, order: Order, reply: Reply) -> Withdraw {
        thread::spawn(move || {
            // The value is the argument, which is behind the call's context.
            let value = order.arguments.last().copied().expect("an argument");
            SENT.wait();
            let answer = RemoteOutcome::from_bytes(&[RETURNED, value]).expect("a value");
            let worker = if value.is_multiple_of(2) { "even:2" } else { "odd:1" };
            reply.answer(answer.by(worker, 1));
        });
        Box::new(|| ())
    }

    fn work(&self, _: &'static Settings, _: Bodies) -> Result<(), String> {
        unreachable!("this is no worker")
    }

    fn close(&self, _: Instant) {}

    fn report(&self) -> Option<RemoteReport> {
        None
    }
}

#[background(remote)]
fn far_away(number: u8) -> u8 {
    number
}

/// Makes four calls, and records them.
fn record(path: &Path) {
    let recording = timeline(path).expect("a recording");
    let calls: Vec<Lazy<u8>> = (0..4).map(far_away).collect();
    let values: Vec<u8> = calls.into_iter().map(Lazy::into_inner).collect();
    assert_eq!(values, [0, 1, 2, 3]);
    drop(recording);
}

#[test]
fn calls_are_in_the_rows_of_the_workers_that_answered() {
    remote().url("two-workers:").install().expect("there was no call yet");
    let folder = std::env::temp_dir().join(format!("timeline-remote-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();

    let page = folder.join("run.html");
    record(&page);
    let text = fs::read_to_string(&page).unwrap();
    let (_, lines) = text.split_once("id=\"data\">\n").expect("it has events");
    let mut workers = HashMap::new();
    let mut answered = HashMap::<&str, usize>::new();
    for line in lines.lines() {
        let fields: Vec<&str> = line.splitn(5, ' ').collect();
        match fields[..] {
            ["W", number, ..] => drop(workers.insert(number, line.split('"').nth(1).unwrap())),
            ["o", _, _, worker, time] => {
                assert!(time.parse::<u64>().is_ok(), "{line}");
                *answered.entry(workers[worker]).or_default() += 1;
            }
            _ => {}
        }
    }
    assert_eq!(answered, HashMap::from([("worker even:2", 2), ("worker odd:1", 2)]), "{lines}");

    // A worker has several calls at once, for which a trace has several tracks.
    let trace = folder.join("run.json");
    record(&trace);
    let text = fs::read_to_string(&trace).unwrap();
    let lines = |what: &str| text.lines().filter(|line| line.contains(what)).collect::<Vec<_>>();
    let slices = lines("{\"ph\":\"X\",\"cat\":\"body\"");
    assert_eq!(slices.len(), 4, "{text}");
    for worker in ["worker even:2", "worker odd:1"] {
        let names = lines(&format!("\"args\":{{\"name\":\"{worker}\"}}"));
        assert_eq!(names.len(), 2, "{text}");
    }
    fs::remove_dir_all(folder).unwrap();
}
