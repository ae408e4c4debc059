//! What a child writes to its standard error, passed on in whole lines.
//!
//! Rust writes that unbuffered, a line in as many pieces as it has, between which those of another process may come.
//! A pipe is read here, which keeps what a child wrote before it crashed: a buffer of its own would be lost.
//!
//! A thread for each child reads and writes, for as long as that takes. Others who have something passed on
//! wait for a moment only: whoever reads the errors of this program may have stopped to, and no call is to hang
//! for that.

use std::convert::Infallible;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libc::PIPE_BUF;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use super::pen::{Held, Pen};
use super::wait_for;
use crate::sync::lock_leaf;

/// How much is read at once.
const PIECE: usize = 16 << 10;

/// How much is kept of a line that does not end, and for how long.
const LONGEST: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(50);

/// How long who has something passed on waits for who reads the errors of this program.
const PATIENCE: Duration = Duration::from_millis(100);

const STACK: usize = 64 << 10;

/// One at a time writes, so that long lines stay whole.
static PEN: Pen = Pen::new();

/// The parent's end of a child's standard error, and the thread that reads it.
pub(super) struct Stderr {
    source: Arc<Source>,
    relay: Option<JoinHandle<()>>,
    /// Nothing ever comes, until the thread ends.
    end: Receiver<Infallible>,
}

impl Stderr {
    /// One that passes on what is written to the pipe.
    ///
    /// # Errors
    ///
    /// If the system gives no pipe or no thread, or if this program has closed its standard error.
    pub(super) fn new() -> io::Result<(Self, PipeWriter)> {
        // It is still this when something else has its number.
        let out = io::stderr().as_fd().try_clone_to_owned()?;
        let (pipe, theirs) = io::pipe()?;
        ioctl_fionbio(&pipe, true)?;
        let (busy, begun) = (AtomicBool::new(false), Mutex::default());
        let source = Arc::new(Source { pipe, out, busy, begun });
        let relay = thread::Builder::new().name("background-stderr".to_owned()).stack_size(STACK);
        let (until_end, end) = mpsc::channel();
        let relay = relay.spawn({
            let source = source.clone();
            move || {
                source.relay();
                drop((source, until_end));
            }
        })?;
        Ok((Self { source, relay: Some(relay), end }, theirs))
    }

    /// Passes on all that was written before, a line that has no end included; what is not taken in a moment, the
    /// thread passes on when it is.
    pub(super) fn flush(&self) {
        self.source.flush();
    }

    /// As `flush`, after the end of the child. What it started and could not be killed is listened to for as long as
    /// it lives.
    pub(super) fn finish(&mut self) {
        if !self.source.is_closed() {
            return self.flush();
        }
        if self.end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected) {
            // An error is a panic, which a thread has that does not panic.
            let _ = self.relay.take().map(JoinHandle::join);
        }
    }
}

struct Source {
    pipe: PipeReader,
    /// The standard error of this program.
    out: OwnedFd,
    /// The thread has read something that it has yet to write.
    busy: AtomicBool,
    /// The line that has yet to end. Who has the pen changes it.
    begun: Mutex<Vec<u8>>,
}

impl Source {
    /// Passes on whole lines until nobody is left who could write one.
    fn relay(&self) {
        loop {
            let waits_until = (!lock_leaf(&self.begun).is_empty()).then(|| Instant::now() + PAUSE);
            let mut fds = [PollFd::new(&self.pipe, PollFlags::IN)];
            let comes = wait_for(&mut fds, waits_until);
            self.busy.store(true, Ordering::SeqCst);
            let pen = PEN.take();
            let read = if comes.is_ok() { self.read(&pen, PIECE) } else { Some(self.rest(&pen)) };
            let Some(lines) = read else {
                self.write(&pen, &self.rest(&pen), None);
                return;
            };
            self.write(&pen, &lines, None);
            self.busy.store(false, Ordering::SeqCst);
        }
    }

