//! The program as a worker: it runs the calls of others in children of its own.

use std::io::Write as _;

use super::bodies::Bodies;
use super::engine;
use super::settings::{self, Settings, WORKER};
use crate::config::ConfigError;
use crate::process::expansion::linkme;
use crate::process::{BEFORE_MAIN, BeforeMain, become_worker};

/// Serves calls of other machines, by the settings of [`remote`](crate::remote) and the variables of a worker, until
/// the process is asked to end (SIGTERM). Then the worker takes no more calls, hands back those that have not started,
/// and waits for the others for up to 25 seconds.
///
/// A program that is started with `PYBACKGROUND_WORKER=nats://..` does the same without this function, before `main`.
///
/// # Errors
///
/// If the settings are wrong, or if the server cannot be reached or refuses the worker.
///
/// # Blocking
///
/// Until the process is asked to end.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// let error = pybackground::serve().unwrap_err();
/// assert!(error.to_string().contains("PYBACKGROUND_WORKER"), "no address was given");
/// ```
pub fn serve() -> Result<(), ConfigError> {
    work(settings::of_worker()).map_err(ConfigError::new)
}

fn work(settings: Result<Settings, String>) -> Result<(), String> {
    let settings: &'static Settings = Box::leak(Box::new(settings?));
    if engine::functions()?.is_empty() {
        return Err("this program has no function with `#[background(remote)]` to serve".to_owned());
    }
    let engine = engine::of_worker(settings)?;
    become_worker(settings.variables_of_children());
    engine.work(settings, Bodies::new())
}

#[allow(unsafe_code, reason = "the linker collects it, as it does the functions")]
#[linkme::distributed_slice(BEFORE_MAIN)]
#[linkme(crate = linkme)]
static ENTRY: BeforeMain = BeforeMain { is_asked: settings::is_worker, run: run_as_worker };

/// Serves instead of `main`, and returns the exit code.
fn run_as_worker() -> i32 {
    match work(settings::of_worker()) {
        Ok(()) => 0,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "pybackground: {WORKER}: {why}");
            1
        }
    }
}
