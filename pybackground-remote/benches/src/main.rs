//! Calls on other machines side by side with Celery and Dask: see README.md.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pybackground::{Lazy, background, remote};
use serde_bytes::ByteBuf;

const IN_TURN: u32 = 200;
const AT_ONCE: u32 = 2_000;
const LARGE: usize = 8 << 20;

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

/// What one round measures of one way.
#[derive(Clone, Copy)]
struct Figures {
    latency: f64,
    calls_a_second: f64,
    large: f64,
    processor: Option<f64>,
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
    let mut rows: BTreeMap<&str, Vec<Figures>> = BTreeMap::new();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        let processes = [std::process::id(), server.id(), worker.id()];
        rows.entry("remote, at most once").or_default().push(measure(once, &processes));
        rows.entry("remote, retry").or_default().push(measure(again, &processes));
        let redis_port = redis.as_ref().map(|(_, port)| port.as_str());
        if let Some(port) = redis_port {
            rows.entry("Celery on Redis").or_default().extend(peer("celery_peer.py", port));
        }
        rows.entry("Dask.distributed").or_default().extend(peer("dask_peer.py", "-"));
    }
    print(&rows);
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
    let before = processor_time(processes);
    let begin = Instant::now();
    let calls: Vec<Lazy<u32>> = (0..AT_ONCE).map(call).collect();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call, 2 * number);
    }
    let calls_a_second = f64::from(AT_ONCE) / begin.elapsed().as_secs_f64();
    let spent = processor_time(processes).zip(before).map(|(after, before)| after - before);
    let content = ByteBuf::from(vec![0; LARGE]);
    let begin = Instant::now();
    assert_eq!(Lazy::into_inner(echo(content)).len(), LARGE);
    let large = begin.elapsed().as_secs_f64();
    let processor = spent.map(|seconds| seconds / f64::from(AT_ONCE));
    Figures { latency: median(&mut times), calls_a_second, large, processor }
}

/// Runs a peer, which prints its latency, calls in a second, and time for the large value.
fn peer(script: &str, port: &str) -> Option<Figures> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    let mut command = Command::new(program("PYTHON", "python3"));
    let output = command.arg(path).args([port, &AT_ONCE.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [latency, calls_a_second, large] = numbers[..] else {
        eprintln!("{script}: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    };
    Some(Figures { latency, calls_a_second, large, processor: None })
}

/// The seconds of processor time of these processes and of the children of the last.
fn processor_time(processes: &[u32]) -> Option<f64> {
    let mut all: Vec<u32> = processes.to_vec();
    let worker = processes.last()?;
    let children = format!("/proc/{worker}/task/{worker}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    let ticks = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some(ticks(11)? + ticks(12)?)
    };
    Some(all.into_iter().filter_map(ticks).sum::<f64>() / 100.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(rows: &BTreeMap<&str, Vec<Figures>>) {
    println!(
        "| | latency | calls a second | processor time a call | 8 MiB |\n|---|--:|--:|--:|--:|"
    );
    for (name, rounds) in rows.iter().filter(|(_, rounds)| !rounds.is_empty()) {
        let of =
            |take: fn(&Figures) -> f64| median(&mut rounds.iter().map(take).collect::<Vec<_>>());
        let mut processor: Vec<f64> = rounds.iter().filter_map(|round| round.processor).collect();
        let processor = if processor.is_empty() {
            String::new()
        } else {
            format!("{:.2} ms", 1e3 * median(&mut processor))
        };
        println!(
            "| {name} | {:.2} ms | {:.0} | {processor} | {:.0} ms |",
            1e3 * of(|round| round.latency),
            of(|round| round.calls_a_second),
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
