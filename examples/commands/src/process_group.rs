//! A child process, with its descendants.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// A child in a process group of its own, which is killed when this is dropped before the child has ended.
///
/// On systems other than Unix only the child is killed.
pub(crate) struct ProcessGroup {
    child: Child,
    has_ended: bool,
}

impl ProcessGroup {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Self { child: command.spawn()?, has_ended: false })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns how the child has ended, if it has. What it left running then is not killed: the number of the
    /// group may be that of another one from now on.
    pub(crate) fn has_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.has_ended = status.is_some();
        Ok(status)
    }

    #[cfg(unix)]
    fn kill(&mut self) -> io::Result<()> {
        use rustix::process::{Pid, Signal, kill_process_group};

        Ok(kill_process_group(Pid::from_child(&self.child), Signal::KILL)?)
    }

    #[cfg(not(unix))]
    fn kill(&mut self) -> io::Result<()> {
        self.child.kill()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.has_ended && self.kill().is_ok() {
            // The child is dead, or about to be. An error leaves nothing to do.
            let _ = self.child.wait();
        }
    }
}
