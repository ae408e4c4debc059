//! Where the bodies of this program run.

use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::by_engine::ByEngine;
use super::engine::Engine;
use super::function::Function;
use super::on_thread::OnThread;
use super::settings::{self, Settings};
use super::{by_engine, engine, on_thread};
use crate::call::path_of_enclosing_function;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::process::expansion::Arguments;
use crate::process::{run_by, run_in_child};

/// Where bodies run, as the settings say.
pub(super) enum Destination {
    /// In a child of this process.
    Local,
    /// On a thread of this process.
    Thread,
    /// On another machine.
    Engine(&'static dyn Engine),
}

/// Runs a function where the settings say. The call is named after the function that contains the closure `P`.
///
/// # Panics
///
/// If the settings are wrong.
pub(super) fn run<T, P>(
    options: Options,
    function: &'static Function,
    arguments: Arguments,
) -> Lazy<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    let (settings, destination) = destination().as_ref().unwrap_or_else(|why| {
        let call = options.named_by(path_of_enclosing_function::<P>).call_or(|| "");
        panic!("{call} did not run, because the settings of `remote` (PYBACKGROUND_REMOTE) are wrong: {why}")
    });
    match destination {
        Destination::Local => {
            run_in_child::<T, P>(options, function.child(), function.bytes_of_memory(), arguments)
        }
        Destination::Thread => {
            run_by::<OnThread, T, P>(options, || on_thread::ThreadOrder::new(function, arguments))
        }
        Destination::Engine(engine) => {
            let run_timeout = options.timeouts().of_run;
            run_by::<ByEngine, T, P>(options.for_another_machine(), || {
                by_engine::ReadyCall::new(settings, *engine, function, arguments, run_timeout)
            })
        }
    }
}

/// Returns the settings in force and the destination that they choose, or what is wrong with them.
pub(super) fn destination() -> &'static Result<(Settings, Destination), String> {
    static DESTINATION: OnceLock<Result<(Settings, Destination), String>> = OnceLock::new();
    DESTINATION.get_or_init(|| {
        let settings = settings::effective()?;
        let destination = of(&settings)?;
        Ok((settings, destination))
    })
}

fn of(settings: &Settings) -> Result<Destination, String> {
    match settings.url.as_str() {
        "local:" => Ok(Destination::Local),
        "thread:" => Ok(Destination::Thread),
        _ => engine::of_calls(settings).map(Destination::Engine),
    }
}
