//! What a child writes to its standard error, passed on in whole lines.
//!
//! Rust writes that unbuffered, a line in as many pieces as it has, between which those of another process may come.
//! A pipe is read here, which keeps what a child wrote before it crashed: a buffer of its own would be lost.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::mem;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use super::wait_for;
use crate::sync::lock_leaf;

/// How much is read at once.
const PIECE: usize = 16 << 10;

/// How much is kept of a line that does not end.
const LONGEST: usize = 64 << 10;

const STACK: usize = 64 << 10;

/// The parent's end of a child's standard error, and the thread that reads it.
pub(super) struct Stderr {
    source: Arc<Source>,
    relay: Option<JoinHandle<()>>,
}

impl Stderr {
    /// One that passes on what is written to the pipe.
    ///
    /// # Errors
    ///
    /// If the system gives no pipe or no thread.
    pub(super) fn new() -> io::Result<(Self, PipeWriter)> {
        let (pipe, theirs) = io::pipe()?;
        ioctl_fionbio(&pipe, true)?;
        let source = Arc::new(Source { pipe, begun: Mutex::default() });
        let relay = thread::Builder::new().name("background-stderr".to_owned()).stack_size(STACK);
        let relay = relay.spawn({
            let source = source.clone();
            move || source.relay()
        })?;
        Ok((Self { source, relay: Some(relay) }, theirs))
    }

    /// Passes on all that was written before, a line that has no end included.
    pub(super) fn flush(&self) {
        self.source.flush();
    }

    /// As `flush`, after the end of the child. What it started and could not be killed is listened to for as long as
    /// it lives.
    pub(super) fn finish(&mut self) {
        if self.source.is_closed() {
            // An error is a panic, which a thread has that does not panic.
            let _ = self.relay.take().map(JoinHandle::join);
        } else {
            self.flush();
        }
    }
}

struct Source {
    pipe: PipeReader,
    /// The line that has yet to end. Who has the lock reads and writes.
    begun: Mutex<Vec<u8>>,
}

impl Source {
    /// Passes on whole lines until nobody is left who could write one.
    fn relay(&self) {
        let mut is_open = true;
        while is_open {
            let mut fds = [PollFd::new(&self.pipe, PollFlags::IN)];
            is_open = wait_for(&mut fds, None).is_ok() && self.pass_on();
        }
        self.flush();
    }

    /// Passes on a piece of what is there; whether there may be more some time.
    fn pass_on(&self) -> bool {
        let mut piece = [0; PIECE];
        let mut begun = lock_leaf(&self.begun);
        match (&self.pipe).read(&mut piece) {
            Ok(0) => false,
            Ok(read) => {
                add(&mut begun, &piece[..read]);
                true
            }
            Err(error) => {
                matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
            }
        }
    }

    fn flush(&self) {
        let mut begun = lock_leaf(&self.begun);
        // No more than is there now: who writes on and on is not waited for.
        let there = ioctl_fionread(&self.pipe).unwrap_or(0);
        let mut there = (&self.pipe).take(there);
        let mut piece = [0; PIECE];
        while let Ok(read @ 1..) = there.read(&mut piece) {
            add(&mut begun, &piece[..read]);
        }
        write(&mem::take(&mut *begun));
    }

    /// Whether nobody is left who could write.
    fn is_closed(&self) -> bool {
        let mut fds = [PollFd::new(&self.pipe, PollFlags::empty())];
        let now = Timespec::default();
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::HUP)
    }
}

/// Adds to a line, and passes on what is whole.
fn add(begun: &mut Vec<u8>, piece: &[u8]) {
    let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (end, rest) = piece.split_at(end);
    begun.extend(end);
    if !end.is_empty() || begun.len() >= LONGEST {
        write(begun);
        begun.clear();
    }
    begun.extend(rest);
}

/// Writes to the standard error of this process, without the lock of `std`: whoever has that may be waiting for
/// the call whose output this is.
fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(io::stderr(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Nobody is left who could be told.
            Err(_) => return,
        }
    }
}
