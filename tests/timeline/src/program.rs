//! Programs that record themselves.

use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;
use std::{fs, thread};

/// Far beyond what any test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Ends the process with a message unless the returned value is dropped in time.
#[must_use = "the watchdog watches until it is dropped"]
pub fn watchdog() -> Sender<()> {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    let (alive, watched) = channel::<()>();
    thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ = writeln!(std::io::stderr(), "test `{test}` did not end within {PATIENCE:?}");
            std::process::abort();
        }
    });
    alive
}

/// A folder of one test, which is removed with all that is in it when this is dropped.
pub struct Folder(PathBuf);

/// Makes an empty folder.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn folder() -> Folder {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("timeline-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    Folder(folder)
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A browser that is being killed may write a last file.
        while fs::remove_dir_all(&self.0).is_err() && self.0.exists() {
            thread::yield_now();
        }
    }
}

/// A running program of `src/bin/scenes.rs`.
pub struct Program {
    process: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Program {
    /// Starts the program `scenes` with a scene and a target for its timeline.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(path: &str, scene: &[&str], target: &Path) -> Self {
        let mut process = Command::new(path)
            .args(scene)
            .env("PYBACKGROUND_TIMELINE", target)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = BufReader::new(process.stdout.take().expect("piped"));
        let stderr = BufReader::new(process.stderr.take().expect("piped"));
        Self { process, stdout, stderr }
    }

    /// The system's number of the process.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.process.id()
    }

    /// The next line that it prints.
    ///
    /// # Panics
    ///
    /// If it has closed its output.
    pub fn line(&mut self) -> String {
        line(&mut self.stdout)
    }

    /// The next line of its standard error.
    ///
    /// # Panics
    ///
    /// If it has closed it.
    pub fn complaint(&mut self) -> String {
        line(&mut self.stderr)
    }

    /// Lets a scene that waits for its input go on.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub fn go_on(&mut self) {
        let input = self.process.stdin.as_mut().expect("piped");
        input.write_all(b"\n").and_then(|()| input.flush()).expect("the program reads");
    }

    /// Sends it a signal, such as `INT`.
    ///
    /// # Panics
    ///
    /// If there is no `kill`.
    pub fn signal(&self, signal: &str) {
        let number = self.process.id().to_string();
        let sent = Command::new("bash")
            .args(["-c", r#"kill -s "$1" "$2""#, "bash", signal, &number])
            .status();
        assert!(sent.expect("bash").success());
    }

    /// Waits for its end; returns how it ended and what else it wrote to its standard error.
    ///
    /// # Panics
    ///
    /// If it was lost.
    #[must_use]
    pub fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        rest.clear();
        self.stderr.read_to_string(&mut rest).expect("text");
        (self.process.wait().expect("its end"), rest)
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("text");
    assert!(line.ends_with('\n'), "the program has ended");
    line.trim_end().to_owned()
}
