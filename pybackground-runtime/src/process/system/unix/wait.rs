//! Waiting for descriptors.

use std::io;
use std::time::Instant;

use rustix::event::{PollFd, Timespec, poll};
use rustix::io::Errno;

/// How often either end checks the socket before it sleeps. Waking a thread takes longer than many a call; checking
/// costs a longer call some twenty microseconds at most.
pub(super) const CHECKS: u32 = 40;

/// Waits until one of `fds` is ready.
///
/// # Errors
///
/// `TimedOut` if none is by then.
pub(super) fn wait_for(fds: &mut [PollFd<'_>], until: Option<Instant>) -> io::Result<()> {
    loop {
        let rest = until.map(|until| until.saturating_duration_since(Instant::now()));
        let rest = rest.and_then(|rest| Timespec::try_from(rest).ok());
        match poll(fds, rest.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
