//! Figures that are counted, and not timed. Each test is a process with a server of its own, and prints what it counted.
//! `.ci/long` has the full sizes.
//!
//! | variable | what | here | full |
//! |---|---|--:|--:|
//! | `PYBACKGROUND_IN_FLIGHT` | calls in flight at once | 1,000 | 20,000 |
//! | `PYBACKGROUND_QUEUED` | queued calls that are cancelled | 100 | 1,000 |
//! | `PYBACKGROUND_DUPLICATES` | messages that are sent again | 100 | 1,000 |

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::nats::Server;
use common::raw::Raw;
use common::{Lifeline, child, wait_for_release, watchdog};
use pybackground::{Lazy, RemoteReport, as_completed, background, remote, snapshot};

fn size(variable: &str, small: u32) -> u32 {
    std::env::var(variable).map_or(small, |text| text.parse().unwrap())
}

/// Runs a test in a process of its own, with a server. Skips it where there is none.
fn alone(test: &str, run: impl FnOnce(Server, &Path)) {
    // The full sizes take as long as they take.
    let _watchdog = std::env::var_os("PYBACKGROUND_IN_FLIGHT").is_none().then(watchdog);
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            let said = child::succeeds(child::command(test).arg("--include-ignored"));
            let (_, report) = said.split_once("COUNTED: ").expect("the run says what it counted");
            println!("COUNTED: {}", report.lines().next().unwrap());
        }
        return;
    }
    let server = Server::start().expect("the parent has found one");
    remote().url(server.url()).install().unwrap();
    let notes = std::env::temp_dir().join(format!("pybackground-{test}-{}", std::process::id()));
    // A run that failed may have left some.
    let _ = fs::remove_file(&notes);
    run(server, &notes);
    let _ = fs::remove_file(notes);
}

/// Notes that the body of a number has started.
#[background(remote)]
fn noted(file: PathBuf, number: u32) -> u32 {
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    // In one piece: other processes write, too.
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
    number
}

/// The numbers of the bodies that have started.
fn started(file: &Path) -> Vec<u32> {
    // Without a body there is no file.
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

#[background(remote)]
fn once(port: u16) -> u16 {
    wait_for_release(port);
    port
}

#[background(remote, retry = 3)]
fn again(number: u32) -> u32 {
    2 * number
}

/// Waits until a snapshot says so of the calls.
fn wait_until(is_so: impl Fn(&RemoteReport) -> bool) {
    while !snapshot().remote.is_some_and(|report| is_so(&report)) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the stream of calls has so many.
fn wait_until_stored(raw: &mut Raw, calls: u64) {
    let inbox = "_INBOX.counts";
    raw.subscribe(inbox);
    loop {
        raw.publish("$JS.API.STREAM.INFO.PYBG_default_CALLS", Some(inbox), b"");
        let answer = raw.wait_for(|message| message.subject == inbox);
        let text = String::from_utf8_lossy(answer.payload()).into_owned();
        let (_, rest) = text.split_once("\"messages\":").expect("the server tells the state");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        if digits.parse() == Ok(calls) {
            return;
        }
    }
}

#[test]
fn cancelled_calls_that_were_queued_never_start() {
    alone("cancelled_calls_that_were_queued_never_start", |server, notes| {
        let lifeline = Lifeline::new();
        let calls = size("PYBACKGROUND_QUEUED", 100);
        let _worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "1")]);
        let runs = once(lifeline.port());
        let body = lifeline.body();
        let queued: Vec<Lazy<u32>> =
            (0..calls).map(|number| noted(notes.to_owned(), number)).collect();
        let in_flight = queued.len() + 1;
        wait_until(|report| report.in_flight == in_flight && report.unsent == 0);
        assert!(queued.iter().all(Lazy::cancel));
        // From then on the server has none of them.
        wait_until(|report| report.in_flight == 1 && report.withdrawing == 0);
        body.release();
        assert_eq!(runs, lifeline.port());
        assert_eq!(noted(notes.to_owned(), calls), calls);
        let started = started(notes);
        println!(
            "COUNTED: {calls} queued calls cancelled, of which {} have started",
            started.len() - 1
        );
        assert_eq!(started, [calls]);
    });
}

