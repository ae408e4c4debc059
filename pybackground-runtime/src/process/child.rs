//! One child, as the program sees it: start, call, end.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::{Access, Caller};
use super::frame::{self, Hello, News, ReplyHead, ReplyKind};
use super::function;
use super::launch::launch;
use super::settings;
use super::system::{self, Connection, Process};
use crate::error::{Crash, Failure, Likely, ProcessEnd};
use crate::waits::Disconnect as _;

/// How long a child may take to end after its connection broke: the system closes the connection of a process a
/// moment before it reports the end.
const GRACE: Duration = Duration::from_secs(2);

/// The memory of a child is checked after this many calls, and after calls that moved this many bytes.
const CALLS_PER_CHECK: u64 = 16;
const MANY_BYTES: usize = 1 << 20;

/// Two replies of this many bytes are read at once.
const SMALL: usize = 512;

/// A process that serves calls. Dropping it kills it with all that it started, and reaps it.
pub(super) struct Child {
    process: Process,
    connection: Arc<Connection>,
    access: Access,
    calls: u64,
    /// The number of the last call.
    number: u64,
    /// The bytes sent and received since the memory was checked.
    moved: usize,
}

/// The outcome of a call, as the child reports it.
pub(super) struct ChildReply {
    pub(super) kind: ReplyKind,
    pub(super) content: Vec<u8>,
}

/// Why a child did not report the outcome of a call.
pub(super) struct Lost {
    /// Whether the body may have begun.
    pub(super) may_have_begun: bool,
    pub(super) error: io::Error,
}

