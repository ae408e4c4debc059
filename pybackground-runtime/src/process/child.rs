//! One child: start, ask, end.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::children::Place;
use super::crash::Crash;
use super::failure::{Failure, Likely};
use super::frame::{self, Hello, Kind, News, ReplyHead};
use super::function;
use super::settings;
use super::surroundings::Surroundings;
use super::system::{Process, Wire, launch};

/// How long a child that hung up may take to end by itself. Its connection is closed when it ends, a
/// moment before the system tells of its end.
const GRACE: Duration = Duration::from_secs(2);

/// Memory is looked at after each so many calls, and after each that moved so many bytes.
const CALLS_PER_LOOK: u64 = 16;
const MANY_BYTES: usize = 1 << 20;

/// A reply of so many bytes is read at one go.
const SMALL: usize = 512;

/// A process that serves calls; killed with all that it started, and reaped, when dropped.
pub(super) struct Child {
    process: Process,
    wire: Arc<Wire>,
    surroundings: Arc<Surroundings>,
    calls: u64,
    /// Of the next call.
    number: u64,
    /// How many bytes went there and back since its memory was looked at.
    moved: usize,
    /// Last, so that the place is free when the process is gone.
    _place: Place,
}

/// What a child came back with.
pub(super) struct Reply {
    pub(super) kind: Kind,
    pub(super) content: Vec<u8>,
}

impl Child {
    /// Starts a child, which has yet to greet.
    ///
    /// # Errors
    ///
    /// If the system gives no process or no socket.
    pub(super) fn launch(place: Place, surroundings: Arc<Surroundings>) -> io::Result<Greeting> {
        let nonce = nonce();
        let (process, wire) = launch(nonce, &surroundings)?;
        let wire = Arc::new(wire);
        // None that a body may write by mistake.
        let [number @ .., _, _, _, _, _, _, _, _] = nonce.to_le_bytes();
        let number = u64::from_le_bytes(number);
        let child = Self { process, wire, surroundings, calls: 0, number, moved: 0, _place: place };
        Ok(Greeting { child, nonce })
    }

    pub(super) fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    pub(super) fn was_started_in(&self, surroundings: &Arc<Surroundings>) -> bool {
        Arc::ptr_eq(&self.surroundings, surroundings) || self.surroundings == *surroundings
    }

    /// Whether it still lives, as far as one can see.
    pub(super) fn seems_alive(&mut self) -> bool {
        !self.process.has_ended()
    }

    /// Has the child run a call, of which the frame is given its number.
    ///
    /// # Errors
    ///
    /// If the connection broke: the child ended, or somebody cut it. `InvalidData` if what comes is not the
    /// answer to this call and nothing else: somebody else wrote it, as a copy of the child that a body made.
    pub(super) fn ask(&mut self, call: &mut [u8]) -> io::Result<Reply> {
        self.calls += 1;
        self.number = self.number.wrapping_add(1);
        frame::number(call, self.number);
        self.wire.send(call)?;
        let mut wire = BufReader::with_capacity(SMALL, self.wire.reader(None));
        let mut head = [0; ReplyHead::LENGTH];
        wire.read_exact(&mut head)?;
        let ReplyHead { number, kind, length } = ReplyHead::from_bytes(&head)?;
        // No body was there before the first.
        if number != self.number || (kind == Kind::Declined && self.calls == 1) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // The buffer grows with what comes, not by what a child that lost its mind announces.
        let mut content = Vec::new();
        (&mut wire).take(length).read_to_end(&mut content)?;
        if !wire.buffer().is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if u64::try_from(content.len()) != Ok(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // What the body printed comes before what it returned.
        self.process.flush_stderr();
        self.moved += call.len() + content.len();
        Ok(Reply { kind, content })
    }

    /// Whether it is as good as new, after a call that went well.
    pub(super) fn is_fit(&mut self) -> bool {
        let settings = settings::effective();
        if self.calls >= settings.recycle_after {
            return false;
        }
        if !self.calls.is_multiple_of(CALLS_PER_LOOK) && self.moved < MANY_BYTES {
            return true;
        }
        self.moved = 0;
        self.process.memory_in_use().is_none_or(|bytes| bytes <= settings.recycle_above)
    }

    /// How a child ended whose connection broke by this error.
    pub(super) fn autopsy(mut self, error: &io::Error, memory: Option<u64>) -> Crash {
        if error.kind() == io::ErrorKind::InvalidData {
            return Crash::confused();
        }
        if !self.process.ends_within(GRACE) {
            return Crash::hung_up();
        }
        // What it started goes with it.
        match self.process.end() {
            Ok(status) => Crash::of(status, memory),
            Err(_) => Crash::unseen(),
        }
    }
}

/// A child that has yet to say that it is one.
pub(super) struct Greeting {
    child: Child,
    nonce: u128,
}

impl Greeting {
    pub(super) fn wire(&self) -> &Arc<Wire> {
        self.child.wire()
    }

    /// Waits for the greeting. Nothing is sent before: who knows what that process would make of it.
    ///
    /// # Errors
    ///
    /// If the process ends, says something else, or nothing in time, or if the system gave it too little.
    pub(super) fn wait(self) -> Result<Child, Unready> {
        let patience = settings::effective().start_timeout;
        let mut said = [0; Hello::LENGTH];
        let heard = self.wire().reader(Instant::now().checked_add(patience)).read_exact(&mut said);
        let hello = heard.map(|()| Hello::from_bytes(&said).filter(|it| it.nonce == self.nonce));
        let failed = |why, likely| Unready::Failed(Failure::Handshake { why, likely });
        Err(match hello.map(|hello| hello.map(|hello| hello.news)) {
            Ok(Some(News::Ready { fingerprint })) if fingerprint == function::fingerprint() => {
                return Ok(self.child);
            }
            Ok(Some(News::Refused { error })) => Unready::Refused(
                error.map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error),
            ),
            Ok(_) => failed("it is another program".to_owned(), Some(Likely::Foreign)),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                let why = format!("it did not say that it is ready within {patience:?}");
                failed(why, Some(Likely::Slow))
            }
            // Nobody waits for it any more.
            Err(_) if self.wire().was_cut() => Unready::Failed(Failure::stopped()),
            Err(error) => {
                let end = self.child.autopsy(&error, None);
                let why = format!("before it was ready, {}", end.before_any_call());
                if end.signal().is_some() {
                    Unready::Failed(Failure::Spawn(why))
                } else {
                    // One of ours that ends by itself was made to: it does not get as far as `main`.
                    failed(why, end.code().map(|_| Likely::Foreign))
                }
            }
        })
    }
}

/// Why a child cannot be asked.
pub(super) enum Unready {
    Failed(Failure),
    /// It gives up its place: the system gave it no thread, or the like.
    Refused(io::Error),
}

impl Drop for Child {
    fn drop(&mut self) {
        // First, or another program than ours would take the end of its input for a reason to go on.
        self.process.kill();
        // One that may not be killed, since this program gave up the rights for it, ends by itself.
        self.wire.cut();
        // There is nothing to be done about an error: the process is gone then.
        let _ = self.process.end();
    }
}

/// A number that nobody can guess.
fn nonce() -> u128 {
    let half = || u128::from(RandomState::new().hash_one(Instant::now()));
    half() << 64 | half()
}
