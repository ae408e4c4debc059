//! Faults in the middle of many calls. `.ci/long` has the full sizes; here they are as small as the tests allow.
//!
//! | variable | what | here | full |
//! |---|---|--:|--:|
//! | `PYBACKGROUND_FAULT_CALLS` | calls of the runs in which workers are killed | 200 | 10,000 |
//! | `PYBACKGROUND_FAULT_LOST_AFTER` | seconds after which a worker counts as dead in these | 2 | 10, the default of programs |
//! | `PYBACKGROUND_SERVER_CALLS` | calls of the run in which the server is killed five times | 200 | 3,000 |
//! | `PYBACKGROUND_PUBLISHED` | calls that are sent while the server is killed | 400 | 300,000 |
//! | `PYBACKGROUND_KILLS` | how often it is killed there | 3 | 60 |

mod common;

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::nats::Server;
use common::raw::Raw;
use common::{child, watchdog};
use pybackground::{Lazy, as_completed, background, remote, snapshot};

/// How soon a worker counts as dead, in seconds, by default.
const LATE: &str = "10";

/// How soon a worker counts as dead where one is killed, unless a run says so.
fn soon() -> String {
    std::env::var("PYBACKGROUND_FAULT_LOST_AFTER").unwrap_or_else(|_| "2".to_owned())
}

fn size(variable: &str, small: u32) -> u32 {
    std::env::var(variable).map_or(small, |text| text.parse().unwrap())
}

/// Runs a test in a process of its own, with a server. Skips it where there is none.
fn alone(test: &str, lost_after: &str, run: impl FnOnce(Server, &Path)) {
    // The full sizes take as long as they take.
    let _watchdog = std::env::var_os("PYBACKGROUND_FAULT_CALLS").is_none().then(watchdog);
    if !child::is_child() {
        if common::nats::server_path().is_some() {
            let mut command = child::command(test);
            let told = child::succeeds(command.env("PYBACKGROUND_REMOTE_LOST_AFTER", lost_after));
            let (_, report) = told.split_once("FAULTS: ").expect("the run says what it counted");
            println!("FAULTS: {}", report.lines().next().unwrap());
        }
        return;
    }
    let server = Server::start().expect("the parent has found one");
    remote().url(server.url()).install().unwrap();
    let notes = std::env::temp_dir().join(format!("pybackground-{test}-{}", std::process::id()));
    // A run that failed may have left some.
    let _ = std::fs::remove_file(&notes);
    run(server, &notes);
    let _ = std::fs::remove_file(notes);
}

/// Notes that the body of a number has started.
fn note(file: &Path, number: u32) -> u32 {
    let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
    // In one piece: other processes write, too.
    file.write_all(format!("{number}\n").as_bytes()).unwrap();
    number
}

#[background(remote)]
fn once(file: PathBuf, number: u32) -> u32 {
    note(&file, number)
}

#[background(remote, retry = 3)]
fn again(file: PathBuf, number: u32) -> u32 {
    note(&file, number)
}

/// What a run came to.
#[derive(Default)]
struct Counts {
    values: u32,
    lost: u32,
    /// How many bodies started more than once.
    twice: usize,
    /// The numbers of the lost calls.
    lost_calls: Vec<usize>,
    /// When each call was answered.
    answered: HashMap<usize, Instant>,
}

/// Takes all outcomes, in the order in which they come; `at` is told how many there were.
fn take(calls: Vec<Lazy<u32>>, notes: &Path, mut at: impl FnMut(u32)) -> Counts {
    let mut counts = Counts::default();
    for (index, outcome) in as_completed(calls) {
        match outcome {
            Ok(number) => {
                assert_eq!(usize::try_from(number), Ok(index));
                counts.values += 1;
            }
            Err(error) => {
                assert!(error.is_lost(), "{error}");
                counts.lost += 1;
                counts.lost_calls.push(index);
            }
        }
        counts.answered.insert(index, Instant::now());
        at(counts.values + counts.lost);
    }
    let text = std::fs::read_to_string(notes).unwrap();
    let mut started: HashMap<&str, usize> = HashMap::new();
    for line in text.lines() {
        *started.entry(line).or_default() += 1;
    }
    counts.twice = started.values().filter(|times| **times > 1).count();
    counts
}