#[test]
fn messages_that_are_sent_again_start_no_body() {
    alone("messages_that_are_sent_again_start_no_body", |server, notes| {
        let each = size("PYBACKGROUND_DUPLICATES", 100).div_ceil(4);
        let lifeline = Lifeline::new();
        let mut raw = Raw::connect(server.port());
        raw.subscribe("pybg.default.call.>");
        // A message that a worker already has comes again after this.
        let soon = [("PYBACKGROUND_REMOTE_LOST_AFTER", "1")];
        let worker = server.worker_with(&soon);
        assert_eq!(noted(notes.to_owned(), 7), 7);
        let ended = raw.wait_for(|message| message.subject.contains(".call."));
        let runs = once(lifeline.port());
        let running = raw.wait_for(|message| message.subject.contains(".call."));
        let body = lifeline.body();
        let mut send = |message: &common::raw::Message| {
            for _ in 0..each {
                raw.publish(&message.subject, None, message.payload());
            }
            raw.flush();
        };
        // While the body runs, and after it has ended; to the worker that ran it, and to another.
        send(&running);
        send(&ended);
        body.release();
        assert_eq!(runs, lifeline.port());
        send(&running);
        let mut other = Raw::connect(server.port());
        wait_until_stored(&mut other, 0);
        drop(worker);
        let _worker = server.worker_with(&soon);
        send(&ended);
        wait_until_stored(&mut other, 0);
        let twice = started(notes).len() - 1 + usize::from(lifeline.has_body());
        println!("COUNTED: {} messages sent again, of which {twice} started a body", 4 * each);
        assert_eq!(twice, 0);
    });
}

#[test]
fn nested_calls_need_one_slot() {
    /// Returns how many calls the recursion takes.
    #[background(remote)]
    fn calls(number: u32) -> u32 {
        if number < 2 {
            return 1;
        }
        let (one, other) = (calls(number - 1), calls(number - 2));
        *one + *other + 1
    }

    alone("nested_calls_need_one_slot", |server, _| {
        let _worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "1")]);
        let number = if std::env::var_os("PYBACKGROUND_IN_FLIGHT").is_some() { 12 } else { 6 };
        let all = Lazy::into_inner(calls(number));
        println!("COUNTED: fib({number}) on a worker with one slot, in {all} calls");
        assert_eq!(all, if number == 12 { 465 } else { 25 });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn calls_in_flight_take_no_threads() {
    /// Of the program, as the system lists them.
    fn threads() -> usize {
        fs::read_dir("/proc/self/task").unwrap().count()
    }

    alone("calls_in_flight_take_no_threads", |server, _| {
        let calls = size("PYBACKGROUND_IN_FLIGHT", 1000);
        // The threads of the test, one of which is the caller.
        let before = threads() - 1;
        let made: Vec<Lazy<u32>> = (0..calls).map(again).collect();
        wait_until(|report| report.in_flight == calls as usize && report.unsent == 0);
        let first = threads() - before;
        // While the calls were made, a busy machine may have started threads that leave when they have nothing to do: 16
        // with two processors stay. Nothing announces that.
        while threads() - before > 14 + processors() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let waiting = threads() - before;
        let _worker = server.worker();
        let mut most = first;
        for (index, value) in as_completed(made) {
            assert_eq!(value.unwrap() as usize, 2 * index);
            if index % 64 == 0 {
                most = most.max(threads() - before);
            }
        }
        println!(
            "COUNTED: {calls} calls in flight: {first} threads in the caller at first, {waiting} while all wait, {most} at most"
        );
    });
}

#[cfg(target_os = "linux")]
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// How often the threads of a process, and of its children, have gone to sleep by themselves.
#[cfg(target_os = "linux")]
fn sleeps(process: u32) -> u64 {
    let tasks = |process: u32| {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        tasks.map(|task| task.path()).collect::<Vec<_>>()
    };
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let children: String = tasks(process).iter().map(|task| read(task.join("children"))).collect();
    let children = children.split_whitespace().map(|child| child.parse().unwrap());
    let of_task = |task: &PathBuf| {
        let status = read(task.join("status"));
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.map_or(0, |number| number.trim().parse::<u64>().unwrap())
    };
    children.chain([process]).flat_map(tasks).map(|task| of_task(&task)).sum()
}

/// Lets time pass in which nothing happens: that is what is measured.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it watches a worker for more than a minute: `bash .ci/long faults`"]
fn worker_at_rest_sleeps() {
    const SETTLED: Duration = Duration::from_secs(12);
    const REST: u64 = 20;
    /// Threads and children that nothing needs leave at some time, each of which is a wake-up.
    const LOOKS: u32 = 3;

    alone("worker_at_rest_sleeps", |server, _| {
        let worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "2")]);
        let calls: Vec<Lazy<u32>> = (0..100).map(again).collect();
        for (number, call) in (0..).zip(calls) {
            assert_eq!(call, 2 * number);
        }
        // The thread of this caller ends ten seconds after the last call.
        std::thread::sleep(SETTLED);
        let looks: Vec<u64> = (0..LOOKS)
            .map(|_| {
                let before = sleeps(worker.id());
                std::thread::sleep(Duration::from_secs(REST));
                sleeps(worker.id()).saturating_sub(before)
            })
            .collect();
        println!(
            "COUNTED: a worker at rest and its children: {looks:?} wake-ups in {REST} seconds each"
        );
        assert!(looks.iter().any(|woken| *woken <= REST), "{looks:?}");
    });
}
