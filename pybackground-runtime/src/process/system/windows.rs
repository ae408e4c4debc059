//! Windows: a connection on the loopback interface, a job object. Compiled, but never run by its authors.
//!
//! A process can inherit no socket here, so the child connects: once for the calls, and once to learn of the end of
//! the connection while a body runs. Another process that connects does not know the nonce.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

use crate::process::frame::{FileId, VARIABLE, variable_value};
use crate::process::settings;

/// The time between two checks of what the system does not report.
const PAUSE: Duration = Duration::from_millis(1);

/// Returns the path of this program.
pub(in crate::process) fn program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Starts this program again by `command`, as a child in a job of its own.
///
/// # Errors
///
/// If the system gives no process or no socket, or if the child does not connect in time.
pub(in crate::process) fn launch(
    mut command: Command,
    nonce: u128,
) -> io::Result<(Process, Connection)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    command.env(VARIABLE, format!("{}:{port}", variable_value(nonce))).stdin(Stdio::null());
    let child = CommandWrap::from(command).wrap(JobObject).spawn()?;
    let mut process = Process { child, ended: None };
    let connected =
        process.accept(&listener).and_then(|calls| Ok((calls, process.accept(&listener)?)));
    match connected {
        Ok((stream, lifeline)) => {
            let connection = Connection { stream, lifeline, cut: AtomicBool::new(false) };
            Ok((process, connection))
        }
        Err(error) => {
            let _ = process.end();
            Err(error)
        }
    }
}

/// A child and all that it starts.
pub(in crate::process) struct Process {
    child: Box<dyn ChildWrapper>,
    ended: Option<ExitStatus>,
}

impl Process {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<TcpStream> {
        let start = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.has_ended() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if start.elapsed() >= settings::effective().start_timeout {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(PAUSE);
        }
    }

    pub(in crate::process) fn number(&self) -> u32 {
        self.child.id()
    }

    /// Kills the job.
    pub(in crate::process) fn kill(&mut self) {
        // An error says that there is no such process.
        let _ = self.child.start_kill();
    }

    /// Kills the job, reaps the child, and returns how it ended.
    pub(in crate::process) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        self.kill();
        let status = self.child.wait()?;
        self.ended = Some(status);
        Ok(status)
    }

    /// Whether the child has ended.
    pub(in crate::process) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended.is_some()
    }

    /// Waits for the end of the child for at most `time`; `false` if it has not ended.
    pub(in crate::process) fn ends_within(&mut self, time: Duration) -> bool {
        let start = Instant::now();
        while !self.has_ended() {
            if start.elapsed() >= time {
                return false;
            }
            thread::sleep(PAUSE);
        }
        true
    }

    /// The system tells it in unsafe code only.
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(in crate::process) fn memory_in_use(&self) -> Option<u64> {
        None
    }
}

/// No process ends by a signal here.
pub(in crate::process) fn signal(_: ExitStatus) -> Option<(i32, bool)> {
    None
}

/// The program's end of a connection.
pub(in crate::process) struct Connection {
    stream: TcpStream,
    lifeline: TcpStream,
    cut: AtomicBool,
}

impl Connection {
    /// Tells the child that no call will come, so that it exits.
    pub(in crate::process) fn hang_up(&self) {
        // An error says that the other end is gone.
        let _ = self.lifeline.shutdown(Shutdown::Both);
    }

    pub(in crate::process) fn was_cut(&self) -> bool {
        // ORDERING: see `cut`.
        self.cut.load(Ordering::Relaxed)
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    ///
    /// If the child has ended or the connection was cut.
    pub(in crate::process) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.stream).write_all(bytes)
    }

    /// Reads what the child sends, at most until the instant.
    pub(in crate::process) fn reader(&self, until: Option<Instant>) -> ConnectionReader<'_> {
        ConnectionReader { connection: self, until }
    }
}

impl crate::waits::Disconnect for Connection {
    fn cut(&self) {
        // ORDERING: a reader of the flag has either seen the connection break, or has since had the lock under which
        // this is called.
        self.cut.store(true, Ordering::Relaxed);
        // An error says that the other end is gone.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// See [`Connection::reader`].
pub(in crate::process) struct ConnectionReader<'c> {
    connection: &'c Connection,
    until: Option<Instant>,
}

impl Read for ConnectionReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if rest == Some(Duration::ZERO) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.connection.stream.set_read_timeout(rest)?;
        (&self.connection.stream).read(buffer)
    }
}

/// The child's end of the connection.
pub(in crate::process) struct ChildConnection {
    calls: TcpStream,
    lifeline: TcpStream,
}

impl ChildConnection {
    /// Connects to the port in the variable.
    pub(in crate::process) fn inherited(port: &str) -> Option<Self> {
        let port: u16 = port.parse().ok()?;
        let connect = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
            stream.set_nodelay(true).ok()?;
            Some(stream)
        };
        Some(Self { calls: connect()?, lifeline: connect()? })
    }

    /// Bodies do not close sockets by their numbers here.
    #[expect(clippy::unused_self, reason = "other systems use it")]
    pub(in crate::process) fn is_intact(&self) -> bool {
        true
    }

    /// Returns the same connection, for another thread.
    pub(in crate::process) fn second(&self) -> io::Result<Self> {
        Ok(Self { calls: self.calls.try_clone()?, lifeline: self.lifeline.try_clone()? })
    }

    /// Returns what waits for the end of the connection.
    pub(in crate::process) fn watch(&self) -> io::Result<Watch> {
        self.lifeline.try_clone().map(Watch)
    }
}

/// See [`ChildConnection::watch`].
pub(in crate::process) struct Watch(TcpStream);

impl Watch {
    pub(in crate::process) fn wait(&self) {
        // The program sends nothing here.
        let _ = (&self.0).read(&mut [0]);
    }
}

impl Read for ChildConnection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls.read(buffer)
    }
}

impl Write for ChildConnection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.calls.flush()
    }
}

/// The program was started by its name.
pub(in crate::process) fn show_name() {}

/// The system does not tell. It kills the job when the program ends.
pub(in crate::process) fn parent_lives() -> bool {
    true
}

/// Ends this process. The program kills the job.
pub(in crate::process) fn end_group() -> ! {
    end_process()
}

/// Ends this process.
pub(in crate::process) fn end_process() -> ! {
    std::process::abort()
}

/// The system does not count it.
pub(in crate::process) fn data_in_use() -> Option<u64> {
    None
}

/// Memory is not limited here.
pub(in crate::process) fn limit_memory(_: u64) -> Option<LimitedMemory> {
    None
}

/// There is no limit.
pub(in crate::process) enum LimitedMemory {}

/// There is no limit.
pub(in crate::process) fn make_room_for_report() {}

/// Files have no numbers that safe code can read.
pub(in crate::process) fn file_id(_: &Metadata) -> Option<FileId> {
    None
}

/// A process acts for the user who started it.
pub(in crate::process) fn credentials() -> (u32, u32) {
    (0, 0)
}

/// Programs have the rights of the user who starts them here.
pub(in crate::process) fn starts_secure_programs() -> bool {
    false
}

/// The system has a lock around the environment.
pub(in crate::process) fn has_one_thread() -> bool {
    true
}