/// Kills one of two workers half-way, and starts another.
///
/// The promise is one about the calls that the dead worker had: they are answered within a second after it counts as dead.
/// The other calls only wait for their turn, but the last answer of all is printed, too.
fn kill_a_worker(test: &str, call: fn(PathBuf, u32) -> Lazy<u32>, is_once: bool) {
    alone(test, &soon(), |server, notes| {
        let calls = size("PYBACKGROUND_FAULT_CALLS", 200);
        let mut marks = Raw::connect(server.port());
        if !is_once {
            // With `retry` there is a mark for each body that starts again, and for no other.
            marks.subscribe("pybg.default.begun.>");
        }
        let mut first = server.worker();
        let _second = server.worker();
        let mut third = None;
        let mut killed = None;
        let made = (0..calls).map(|number| call(notes.to_owned(), number)).collect();
        let counts = take(made, notes, |answers| {
            if answers == calls / 2 {
                first.kill();
                killed = Some(Instant::now());
                third = Some(server.worker());
            }
        });
        let killed = killed.expect("half of the answers have come");
        let last = |times: Vec<&Instant>| {
            times.into_iter().max().map_or(Duration::ZERO, |last| *last - killed)
        };
        let held: HashSet<usize> = if is_once {
            counts.lost_calls.iter().copied().collect()
        } else {
            let marks = marks.received();
            marks.iter().map(|mark| number_of_mark(&mark.subject)).collect()
        };
        println!(
            "FAULTS: a worker killed in {calls} calls: {} values, {} lost, {} started twice; a worker counts as dead after \
             {} s; the last answer of the {} calls that it had {:?} after the kill, and of all {:?}",
            counts.values,
            counts.lost,
            counts.twice,
            soon(),
            held.len(),
            last(held.iter().map(|number| &counts.answered[number]).collect()),
            last(counts.answered.values().collect()),
        );
        assert_eq!(counts.values + counts.lost, calls);
        if is_once {
            assert_eq!(counts.twice, 0);
        } else {
            assert_eq!(counts.lost, 0);
        }
    });
}

/// The number of a call in this program, from the subject of the mark of a later start: `..42-1`.
fn number_of_mark(subject: &str) -> usize {
    let (_, number) = subject.rsplit_once('.').unwrap();
    let (number, _) = number.split_once('-').expect("a first start has no mark with `retry`");
    number.parse().unwrap()
}

#[test]
fn killed_worker_starts_no_body_twice() {
    kill_a_worker("killed_worker_starts_no_body_twice", once, true);
}

#[test]
fn killed_worker_costs_no_call_with_retry() {
    kill_a_worker("killed_worker_costs_no_call_with_retry", again, false);
}

#[test]
fn server_that_is_killed_five_times_costs_no_call() {
    alone("server_that_is_killed_five_times_costs_no_call", LATE, |mut server, notes| {
        let calls = size("PYBACKGROUND_SERVER_CALLS", 200);
        let _worker = server.worker();
        let made = (0..calls).map(|number| once(notes.to_owned(), number)).collect();
        let mut kills = 0;
        let mut pauses = Vec::new();
        let mut restarted = None;
        let counts = take(made, notes, |answers| {
            if let Some(since) = restarted.take() {
                pauses.push(Instant::elapsed(&since));
            }
            if kills < 5 && answers > (kills + 1) * calls / 7 {
                server.kill();
                server.restart();
                restarted = Some(Instant::now());
                kills += 1;
            }
        });
        println!(
            "FAULTS: the server killed {kills} times in {calls} calls: {} values, {} lost, {} started twice; the next \
             answers {pauses:?} after its port opened",
            counts.values, counts.lost, counts.twice
        );
        assert_eq!((counts.values, counts.lost, counts.twice), (calls, 0, 0));
    });
}

#[test]
fn server_that_is_killed_while_calls_are_sent_costs_no_call() {
    alone("server_that_is_killed_while_calls_are_sent_costs_no_call", LATE, |mut server, notes| {
        let calls = size("PYBACKGROUND_PUBLISHED", 400);
        let kills = size("PYBACKGROUND_KILLS", 3);
        // Bodies run only later, so that the calls pile up on the server.
        let made: Vec<Lazy<u32>> =
            (0..calls).map(|number| once(notes.to_owned(), number)).collect();
        let mut done = 0;
        for kill in 1..=kills {
            let left = usize::try_from(calls - calls / (kills + 1) * kill).unwrap();
            // Nothing else tells that the server has a call.
            while snapshot().remote.is_none_or(|report| report.unsent > left) {
                std::thread::sleep(Duration::from_millis(1));
            }
            server.kill();
            server.restart();
            done += 1;
        }
        let _workers = [server.worker(), server.worker()];
        let counts = take(made, notes, |_| ());
        println!(
            "FAULTS: the server killed {done} times while {calls} calls were sent: {} values, {} lost, {} started twice",
            counts.values, counts.lost, counts.twice
        );
        assert_eq!((counts.values, counts.lost, counts.twice), (calls, 0, 0));
    });
}
