//! Calls on other machines side by side with Celery and Dask: see README.md.

mod proc;
mod programs;
mod table;

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use pybackground::{Lazy, as_completed, background, remote};
use serde_bytes::ByteBuf;

use programs::Running;
use table::{Figures, Table, median};

const IN_TURN: u32 = 200;
const AT_ONCE: u32 = 2_000;
const LARGE: usize = 8 << 20;
const IN_FLIGHT: u32 = 20_000;
const CANCELLED: u32 = 100;
/// The caller's thread ends ten seconds after the last call, and leaves the worker alone.
const SETTLED: Duration = Duration::from_secs(15);
/// How long processes at rest are watched.
const REST: Duration = Duration::from_secs(20);

#[background(remote)]
fn once(number: u32) -> u32 {
    2 * number
}

#[background(remote, retry = 3)]
fn again(number: u32) -> u32 {
    2 * number
}

#[background(remote, retry = 3)]
fn echo(content: ByteBuf) -> ByteBuf {
    content
}

/// Connects to this program, and waits until the connection ends.
#[background(remote)]
fn hold(port: u16) {
    let mut held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the caller listens");
    let _ = held.read_to_end(&mut Vec::new());
}

fn main() {
    let rounds = std::env::args().skip_while(|word| word != "--rounds").nth(1);
    let rounds: u32 = rounds.map_or(3, |rounds| rounds.parse().expect("--rounds is a number"));
    let folder = std::env::temp_dir().join(format!("remote-benches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    compare(rounds, &folder);
    let _ = std::fs::remove_dir_all(folder);
}

/// Measures everything, and prints each figure as soon as it is there.
fn compare(rounds: u32, folder: &Path) {
    let (server, port) = programs::nats(folder).expect("nats-server can be started; see README.md");
    let url = format!("nats://127.0.0.1:{port}");
    remote().url(&*url).install().expect("this is the first call");
    let worker = programs::worker(&url);
    let redis = programs::redis(folder);
    let own = [std::process::id(), server.id(), worker.id()];
    eprintln!("the server and the worker are ready");
    let mut table = Table::begin(["remote, at most once", "remote, retry", CELERY, DASK]);
    for round in 1..=rounds {
        table.add(round, 0, Some(measure(once, &own)));
        table.add(round, 1, Some(measure(again, &own)));
        let celery = redis.as_ref().map(|(redis, port)| (port.as_str(), redis.id()));
        table.add(round, 2, celery.and_then(|(port, id)| peer("celery_peer.py", port, id)));
        table.add(round, 3, peer("dask_peer.py", "-", 0));
    }
    table.print_medians();
    table.print_ratios(CELERY);
    table.print_ratios(DASK);
    alone(&server, &worker);
}

const CELERY: &str = "Celery on Redis";
const DASK: &str = "Dask.distributed";

fn measure(call: fn(u32) -> Lazy<u32>, processes: &[u32]) -> Figures {
    assert_eq!(call(1), 2);
    let mut times: Vec<f64> = (0..IN_TURN)
        .map(|number| {
            let begin = Instant::now();
            assert_eq!(call(number), 2 * number);
            begin.elapsed().as_secs_f64()
        })
        .collect();
    let before = proc::processor_time(processes);
    let begin = Instant::now();
    let calls: Vec<Lazy<u32>> = (0..AT_ONCE).map(call).collect();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call, 2 * number);
    }
    let calls_a_second = f64::from(AT_ONCE) / begin.elapsed().as_secs_f64();
    let spent = proc::processor_time(processes) - before;
    let content = ByteBuf::from(vec![0; LARGE]);
    let begin = Instant::now();
    assert_eq!(Lazy::into_inner(echo(content)).len(), LARGE);
    let large = begin.elapsed().as_secs_f64();
    let processor = spent / f64::from(AT_ONCE);
    Figures { latency: median(&mut times), calls_a_second, large, processor }
}

/// Runs a peer, which prints its latency, calls in a second, time for the large value, and processor time of a call.
fn peer(script: &str, port: &str, server: u32) -> Option<Figures> {
    let text = programs::peer(script, &[port, &AT_ONCE.to_string(), &server.to_string()])?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [latency, calls_a_second, large, processor] = numbers[..] else {
        eprintln!("{script} printed: {text}");
        return None;
    };
    Some(Figures { latency, calls_a_second, large, processor })
}

/// Measures what has no peer, once.
fn alone(server: &Running, worker: &Running) {
    println!("\n| alone | |\n|---|--:|");
    let (mut ends, mut starts) = cancellations();
    let (end, start) = (1e3 * median(&mut ends), 1e3 * median(&mut starts));
    println!("| from the cancellation of a running body to its end | {end:.1} ms |");
    println!("| the same, to the start of the next body in its slot | {start:.1} ms |");
    let begin = Instant::now();
    let calls: Vec<Lazy<u32>> = (0..IN_FLIGHT).map(again).collect();
    let made = begin.elapsed().as_secs_f64() / f64::from(IN_FLIGHT);
    println!("| {IN_FLIGHT} calls in flight: to make one | {:.1} µs |", 1e6 * made);
    let mut threads = 0;
    for (answers, (_, outcome)) in as_completed(calls).enumerate() {
        outcome.expect("no worker was killed");
        if answers % 100 == 0 {
            threads = threads.max(proc::threads(std::process::id()));
        }
    }
    println!("| the same: threads of the caller | {threads} |");
    println!("| the same: memory of the caller at most | {} MiB |", proc::peak_memory() >> 20);
    eprintln!("at rest, for {} seconds", (SETTLED + REST).as_secs());
    thread::sleep(SETTLED);
    let before = [proc::wake_ups(worker.id()), proc::wake_ups(server.id())];
    thread::sleep(REST);
    let after = [proc::wake_ups(worker.id()), proc::wake_ups(server.id())];
    for (name, (before, after)) in ["worker", "server"].iter().zip(before.iter().zip(after)) {
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let a_second = (after - before) as f64 / REST.as_secs_f64();
        println!("| the {name} at rest: wake-ups a second | {a_second:.2} |");
    }
}

/// A call of `hold`, and where its body connects.
struct Held {
    call: Lazy<()>,
    listener: TcpListener,
}

impl Held {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let call = hold(listener.local_addr().expect("it is bound").port());
        Self { call, listener }
    }

    fn started(&self) -> TcpStream {
        self.listener.accept().expect("the body connects").0
    }
}

/// Cancels bodies that run in one of two slots, while the next call waits for it. Returns the seconds until each has
/// ended, and until the next one has started.
fn cancellations() -> (Vec<f64>, Vec<f64>) {
    let [other, mut runs] = [Held::new(), Held::new()];
    let (_other_body, mut body) = (other.started(), runs.started());
    let pairs = (0..CANCELLED).map(|_| {
        let next = Held::new();
        // What follows is measured with the next call on the server. Nothing else takes as long as this.
        thread::sleep(Duration::from_millis(5));
        let begin = Instant::now();
        assert!(Lazy::cancel(&runs.call));
        let _ = body.read_to_end(&mut Vec::new());
        let ended = begin.elapsed().as_secs_f64();
        body = next.started();
        let started = begin.elapsed().as_secs_f64();
        runs = next;
        (ended, started)
    });
    let both = pairs.unzip();
    for held in [other, runs] {
        Lazy::cancel(&held.call);
    }
    both
}
