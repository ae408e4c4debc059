//! The settings of the processes that calls run in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::config::ConfigError;

static SETTINGS: OnceLock<ProcessSettings> = OnceLock::new();

/// The values of [`Processes`].
#[derive(Clone, Debug)]
pub(super) struct ProcessSettings {
    pub(super) min_idle: usize,
    pub(super) max: usize,
    pub(super) keep_alive: Duration,
    pub(super) recycle_after: u64,
    pub(super) recycle_above: u64,
    pub(super) start_timeout: Duration,
    pub(super) environment: Environment,
}

impl ProcessSettings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            min_idle: 0,
            max: 4 * processors,
            keep_alive: Duration::from_secs(10),
            recycle_after: 100_000,
            recycle_above: 256 << 20,
            start_timeout: Duration::from_secs(10),
            environment: Environment::default(),
        }
    }
}

/// What a child's environment has besides the program's, or in its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    is_cleared: bool,
    /// `None` removes a variable.
    changes: BTreeMap<OsString, Option<OsString>>,
}

impl Environment {
    /// Chooses the environment of a command. Without a change it inherits the program's as it is when it starts.
    pub(super) fn apply_to(&self, command: &mut Command) {
        if self.is_cleared {
            command.env_clear();
        }
        for (name, value) in &self.changes {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    /// Returns why no process can be started with this environment.
    fn problem(&self) -> Option<String> {
        let has = |text: &OsStr, byte| text.as_encoded_bytes().contains(&byte);
        self.changes.iter().find_map(|(name, value)| {
            let shown = name.to_string_lossy();
            let is_name = !name.is_empty() && !has(name, b'=') && !has(name, 0);
            if !is_name {
                Some(format!(
                    "env {shown:?} is no name of a variable; it has to be without `=` and NUL"
                ))
            } else if value.as_deref().is_some_and(|value| has(value, 0)) {
                Some(format!(
                    "the value of env {shown:?} contains NUL; the system cannot pass it on"
                ))
            } else {
                None
            }
        })
    }
}

/// The variables of the children of a worker, besides those that the settings name. `None` removes a variable.
#[cfg(feature = "remote")]
static OF_WORKER: OnceLock<Vec<(&str, Option<OsString>)>> = OnceLock::new();

/// Makes the children of this process those of a worker, with these variables. A body of a worker may wait for other
/// bodies there, so there may be any number of children: the worker counts them.
#[cfg(feature = "remote")]
pub(crate) fn become_worker(variables: Vec<(&'static str, Option<OsString>)>) {
    let _ = OF_WORKER.set(variables);
}

/// Returns how many children there may be.
pub(super) fn most_children() -> usize {
    #[cfg(feature = "remote")]
    if OF_WORKER.get().is_some() {
        return MOST_OF_WORKER;
    }
    effective().max
}

/// More than any worker has.
#[cfg(feature = "remote")]
const MOST_OF_WORKER: usize = 1_000_000;

/// Chooses the environment of the command that starts a child.
pub(super) fn choose_environment(command: &mut Command) {
    effective().environment.apply_to(command);
    #[cfg(feature = "remote")]
    for (name, value) in OF_WORKER.get().into_iter().flatten() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

/// Returns the settings, which are in force from now on.
pub(super) fn effective() -> &'static ProcessSettings {
    SETTINGS.get_or_init(ProcessSettings::default)
}

/// Begins to set up the processes that calls with `process` run in, before the first of these calls.
///
/// | function | unit | default |
/// |---|---|---|
/// | [`max`](Processes::max) | processes at once | 4 for each processor |
/// | [`min_idle`](Processes::min_idle) | idle processes that stay | 0 |
/// | [`keep_alive`](Processes::keep_alive) | time | 10 seconds |
/// | [`recycle_after`](Processes::recycle_after) | calls | 100000 |
/// | [`recycle_above`](Processes::recycle_above) | bytes of memory in use | 268435456 |
/// | [`start_timeout`](Processes::start_timeout) | time | 10 seconds |
/// | [`env`](Processes::env), [`env_remove`](Processes::env_remove), [`env_clear`](Processes::env_clear) | variables | the program's when the process starts |
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::processes;
///
/// processes().max(8).min_idle(1).install().unwrap();
/// assert!(processes().max(9).install().is_err(), "they are installed once");
/// ```
pub fn processes() -> Processes {
    Processes { settings: ProcessSettings::default() }
}

/// Settings that take effect with [`install`](Processes::install); see [`processes`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Processes, processes};
///
/// fn for_a_small_machine() -> Processes {
///     processes().max(2).recycle_above(32 << 20)
/// }
///
/// for_a_small_machine().install().unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `install` is called"]
pub struct Processes {
    settings: ProcessSettings,
}

impl Processes {
    /// Sets how many processes there may be at once, at least 1. Further calls wait. They hold no thread, except those
    /// of functions with a `limit` that lets more of them begin.
    ///
    /// The limit counts the processes of this program. A body that makes calls with `process` has processes of its
    /// own, with default settings, because `main` does not run there.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::processes().max(2).install().unwrap();
    /// ```
    pub fn max(mut self, processes: usize) -> Self {
        self.settings.max = processes;
        self
    }

    /// Sets how many idle processes stay for good, once calls have started them. The next call replaces one that died
    /// meanwhile; until then it is a zombie.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::processes().min_idle(1).install().unwrap();
    /// ```
    pub fn min_idle(mut self, processes: usize) -> Self {
        self.settings.min_idle = processes;
        self
    }

    /// Sets how long an idle process stays. `Duration::MAX` keeps it for the life of the program, and `Duration::ZERO`
    /// gives each call a process of its own.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::processes().keep_alive(Duration::ZERO).install().unwrap();
    /// ```
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.keep_alive = time;
        self
    }

    /// Sets after how many calls a process is replaced.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::processes().recycle_after(1000).install().unwrap();
    /// ```
    pub fn recycle_after(mut self, calls: u64) -> Self {
        self.settings.recycle_after = calls;
        self
    }

    /// Sets with how many bytes of memory in use a process is replaced when its call has ended. The memory is checked
    /// every few calls and after large arguments or results; on systems that do not report it, never.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// pybackground::processes().recycle_above(64 << 20).install().unwrap();
    /// ```
    pub fn recycle_above(mut self, bytes: u64) -> Self {
        self.settings.recycle_above = bytes;
        self
    }

    /// Sets how long a process may take from its start until it is ready for calls.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use std::time::Duration;
    /// pybackground::processes().start_timeout(Duration::from_secs(60)).install().unwrap();
    /// ```
    pub fn start_timeout(mut self, time: Duration) -> Self {
        self.settings.start_timeout = time;
        self
    }

    /// Sets a variable in the environment of the processes, as
    /// [`Command::env`](std::process::Command::env) does.
    ///
    /// A process inherits the program's environment as it is when the process starts; a call that finds an idle
    /// process does not update its environment. Pass as an argument what differs between calls.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background, processes};
    ///
    /// #[background(process)]
    /// fn locale() -> Option<String> { std::env::var("LC_ALL").ok() }
    ///
    /// processes().env("LC_ALL", "C").install().unwrap();
    /// assert_eq!(Lazy::into_inner(locale()).as_deref(), Some("C"));
    /// ```
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_owned();
        self.settings.environment.changes.insert(name.as_ref().to_owned(), Some(value));
        self
    }

    /// Removes a variable from the environment of the processes, as
    /// [`Command::env_remove`](std::process::Command::env_remove) does.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background, processes};
    ///
    /// #[background(process)]
    /// fn has_path() -> bool { std::env::var_os("PATH").is_some() }
    ///
    /// processes().env_remove("PATH").install().unwrap();
    /// assert!(!has_path());
    /// ```
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.settings.environment.changes.insert(name.as_ref().to_owned(), None);
        self
    }

