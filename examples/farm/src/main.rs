//! Renders frames of a flight into the Mandelbrot set on several workers, kills one of them half-way, and says what was
//! repeated.
//!
//! The program starts a server and its workers itself, so that it shows everything on one machine: it needs the program
//! `nats-server` in PATH, or its path in the variable `NATS_SERVER`. With `PYBACKGROUND_REMOTE` it uses the server there,
//! and workers on as many machines as there are. Without any server the frames are rendered by processes of this
//! machine, and nobody is killed.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pybackground::{Lazy, as_completed, background, remote};
use serde_bytes::ByteBuf;

const FRAMES: u32 = 60;
const WORKERS: usize = 3;
const SIZE: u32 = 160;

/// How soon a worker counts as dead. The default of ten seconds suits networks.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// Renders a frame on any worker, and again if that worker disappears: a frame has no effect but its picture.
#[background(remote, retry = 3)]
fn frame(number: u32, log: &Path) -> ByteBuf {
    // On one machine, this shows what was started.
    if let Ok(mut log) = OpenOptions::new().append(true).create(true).open(log) {
        let _ = log.write_all(format!("{number}\n").as_bytes());
    }
    ByteBuf::from(render(number))
}

/// One byte of grey a pixel.
fn render(number: u32) -> Vec<u8> {
    let width = 3.0 * 0.9_f64.powi(i32::try_from(number).unwrap_or(i32::MAX));
    let at = |pixel: u32| (f64::from(pixel) / f64::from(SIZE) - 0.5) * width;
    let pixels = (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (x, y)));
    pixels.map(|(x, y)| shade(-0.743_643_9 + at(x), 0.131_825_9 + at(y))).collect()
}

fn shade(re: f64, im: f64) -> u8 {
    let (mut x, mut y) = (0.0, 0.0);
    for step in 0..2_000_u32 {
        if x * x + y * y > 4.0 {
            return u8::try_from(step % 256).unwrap_or(u8::MAX);
        }
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
    }
    0
}

fn main() {
    let folder = std::env::temp_dir().join(format!("farm-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let (mut server, mut workers) = (None, Vec::new());
    if std::env::var_os("PYBACKGROUND_REMOTE").is_none() {
        match start_server(&folder) {
            Some((child, url)) => {
                server = Some(child);
                remote()
                    .url(&*url)
                    .lost_after(LOST_AFTER)
                    .install()
                    .expect("this is the first call");
                workers.extend((0..WORKERS).map(|_| start_worker(&url)));
            }
            None => println!("no nats-server here: processes of this machine render"),
        }
    }
    let log = folder.join("started");
    let frames: Vec<Lazy<ByteBuf>> = (0..FRAMES).map(|number| frame(number, &log)).collect();
    let (mut done, mut bytes) = (0, 0);
    for (number, picture) in as_completed(frames) {
        match picture {
            Ok(picture) => bytes += picture.len(),
            Err(error) => println!("\nframe {number}: {error}"),
        }
        done += 1;
        show(done);
        if done == FRAMES / 2
            && let Some(mut victim) = workers.pop()
        {
            println!("\nkill -9 of worker {}", victim.id());
            let _ = victim.kill();
            let _ = victim.wait();
        }
    }
    println!("\n{done} frames, {bytes} bytes");
    println!("{}", repeated(&fs::read_to_string(&log).unwrap_or_default()));
    for mut child in workers.into_iter().chain(server) {
        let _ = child.kill();
        let _ = child.wait();
    }
    let _ = fs::remove_dir_all(folder);
}

/// Draws the progress bar.
fn show(done: u32) {
    let width = 40 * done / FRAMES;
    let bar: String = (0..40).map(|at| if at < width { '#' } else { '.' }).collect();
    print!("\r[{bar}] {done}/{FRAMES}");
    let _ = std::io::stdout().flush();
}

/// Says which frames were started more than once.
fn repeated(log: &str) -> String {
    let mut starts: BTreeMap<&str, u32> = BTreeMap::new();
    for number in log.lines() {
        *starts.entry(number).or_default() += 1;
    }
    let again: Vec<&str> =
        starts.iter().filter(|(_, starts)| **starts > 1).map(|(number, _)| *number).collect();
    if again.is_empty() {
        "no frame was started twice".to_owned()
    } else {
        format!("started again on another worker: frames {}", again.join(", "))
    }
}

/// Starts a server for this machine alone; `None` if there is none.
fn start_server(folder: &Path) -> Option<(Child, String)> {
    let program =
        std::env::var_os("NATS_SERVER").map_or_else(|| "nats-server".into(), PathBuf::from);
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
    let mut command = Command::new(program);
    command.args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"]).arg(folder);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    Some((child, format!("nats://127.0.0.1:{port}")))
}

/// Starts this program as a worker, and waits until it serves.
fn start_worker(url: &str) -> Child {
    let program = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(program);
    command.env("PYBACKGROUND_WORKER", url).env("PYBACKGROUND_WORKER_SLOTS", "2");
    command.env("PYBACKGROUND_REMOTE_LOST_AFTER", LOST_AFTER.as_secs().to_string());
    let mut worker = command.stderr(Stdio::piped()).spawn().expect("a process can be started");
    let mut said = String::new();
    if let Some(stderr) = worker.stderr.take() {
        let _ = BufReader::new(stderr).read_line(&mut said);
    }
    print!("{said}");
    worker
}