impl Child {
    /// Starts a child, which has yet to send its greeting.
    ///
    /// # Errors
    ///
    /// If the system gives no process or no socket.
    pub(super) fn launch(caller: &Caller) -> io::Result<Greeting> {
        let nonce = nonce();
        let (process, connection) = launch(nonce, caller)?;
        // A body writes no such number by mistake.
        let [number @ .., _, _, _, _, _, _, _, _] = nonce.to_le_bytes();
        let child = Self {
            process,
            connection: Arc::new(connection),
            access: caller.access,
            calls: 0,
            number: u64::from_le_bytes(number),
            moved: 0,
        };
        Ok(Greeting { child, nonce })
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The system's number of the process.
    pub(super) fn process_number(&self) -> u32 {
        self.process.number()
    }

    pub(super) fn serves(&self, access: &Access) -> bool {
        self.access == *access
    }

    /// Whether the process has not ended. It may end at any time.
    pub(super) fn seems_alive(&mut self) -> bool {
        !self.process.has_ended()
    }

    /// Sends a call, which gets its number here, and waits for its outcome.
    ///
    /// # Errors
    ///
    /// If the connection broke, because the child ended or because it was cut. `InvalidData` if the child sent bytes
    /// that are no answer to this call: a body wrote to the connection.
    pub(super) fn ask(&mut self, call: &mut [u8]) -> Result<ChildReply, Lost> {
        let mut has_begun = false;
        self.exchange(call, &mut has_begun).map_err(|error| {
            // Bytes of another writer do not tell whether the body has begun.
            let may_have_begun = has_begun || error.kind() == io::ErrorKind::InvalidData;
            Lost { may_have_begun, error }
        })
    }

    fn exchange(&mut self, call: &mut [u8], has_begun: &mut bool) -> io::Result<ChildReply> {
        self.calls += 1;
        self.number = self.number.wrapping_add(1);
        frame::number(call, self.number);
        self.connection.send(call)?;
        let mut replies = BufReader::with_capacity(SMALL, self.connection.reader(None));
        let ReplyHead { kind, length, .. } = loop {
            let mut head = [0; ReplyHead::LENGTH];
            replies.read_exact(&mut head)?;
            let head = ReplyHead::from_bytes(&head)?;
            // No earlier body can have left a new child unfit.
            let is_expected = match head.kind {
                ReplyKind::Begun => !*has_begun && head.length == 0,
                ReplyKind::Declined => !*has_begun && self.calls > 1,
                _ => true,
            };
            if head.number != self.number || !is_expected {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if head.kind != ReplyKind::Begun {
                break head;
            }
            *has_begun = true;
        };
        let content = frame::rest(&mut replies, length)?;
        if !replies.buffer().is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.moved += call.len() + content.len();
        Ok(ChildReply { kind, content })
    }

    /// Whether the child may serve another call, after one that went well.
    pub(super) fn is_fit(&mut self) -> bool {
        let settings = settings::effective();
        if self.calls >= settings.recycle_after {
            return false;
        }
        if !self.calls.is_multiple_of(CALLS_PER_CHECK) && self.moved < MANY_BYTES {
            return true;
        }
        self.moved = 0;
        self.process.memory_in_use().is_none_or(|bytes| bytes <= settings.recycle_above)
    }

    /// Returns how a child ended whose connection broke with this error.
    pub(super) fn exit_reason(mut self, error: &io::Error, memory: Option<u64>) -> Crash {
        if error.kind() == io::ErrorKind::InvalidData {
            return Crash::new(ProcessEnd::ProtocolViolation, None);
        }
        if !self.process.ends_within(GRACE) {
            return Crash::new(ProcessEnd::Disconnected, None);
        }
        // Kills what it started.
        let Ok(status) = self.process.end() else {
            return Crash::new(ProcessEnd::Unobserved, None);
        };
        let end = match (system::signal(status), status.code()) {
            (Some((signal, dumped_core)), _) => ProcessEnd::Signalled { signal, dumped_core },
            (None, code) => ProcessEnd::Exited { code: code.unwrap_or_default() },
        };
        Crash::new(end, memory)
    }

    /// Tells the child to exit, which runs its exit handlers. See [`Child::wait_for_exit`].
    pub(super) fn request_exit(&self) {
        self.connection.hang_up();
    }

    /// Waits for a child that was told to exit, kills it if it does not by `end`, and reaps it.
    pub(super) fn wait_for_exit(mut self, end: Instant) {
        self.process.ends_within(end.saturating_duration_since(Instant::now()));
    }
}

/// A child that has yet to send its greeting.
pub(super) struct Greeting {
    child: Child,
    nonce: u128,
}

impl Greeting {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        self.child.connection()
    }

    /// Waits for the greeting. Nothing is sent before: the process may be another program.
    ///
    /// # Errors
    ///
    /// If the process ends, sends something else, or nothing in time, or if the system gave it too little.
    pub(super) fn wait(self) -> Result<Child, Unready> {
        let patience = settings::effective().start_timeout;
        let mut said = [0; Hello::LENGTH];
        let until = Instant::now().checked_add(patience);
        let read = self.connection().reader(until).read_exact(&mut said);
        let hello = read.map(|()| Hello::from_bytes(&said).filter(|it| it.nonce == self.nonce));
        let failed = |why, likely| Unready::Failed(Failure::Handshake { why, likely });
        Err(match hello.map(|hello| hello.map(|hello| hello.news)) {
            Ok(Some(News::Ready { fingerprint, directory }))
                if fingerprint == function::fingerprint() =>
            {
                if directory == self.child.access.directory {
                    return Ok(self.child);
                }
                Unready::Failed(Failure::Spawn(
                    "the directory of the call was moved or removed, and the program has left it; call \
                     in a directory that stays"
                        .to_owned(),
                ))
            }
            Ok(Some(News::Refused { error })) => Unready::Refused(
                error.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error),
            ),
            Ok(_) => failed("it is another program".to_owned(), Some(Likely::Foreign)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let why = format!("it did not say that it is ready within {patience:?}");
                failed(why, Some(Likely::Slow))
            }
            Err(_) if self.connection().was_cut() => Unready::Cut,
            Err(error) => {
                let crash = self.child.exit_reason(&error, None);
                let why = format!("before it was ready, {}", crash.before_any_call());
                if crash.signal().is_some() {
                    Unready::Failed(Failure::Spawn(why))
                } else {
                    // A child of this program does not exit by itself before it is ready.
                    failed(why, crash.code().map(|_| Likely::Foreign))
                }
            }
        })
    }
}

/// Why a child serves no calls.
pub(super) enum Unready {
    Failed(Failure),
    /// The system refused the child a thread or the like.
    Refused(io::Error),
    /// The call that waited was stopped.
    Cut,
}

impl Drop for Child {
    fn drop(&mut self) {
        // Before the connection: another program may take the end of its input as a reason to go on.
        self.process.kill();
        // A child that this program may not kill any more, because it gave up rights, ends by itself.
        self.connection.cut();
        // An error says that the process is gone.
        let _ = self.process.end();
    }
}

/// Returns a number that nobody can guess.
fn nonce() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(Instant::now()));
    half() << 64 | half()
}