    fn flush(&self) {
        // In this order: what is read is noted before, and after it what is kept of it.
        let there = ioctl_fionread(&self.pipe).unwrap_or(0);
        let is_busy = self.busy.load(Ordering::SeqCst);
        if there == 0 && !is_busy && lock_leaf(&self.begun).is_empty() {
            return;
        }
        let Some(pen) = PEN.take_within(PATIENCE) else { return };
        // No more than is there now: who writes on and on is not waited for.
        let mut there = usize::try_from(there).unwrap_or(0);
        let mut text = Vec::new();
        while there > 0 {
            let Some(lines) = self.read(&pen, there.min(PIECE)) else { break };
            text.extend(lines);
            there = there.saturating_sub(PIECE);
        }
        text.extend(self.rest(&pen));
        let left = self.write(&pen, &text, Some(PATIENCE)).to_owned();
        *lock_leaf(&self.begun) = left;
    }

    /// Reads a piece; returns the lines that are whole, or none if nobody is left who could write.
    fn read(&self, _: &Held<'_>, most: usize) -> Option<Vec<u8>> {
        let mut piece = [0; PIECE];
        let read = match (&self.pipe).read(&mut piece[..most]) {
            Ok(0) => return None,
            Ok(read) => read,
            // Somebody else has read it.
            Err(_) => 0,
        };
        Some(add(&mut lock_leaf(&self.begun), &piece[..read]))
    }

    /// What has been read of a line that has no end.
    fn rest(&self, _: &Held<'_>) -> Vec<u8> {
        mem::take(&mut lock_leaf(&self.begun))
    }

    /// Writes to the standard error of this program, without the lock of `std`: whoever has that may be waiting for
    /// the call whose output this is. Returns what was not taken although it waited for so long.
    fn write<'b>(&self, _: &Held<'_>, mut bytes: &'b [u8], patience: Option<Duration>) -> &'b [u8] {
        while !bytes.is_empty() {
            let until = patience.map(|patience| Instant::now() + patience);
            if wait_for(&mut [PollFd::new(&self.out, PollFlags::OUT)], until).is_err() {
                return bytes;
            }
            match rustix::io::write(&self.out, at_once(bytes)) {
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR | Errno::AGAIN) => {}
                // Nobody is left who could be told.
                Err(_) => return &[],
            }
        }
        bytes
    }

    /// Whether nobody is left who could write.
    fn is_closed(&self) -> bool {
        let mut fds = [PollFd::new(&self.pipe, PollFlags::empty())];
        let now = Timespec::default();
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::HUP)
    }
}

/// Adds to a line that has begun, and takes out what is whole.
fn add(begun: &mut Vec<u8>, piece: &[u8]) -> Vec<u8> {
    let rest = piece.iter().rev().position(|byte| *byte == b'\n');
    begun.extend(piece);
    let whole = match rest {
        Some(rest) => begun.len() - rest,
        None if begun.len() >= LONGEST => begun.len(),
        None => 0,
    };
    let rest = begun.split_off(whole);
    mem::replace(begun, rest)
}

/// As many bytes as a pipe takes in one piece if it takes any, up to the end of a line if there is one.
fn at_once(bytes: &[u8]) -> &[u8] {
    let most = &bytes[..bytes.len().min(PIPE_BUF)];
    let line = most.iter().rposition(|byte| *byte == b'\n');
    line.map_or(most, |end| &most[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_out_when_they_are_whole() {
        let mut begun = Vec::new();
        assert_eq!(add(&mut begun, b"one "), b"");
        assert_eq!(add(&mut begun, b"line\nand\nano"), b"one line\nand\n");
        assert_eq!(add(&mut begun, b"ther\n"), b"another\n");
        assert_eq!(begun, b"");
        let long = vec![b'x'; LONGEST];
        assert_eq!(add(&mut begun, &long), long);
    }

    #[test]
    fn short_lines_are_written_at_once() {
        assert_eq!(at_once(b"one\ntwo\nthr"), b"one\ntwo\n");
        assert_eq!(at_once(b"one"), b"one");
        let mut long = vec![b'x'; PIPE_BUF];
        long.push(b'\n');
        assert_eq!(at_once(&long).len(), PIPE_BUF);
        long.insert(10, b'\n');
        assert_eq!(at_once(&long).len(), 11);
    }
}
