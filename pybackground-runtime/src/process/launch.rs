//! The command that starts this program again, as a child.

use std::io;
use std::process::Command;

use super::access::{Access, Caller};
use super::settings;
use super::system::{self, Connection, Process};

/// The variable of the feature `timeline`, by which a child would write another file.
const TIMELINE: &str = "PYBACKGROUND_TIMELINE";

/// Starts a child in the directory of the caller.
///
/// The child inherits the directory where this process is still in it. It may have been renamed, removed or closed
/// to this user since, so its path may lead nowhere.
///
/// # Errors
///
/// If the system gives no process or no socket.
pub(super) fn launch(nonce: u128, caller: &Caller) -> io::Result<(Process, Connection)> {
    let mut command = Command::new(system::program()?);
    settings::choose_environment(&mut command);
    // The program's own file or port.
    command.env_remove(TIMELINE);
    if Access::now().directory != caller.access.directory
        && let Some(directory) = &caller.directory
    {
        command.current_dir(directory);
    }
    system::launch(command, nonce)
}