    /// Removes all variables from the environment of the processes but those that a later [`env`](Processes::env) sets,
    /// as [`Command::env_clear`](std::process::Command::env_clear) does.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background, processes};
    ///
    /// #[background(process)]
    /// fn variables() -> Vec<String> { std::env::vars().map(|(name, _)| name).collect() }
    ///
    /// processes().env_clear().env("TZ", "UTC").install().unwrap();
    /// assert_eq!(*variables(), ["TZ"]);
    /// ```
    pub fn env_clear(mut self) -> Self {
        self.settings.environment = Environment { is_cleared: true, changes: BTreeMap::new() };
        self
    }

    /// Puts the settings into force for the whole program.
    ///
    /// # Errors
    ///
    /// If a value is impossible, if settings were installed before, or if a call with `process` was made before.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// let error = pybackground::processes().max(0).install().unwrap_err();
    /// assert_eq!(error.to_string(), "max is 0; it has to be at least 1, or no call would ever run");
    /// ```
    pub fn install(self) -> Result<(), ConfigError> {
        if self.settings.max == 0 {
            return Err(ConfigError::new(
                "max is 0; it has to be at least 1, or no call would ever run",
            ));
        }
        if let Some(problem) = self.settings.environment.problem() {
            return Err(ConfigError::new(problem));
        }
        SETTINGS.set(self.settings).map_err(|_| {
            ConfigError::new(
                "the processes were set up before, or are in use since the first call; \
                 set them up once, before it",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_variables_are_refused() {
        let refused = |processes: Processes| processes.install().unwrap_err().to_string();
        for name in ["", "A=B", "A\0"] {
            assert!(refused(processes().env(name, "1")).contains("no name of a variable"));
        }
        assert!(refused(processes().env("A", "1\0")).contains("the value of env \"A\""));
    }
}
