//! What an engine has to offer, and what it is given. An engine is a crate of its own; see `pybackground-remote`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use linkme::distributed_slice;

pub use super::bodies::{Bodies, Running};
pub use super::function::{Function, all as functions};
pub use super::outcome::RemoteOutcome;
pub use super::reply::Reply;
pub use super::settings::Settings;
pub use crate::snapshot::{RemoteReport, WorkerReport};
use crate::sync::lock_leaf;

/// Sends calls to workers, and works.
pub trait Engine: Send + Sync + 'static {
    /// The names that its addresses begin with.
    fn schemes(&self) -> &'static [&'static str];

    /// How an address of it is written, for messages.
    fn form(&self) -> &'static str;

    /// Checks the settings before the first call.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to write.
    fn check(&self, settings: &Settings) -> Result<(), String>;

    /// Sends a call. Returns at once, with what withdraws the call.
    fn start(&self, settings: &'static Settings, order: Order, reply: Reply) -> Withdraw;

    /// Serves calls until the process is asked to end.
    ///
    /// # Errors
    ///
    /// Why it cannot serve.
    fn work(&self, settings: &'static Settings, bodies: Bodies) -> Result<(), String>;

    /// Sends what is to be sent before the program ends.
    ///
    /// # Blocking
    ///
    /// Until that is done, or until `end`.
    fn close(&self, end: Instant);

    /// Says how the calls of this program are, without blocking. `None` if it has sent none for a while.
    fn report(&self) -> Option<RemoteReport>;
}

/// Stops a call that was sent.
pub type Withdraw = Box<dyn FnOnce() + Send>;

/// A call to be sent.
pub struct Order {
    /// The function.
    pub function: &'static Function,
    /// The arguments, as a worker gives them to the function.
    pub arguments: Vec<u8>,
    /// How many bodies with `remote` are above the call.
    pub depth: u32,
    /// How long the body may run, by the worker's clock.
    pub run_timeout: Option<Duration>,
    /// The caller's trace, in the form of the W3C's header `traceparent`.
    pub trace_parent: Option<String>,
}

pub use self::PYBACKGROUND_ENGINES_0_1_0 as ENGINES;

/// The engines of the program.
#[distributed_slice]
#[linkme(crate = linkme)]
pub static PYBACKGROUND_ENGINES_0_1_0: [&'static dyn Engine];

/// The engine that calls were sent by.
static USED: Mutex<Option<&'static dyn Engine>> = Mutex::new(None);

/// Returns the engine that sends calls to the address of the settings.
///
/// # Errors
///
/// If there is none, or if it refuses the settings.
pub(super) fn of_calls(settings: &Settings) -> Result<&'static dyn Engine, String> {
    let engine = of_address(settings)?.ok_or_else(|| {
        let more = forms().map_or_else(
            || "; this program has no engine that reaches other machines".to_owned(),
            |forms| format!(", or {forms}"),
        );
        format!(
            "the address of `remote` calls is {:?}; it has to be `local:` (processes on this machine), \
             `thread:` (threads of this process){more}",
            settings.url
        )
    })?;
    *lock_leaf(&USED) = Some(engine);
    Ok(engine)
}

/// Returns the engine of the address that a worker serves.
///
/// # Errors
///
/// If there is none, or if it refuses the settings.
pub(super) fn of_worker(settings: &Settings) -> Result<&'static dyn Engine, String> {
    of_address(settings)?.ok_or_else(|| {
        let forms = forms().unwrap_or_else(|| {
            "one of an engine, and this program has none that reaches other machines".to_owned()
        });
        format!("the address that the worker serves is {:?}; it has to be {forms}", settings.url)
    })
}

/// Returns the engine of an address. `None` if none knows the address.
fn of_address(settings: &Settings) -> Result<Option<&'static dyn Engine>, String> {
    let scheme = settings.url.split_once(':').map_or("", |(scheme, _)| scheme);
    let engine = ENGINES.iter().find(|engine| engine.schemes().contains(&scheme));
    engine.map(|engine| engine.check(settings).map(|()| *engine)).transpose()
}

/// How addresses of the engines are written.
fn forms() -> Option<String> {
    let forms: Vec<&str> = ENGINES.iter().map(|engine| engine.form()).collect();
    (!forms.is_empty()).then(|| forms.join(", or "))
}

/// Says how the calls are that were sent.
pub(super) fn report() -> Option<RemoteReport> {
    let engine = *lock_leaf(&USED);
    engine?.report()
}

/// Lets the engine send what is to be sent before the program ends.
pub(super) fn close(end: Instant) {
    let engine = *lock_leaf(&USED);
    if let Some(engine) = engine {
        engine.close(end);
    }
}
