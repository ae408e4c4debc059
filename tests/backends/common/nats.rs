//! A server and workers of their own, on loopback, which end with the test program.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The path of the server. A machine that sets it has one: it is an error if that cannot be started.
const SERVER: &str = "PYBACKGROUND_TEST_NATS";

/// Returns the path of a server, or says that the tests are skipped.
pub(crate) fn server_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(SERVER) {
        return Some(path.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join("nats-server"));
    let found = found.chain([PathBuf::from("/usr/sbin/nats-server")]).find(|path| path.is_file());
    if found.is_none() {
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(
            stderr,
            "SKIPPED: there is no nats-server; install one, or set {SERVER} to its path"
        );
    }
    found
}

/// A process that is killed when this is dropped, and when this program ends.
pub(crate) struct Process {
    child: Child,
    /// The end of this program closes it.
    killer: (Child, ChildStdin),
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_in(command, None)
    }

    /// As `start`, with a folder that is removed at the end.
    fn start_in(command: &mut Command, folder: Option<&Path>) -> Self {
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let remove =
            folder.map(|folder| format!("; rm -rf '{}'", folder.display())).unwrap_or_default();
        let kill = format!("read _; kill -9 {}{remove}", child.id());
        let mut killer = Command::new("sh");
        let killer = killer.args(["-c", &kill]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut killer = killer.spawn().unwrap();
        let input = killer.stdin.take().unwrap();
        Self { child, killer: (killer, input) }
    }

    /// Kills the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The number of the process may soon be that of another.
        let _ = self.killer.0.kill();
        let _ = self.killer.0.wait();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        // Not every machine has `kill` as a program.
        let kill = format!("kill -s {name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end; returns the exit code.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns a port that was free a moment ago, of those that the system gives to nobody by itself: it is still free when
/// the server takes it, and while the server is away.
fn free_port() -> u16 {
    loop {
        let offset = RandomState::new().build_hasher().finish() % 22_000;
        let port = 10_000 + u16::try_from(offset).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// Whether the server of that name answers at the port, and no other program.
fn greets(port: u16, name: &str) -> bool {
    let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.contains(name)
}

/// A server with a folder of its own.
pub(crate) struct Server {
    process: Option<Process>,
    /// What it calls itself.
    name: String,
    path: PathBuf,
    folder: PathBuf,
    port: u16,
    /// Where the server says whether it is well.
    health: Option<u16>,
    /// Further arguments.
    arguments: Vec<String>,
}

impl Server {
    /// Starts a server; `None` if there is none on this machine.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts a server with this in its configuration.
    pub(crate) fn start_with(configuration: &str) -> Option<Self> {
        Self::start_at(free_port(), None, configuration)
    }

    /// Starts the servers of a cluster.
    pub(crate) fn start_cluster<const N: usize>() -> Option<[Self; N]> {
        server_path()?;
        let [clients, others] = [(); 2].map(|()| [(); N].map(|()| free_port()));
        let routes = others.map(|port| format!("nats-route://127.0.0.1:{port}")).join(", ");
        let mut at = 0;
        Some(clients.map(|client| {
            let other = others[at];
            at += 1;
            let cluster = format!(
                "cluster {{ name: cluster, listen: \"127.0.0.1:{other}\", routes: [{routes}] }}"
            );
            Self::start_at(client, Some(free_port()), &cluster).unwrap()
        }))
    }

    fn start_at(port: u16, health: Option<u16>, configuration: &str) -> Option<Self> {
        let path = server_path()?;
        let name = format!("pybackground-nats-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("server.conf");
        let store = folder.join("store").display().to_string();
        let health_at =
            health.map(|port| format!("http: \"127.0.0.1:{port}\"\n")).unwrap_or_default();
        let common = format!(
            "server_name: {name:?}\n{health_at}jetstream {{ store_dir: {store:?} }}\nhost: 127.0.0.1\n{configuration}\n"
        );
        fs::write(&file, common).unwrap();
        let arguments = vec!["-c".to_owned(), file.display().to_string()];
        let mut server = Self { process: None, name, path, folder, port, health, arguments };
        server.restart();
        Some(server)
    }

    /// Starts the server again, on the same port and with what it had stored.
    pub(crate) fn restart(&mut self) {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).args(["-p", &self.port.to_string()]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = self.process.insert(Process::start_in(&mut command, Some(&self.folder)));
        while !greets(self.port, &self.name) {
            assert!(
                !process.has_ended(),
                "{} ended: its port {} may be taken",
                self.name,
                self.port
            );
            thread::yield_now();
        }
    }

    /// Kills the server as a power cut of its process would.
    pub(crate) fn kill(&mut self) {
        // The folder stays for the next start.
        self.process.as_mut().unwrap().kill();
    }

    /// Waits until a server of a cluster has caught up with the others.
    pub(crate) fn wait_until_healthy(&self) {
        let health = self.health.expect("it is one of a cluster");
        loop {
            let mut answer = String::new();
            // It may not listen yet.
            if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, health)) {
                let _ = stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n");
                let _ = stream.read_to_string(&mut answer);
            }
            if answer.lines().next().is_some_and(|line| line.contains(" 200 ")) {
                return;
            }
            thread::yield_now();
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server, which ends with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts this program as a worker, and waits until it serves.
    pub(crate) fn worker(&self) -> Process {
        self.worker_with(&[])
    }

    /// As `worker`, with these variables.
    pub(crate) fn worker_with(&self, variables: &[(&str, &str)]) -> Process {
        self.worker_of(&std::env::current_exe().unwrap(), variables).0
    }

    /// As `worker_with`, of another program. Returns what it says of itself, too.
    pub(crate) fn worker_of(
        &self,
        program: &Path,
        variables: &[(&str, &str)],
    ) -> (Process, String) {
        let mut command = Command::new(program);
        command.env("PYBACKGROUND_WORKER", self.url()).envs(variables.iter().copied());
        command.env_remove(super::child::CHILD).stderr(Stdio::piped());
        let mut worker = Process::start(&mut command);
        let mut lines = BufReader::new(worker.child.stderr.take().unwrap()).lines();
        let said = loop {
            let line = lines.next().expect("the worker ended").unwrap();
            if line.starts_with("pybackground: worker ") {
                break line;
            }
            assert!(!line.contains("PYBACKGROUND_WORKER:"), "{line}");
        };
        // What the bodies print must not block them.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = writeln!(std::io::stderr(), "worker: {line}");
            }
        });
        (worker, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}
