//! Windows: a connection on the loopback interface, a job object. Compiled, but never run by its authors.
//!
//! A process can be given no socket here, so that the child connects: once for the calls, and once to learn of the
//! parent's end while a body runs. Who else connects knows no nonce.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

use crate::process::hook::{self, VARIABLE};
use crate::process::settings;
use crate::process::surroundings::Surroundings;

/// The time between two looks at what nobody tells of.
const PAUSE: Duration = Duration::from_millis(1);

/// Starts this program again, as a child in a job of its own.
///
/// # Errors
///
/// If the system gives no process or no socket, or if the child does not connect in time.
pub(in crate::process) fn launch(
    nonce: u128,
    surroundings: &Surroundings,
) -> io::Result<(Process, Wire)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let mut command = Command::new(std::env::current_exe()?);
    surroundings.surround(&mut command);
    command.env(VARIABLE, format!("{}:{port}", hook::value(nonce))).stdin(Stdio::null());
    let child = CommandWrap::from(command).wrap(JobObject).spawn()?;
    let mut process = Process { child, ended: None };
    let connected =
        process.accept(&listener).and_then(|calls| Ok((calls, process.accept(&listener)?)));
    match connected {
        Ok((stream, lifeline)) => {
            let wire = Wire { stream, _lifeline: lifeline, cut: AtomicBool::new(false) };
            Ok((process, wire))
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

    /// Kills the job.
    pub(in crate::process) fn kill(&mut self) {
        // An error says that nobody is left to be killed.
        let _ = self.child.start_kill();
    }

    /// Kills the job, reaps the child, and tells how it ended.
    pub(in crate::process) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        self.kill();
        let status = self.child.wait()?;
        self.ended = Some(status);
        Ok(status)
    }

    /// It is this process's own.
    #[expect(clippy::unused_self, reason = "other systems have a pipe")]
    pub(in crate::process) fn flush_stderr(&self) {}

    /// Whether the child has ended.
    pub(in crate::process) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended.is_some()
    }

    /// Waits for the child's end for `time` at most.
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

    /// The system tells it to those only who ask in unsafe code.
    #[expect(clippy::unused_self, reason = "other systems know")]
    pub(in crate::process) fn memory_in_use(&self) -> Option<u64> {
        None
    }
}

/// No process ends by a signal here.
pub(in crate::process) fn signal(_: ExitStatus) -> Option<(i32, bool)> {
    None
}

/// The parent's end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
    _lifeline: TcpStream,
    cut: AtomicBool,
}

impl Wire {
    /// Ends the connection: who waits here goes on, with an error.
    pub(crate) fn cut(&self) {
        // ORDERING: who looks has either seen the connection break, or has since had the lock under
        // which this is called.
        self.cut.store(true, Ordering::Relaxed);
        // An error says that the other end is gone.
        let _ = self.stream.shutdown(Shutdown::Both);
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

    /// Reads what the child sends, until the instant at most.
    pub(in crate::process) fn reader(&self, until: Option<Instant>) -> WireReader<'_> {
        WireReader { wire: self, until }
    }
}

/// See [`Wire::reader`].
pub(in crate::process) struct WireReader<'w> {
    wire: &'w Wire,
    until: Option<Instant>,
}

impl Read for WireReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if rest == Some(Duration::ZERO) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.wire.stream.set_read_timeout(rest)?;
        (&self.wire.stream).read(buffer)
    }
}

/// The child's end of the connection.
pub(in crate::process) struct Link {
    calls: TcpStream,
    lifeline: TcpStream,
}

impl Link {
    /// Connects to the port that the parent's variable names.
    pub(in crate::process) fn of_child(port: &str) -> Option<Self> {
        let port: u16 = port.parse().ok()?;
        let connect = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
            stream.set_nodelay(true).ok()?;
            Some(stream)
        };
        Some(Self { calls: connect()?, lifeline: connect()? })
    }

    /// Whether it is what this process was started with: nobody closes sockets by their numbers here.
    #[expect(clippy::unused_self, reason = "other systems have to look")]
    pub(in crate::process) fn is_intact(&self) -> bool {
        true
    }

    /// The same connection, for another thread.
    pub(in crate::process) fn second(&self) -> io::Result<Self> {
        Ok(Self { calls: self.calls.try_clone()?, lifeline: self.lifeline.try_clone()? })
    }

    /// What learns of the parent's end.
    pub(in crate::process) fn watch(&self) -> io::Result<Watch> {
        self.lifeline.try_clone().map(Watch)
    }
}

/// See [`Link::watch`].
pub(in crate::process) struct Watch(TcpStream);

impl Watch {
    /// Waits until the parent is gone.
    pub(in crate::process) fn wait(&self) {
        // Nothing is ever sent here.
        let _ = (&self.0).read(&mut [0]);
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls.read(buffer)
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.calls.flush()
    }
}

/// It was started by its name.
pub(in crate::process) fn show_name() {}

/// Ends this process, which takes nobody along: the parent kills the job.
pub(in crate::process) fn end_group() -> ! {
    end_process()
}

/// Ends this process.
pub(in crate::process) fn end_process() -> ! {
    std::process::abort()
}

/// Nothing counts it here.
pub(in crate::process) fn data_in_use() -> Option<u64> {
    None
}

/// Memory is not limited here.
pub(in crate::process) fn limit_memory(_: u64) -> Option<LimitedMemory> {
    None
}

/// There is none.
pub(in crate::process) enum LimitedMemory {}

/// There is room.
pub(in crate::process) fn make_room_for_report() {}

/// What tells a file from all others. Nobody tells it here.
#[derive(PartialEq, Eq)]
pub(in crate::process) enum Identity {}

pub(in crate::process) fn identity(_: &Metadata) -> Option<Identity> {
    None
}

/// In whose name a process does what it does: who started it, here.
#[derive(PartialEq, Eq)]
pub(in crate::process) struct Rights;

/// What this process has.
pub(in crate::process) fn rights() -> Rights {
    Rights
}

/// Programs have the rights of who starts them here.
pub(in crate::process) fn has_rights_of_another() -> bool {
    false
}

/// Nobody has to ask here: the system has a lock around the environment.
pub(in crate::process) fn has_one_thread() -> bool {
    true
}
