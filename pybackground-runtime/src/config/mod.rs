//! How the pool is set up.

#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) mod model;
mod resolve;

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use crate::sync::lock_leaf;
pub(crate) use resolve::Config;
use resolve::{Settings, read_variable, resolve};

/// What the program installed, and whether the pool has been made of it.
struct Installed {
    settings: Option<Settings>,
    in_use: bool,
}

static INSTALLED: Mutex<Installed> = Mutex::new(Installed { settings: None, in_use: false });

/// Begins to set up the threads, before the first call.
///
/// What is not set here is taken from the environment, and else has a default. A variable that is set
/// to nothing counts as not set; seconds may be `inf`, which is never.
///
/// | function | variable | unit | default |
/// |---|---|---|---|
/// | [`workers`](Configure::workers) | `PYBACKGROUND_WORKERS` | threads that compute at once | the processors there are |
/// | [`max_threads`](Configure::max_threads) | `PYBACKGROUND_MAX_THREADS` | threads, blocked ones included | 12000 |
/// | [`stack_size`](Configure::stack_size) | `PYBACKGROUND_STACK_SIZE` | bytes | 2097152 |
/// | [`keep_alive`](Configure::keep_alive) | `PYBACKGROUND_KEEP_ALIVE` | seconds | 10 |
/// | [`report_after`](Configure::report_after) | `PYBACKGROUND_REPORT_AFTER` | seconds | never |
/// | [`sequential`](Configure::sequential) | `PYBACKGROUND_MODE` | `parallel` or `sequential` | `parallel` |
///
/// ```
/// use pybackground_runtime::{configure, spawn};
///
/// configure().workers(2).max_threads(100).install().unwrap();
/// assert_eq!(spawn(|| 1 + 1), 2);
/// assert!(configure().workers(3).install().is_err(), "the threads are running");
/// ```
pub fn configure() -> Configure {
    Configure { settings: Settings::default() }
}

/// Settings on their way to [`install`](Configure::install); see [`configure`].
///
/// ```
/// use pybackground_runtime::{Configure, configure};
///
/// let settings: Configure = configure().workers(2);
/// settings.max_threads(100).install().unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `install` is called"]
pub struct Configure {
    settings: Settings,
}

impl Configure {
    /// How many bodies that compute are run at once; at least 1.
    ///
    /// ```
    /// pybackground_runtime::configure().workers(1).install().unwrap();
    /// ```
    pub fn workers(mut self, threads: usize) -> Self {
        self.settings.workers = Some(threads);
        self
    }

    /// How many threads there may be, counting those whose bodies block; at least as many as workers.
    ///
    /// When all of them wait for calls, and others that may bring these about have no thread, one more is started all
    /// the same, and so on: nothing else could end the waiting. What an `async` body awaits is not known: if nothing
    /// moves for a tenth of a second, one more is started for whatever call is next, and again each tenth of a second.
    ///
    /// ```
    /// pybackground_runtime::configure().max_threads(64).install().unwrap();
    /// ```
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.settings.max_threads = Some(threads);
        self
    }

    /// The stack of each thread, in bytes; at least 65536.
    ///
    /// ```
    /// pybackground_runtime::configure().stack_size(256 * 1024).install().unwrap();
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = Some(bytes);
        self
    }

    /// How long a thread with nothing to do stays; `Duration::MAX` is for ever.
    ///
    /// ```
    /// use std::time::Duration;
    /// pybackground_runtime::configure().keep_alive(Duration::from_secs(1)).install().unwrap();
    /// ```
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.keep_alive = Some(time);
        self
    }

    /// After how long a wait that goes on prints a [`snapshot`](crate::snapshot) to the standard error,
    /// once: a program that hangs then says why. Several waits share a report if they can.
    ///
    /// ```
    /// use std::time::Duration;
    /// pybackground_runtime::configure().report_after(Duration::from_secs(60)).install().unwrap();
    /// ```
    pub fn report_after(mut self, time: Duration) -> Self {
        self.settings.report_after = Some(time);
        self
    }

    /// Whether each call from outside runs to its end before it returns, on the thread of the caller,
    /// so that a debugger sees one thing after the other.
    ///
    /// Bodies that wait for later calls hang in this mode. Calls made by bodies are on the caller's stack,
    /// one on top of the other, and no other thread goes on when it is full: without optimisations, a
    /// recursion some 3,000 calls deep overflows the eight megabytes of a usual main thread.
    ///
    /// ```
    /// use pybackground_runtime::{Lazy, configure, spawn};
    /// use std::thread;
    ///
    /// configure().sequential(true).install().unwrap();
    /// let x = spawn(|| thread::current().id());
    /// assert!(Lazy::is_ready(&x));
    /// assert_eq!(x, thread::current().id());
    /// ```
    pub fn sequential(mut self, sequential: bool) -> Self {
        self.settings.sequential = Some(sequential);
        self
    }

    /// Puts the settings into force for the whole process.
    ///
    /// # Errors
    ///
    /// If a value cannot be, in a variable of the environment as well; if settings were installed
    /// before; or if a call was made before, as the threads are running then.
    ///
    /// ```
    /// use pybackground_runtime::configure;
    ///
    /// let error = configure().workers(0).install().unwrap_err();
    /// assert_eq!(error.to_string(), "workers is 0; it has to be from 1 to 1000000");
    /// ```
    pub fn install(self) -> Result<(), ConfigError> {
        resolve(&self.settings, read_variable)?;
        let mut installed = lock_leaf(&INSTALLED);
        if installed.in_use {
            return Err(ConfigError::new(
                "the threads are running since the first call; configure them before it",
            ));
        }
        if installed.settings.is_some() {
            return Err(ConfigError::new(
                "settings were installed before; they hold for the whole process",
            ));
        }
        installed.settings = Some(self.settings);
        Ok(())
    }
}

/// Why settings cannot be installed.
///
/// ```
/// let error = pybackground_runtime::configure().workers(9).max_threads(8).install().unwrap_err();
/// assert_eq!(error.to_string(), "workers is 9, which is more than max_threads, 8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) use model::effective;

/// The settings in force from now on.
///
/// # Panics
///
/// If a variable of the environment has a value that cannot be.
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
pub(crate) fn effective() -> Config {
    let settings = {
        let mut installed = lock_leaf(&INSTALLED);
        installed.in_use = true;
        installed.settings.clone().unwrap_or_default()
    };
    resolve(&settings, read_variable).unwrap_or_else(|error| panic!("{error}"))
}
