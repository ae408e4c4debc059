//! The command that starts this program again, as a child.

use std::io;
use std::process::Command;

use super::access::{Access, Caller};
use super::settings;
use super::system::{self, Connection, Process};

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
    if Access::now().directory != caller.access.directory
        && let Some(directory) = &caller.directory
    {
        command.current_dir(directory);
    }
    system::launch(command, nonce)
}
