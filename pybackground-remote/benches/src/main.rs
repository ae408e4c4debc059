//! Calls on other machines side by side with Celery and Dask: see README.md.

mod proc;

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pybackground::{Lazy, as_completed, background, remote};
use serde_bytes::ByteBuf;

const IN_TURN: u32 = 200;
const AT_ONCE: u32 = 2_000;
const LARGE: usize = 8 << 20;
const IN_FLIGHT: u32 = 20_000;
const CANCELLED: u32 = 100;
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
    use std::io::Read as _;
    let mut held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the caller listens");
    let _ = held.read_to_end(&mut Vec::new());
}

/// What one round measures of one way.
#[derive(Clone, Copy)]
struct Figures {
    latency: f64,
    calls_a_second: f64,
    large: f64,
    processor: f64,
}

fn main() {
    let rounds = std::env::args().skip_while(|word| word != "--rounds").nth(1);
    let rounds: u32 = rounds.map_or(3, |rounds| rounds.parse().expect("--rounds is a number"));
    let folder = std::env::temp_dir().join(format!("remote-benches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let (server, port) = start(&program("NATS_SERVER", "nats-server"), |port| {
        vec![
            "-js".into(),
            "-a".into(),
            "127.0.0.1".into(),
            "-p".into(),
            port,
            "-sd".into(),
            folder.display().to_string(),
        ]
    })
    .expect("nats-server can be started; see README.md");
    let url = format!("nats://127.0.0.1:{port}");
    remote().url(&*url).install().expect("this is the first call");
    let worker = worker(&url);
    let redis = start(&program("REDIS_SERVER", "redis-server"), |port| {
        [
            "--port",
            &port,
            "--save",
            "",
            "--appendonly",
            "yes",
            "--dir",
            &folder.display().to_string(),
        ]
        .map(str::to_owned)
        .to_vec()
    });
    let names = ["remote, at most once", "remote, retry", "Celery on Redis", "Dask.distributed"];
    let mut rows = names.map(|name| (name, Vec::new()));
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        let processes = [std::process::id(), server.id(), worker.id()];
        rows[0].1.push(measure(once, &processes));
        rows[1].1.push(measure(again, &processes));
        if let Some((redis, port)) = &redis {
            rows[2].1.extend(peer("celery_peer.py", port, redis.id()));
        }
        rows[3].1.extend(peer("dask_peer.py", "-", 0));
    }
    print(&rows);
    print_single(&server, &worker);
    for mut child in
        [Some(worker), Some(server), redis.map(|(child, _)| child)].into_iter().flatten()
    {
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = std::fs::remove_dir_all(folder);
}

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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    let mut command = Command::new(program("PYTHON", "python3"));
    command.arg(path).args([port, &AT_ONCE.to_string(), &server.to_string()]);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [latency, calls_a_second, large, processor] = numbers[..] else {
        eprintln!("{script}: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    };
    Some(Figures { latency, calls_a_second, large, processor })
}

/// Measures what has no peer, once, and prints it.
fn print_single(server: &Child, worker: &Child) {
    println!("\n| alone | |\n|---|--:|");
    let mut times: Vec<f64> = (0..CANCELLED).map(|_| cancel()).collect();
    println!(
        "| from the cancellation of a running body to its end | {:.1} ms |",
        1e3 * median(&mut times)
    );
    let begin = Instant::now();
    let calls: Vec<Lazy<u32>> = (0..IN_FLIGHT).map(again).collect();
    let made = begin.elapsed().as_secs_f64() / f64::from(IN_FLIGHT);
    let mut threads = 0;
    for (answers, (_, outcome)) in as_completed(calls).enumerate() {
        outcome.expect("no worker was killed");
        if answers % 100 == 0 {
            threads = threads.max(proc::threads(std::process::id()));
        }
    }
    println!("| {IN_FLIGHT} calls in flight: to make one | {:.1} µs |", 1e6 * made);
    println!("| the same: threads of the caller | {threads} |");
    println!("| the same: memory of the caller at most | {} MiB |", proc::peak_memory() >> 20);
    // The caller's thread ends ten seconds after the last call, and leaves the worker alone.
    thread::sleep(Duration::from_secs(15));
    let before = [proc::wake_ups(worker.id()), proc::wake_ups(server.id())];
    thread::sleep(REST);
    let after = [proc::wake_ups(worker.id()), proc::wake_ups(server.id())];
    for (name, (before, after)) in ["worker", "server"].iter().zip(before.iter().zip(after)) {
        #[expect(clippy::cast_precision_loss, reason = "there are few")]
        let a_second = (after - before) as f64 / REST.as_secs_f64();
        println!("| the {name} at rest: wake-ups a second | {a_second:.2} |");
    }
}

/// Cancels a body that runs, and returns the seconds until it has ended.
fn cancel() -> f64 {
    use std::io::Read as _;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let call = hold(listener.local_addr().expect("it is bound").port());
    let (mut held, _) = listener.accept().expect("the body connects");
    let begin = Instant::now();
    assert!(Lazy::cancel(&call));
    let _ = held.read_to_end(&mut Vec::new());
    begin.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(rows: &[(&str, Vec<Figures>)]) {
    println!(
        "| | latency | calls a second | processor time a call | 8 MiB |\n|---|--:|--:|--:|--:|"
    );
    for (name, rounds) in rows.iter().filter(|(_, rounds)| !rounds.is_empty()) {
        let of =
            |take: fn(&Figures) -> f64| median(&mut rounds.iter().map(take).collect::<Vec<_>>());
        println!(
            "| {name} | {:.2} ms | {:.0} | {:.2} ms | {:.0} ms |",
            1e3 * of(|round| round.latency),
            of(|round| round.calls_a_second),
            1e3 * of(|round| round.processor),
            1e3 * of(|round| round.large)
        );
    }
}

fn program(variable: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

/// Starts a server on a free port, and waits until it accepts connections.
fn start(program: &Path, arguments: impl FnOnce(String) -> Vec<String>) -> Option<(Child, String)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
    let mut command = Command::new(program);
    command.args(arguments(port.to_string())).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().ok()?;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Some((child, port.to_string()))
}

/// Starts this program as a worker with two slots, and waits until it serves.
fn worker(url: &str) -> Child {
    let program = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(program);
    command.env("PYBACKGROUND_WORKER", url).env("PYBACKGROUND_WORKER_SLOTS", "2");
    let mut worker = command.stderr(Stdio::piped()).spawn().expect("a process can be started");
    let stderr = worker.stderr.take().expect("it was asked for");
    let _ = BufReader::new(stderr).read_line(&mut String::new());
    worker
}
