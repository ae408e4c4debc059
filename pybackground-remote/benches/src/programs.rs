//! The programs that take part: servers, the worker, and the peers. Each is killed at the end.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A process that is killed when this is dropped.
pub struct Running(Child);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `nats-server`; returns its port, too.
pub fn nats(folder: &Path) -> Option<(Running, String)> {
    let folder = folder.join("nats");
    server("NATS_SERVER", "nats-server", |command, port| {
        command.args(["-js", "-a", "127.0.0.1", "-p", port, "-sd"]).arg(folder);
    })
}

/// Starts `redis-server`, which writes a log of all changes; returns its port, too.
pub fn redis(folder: &Path) -> Option<(Running, String)> {
    server("REDIS_SERVER", "redis-server", |command, port| {
        command.args(["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "yes"]);
        command.arg("--dir").arg(folder);
    })
}

/// Starts this program as a worker with two slots, and waits until it serves.
pub fn worker(url: &str) -> Running {
    let program = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(program);
    command.env("PYBACKGROUND_WORKER", url).env("PYBACKGROUND_WORKER_SLOTS", "2");
    let mut worker = command.stderr(Stdio::piped()).spawn().expect("a process can be started");
    let stderr = worker.stderr.take().expect("it was asked for");
    let worker = Running(worker);
    let _ = BufReader::new(stderr).read_line(&mut String::new());
    worker
}

/// Runs the script of a peer to its end, and returns what it prints.
pub fn peer(script: &str, arguments: &[&str]) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    let mut command = Command::new(program("PYTHON", "python3"));
    command.arg(path).args(arguments).stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            eprintln!("{script}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(error) => {
            eprintln!("{script}: {error}; the variable PYTHON names the program to run it");
            None
        }
    }
}

fn program(variable: &str, name: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from)
}

/// Starts a server on a free port, and waits until it accepts connections.
fn server(
    variable: &str,
    name: &str,
    arguments: impl FnOnce(&mut Command, &str),
) -> Option<(Running, String)> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?.port();
    let program = program(variable, name);
    let mut command = Command::new(&program);
    arguments(&mut command, &port.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let refused = |why: &dyn std::fmt::Display| {
        let program: &OsStr = program.as_ref();
        eprintln!("{}: {why}; the variable {variable} names the program", program.display());
    };
    let mut child = match command.spawn() {
        Ok(child) => Running(child),
        Err(error) => {
            refused(&error);
            return None;
        }
    };
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Ok(Some(status)) = child.0.try_wait() {
            refused(&format_args!("it ended with {status}"));
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
    Some((child, port.to_string()))
}
