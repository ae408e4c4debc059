//! What the program says of its children.

use std::sync::OnceLock;
use std::time::Duration;

use crate::config::ConfigError;

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// As [`Processes`] has been told, or else the defaults.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) min_idle: usize,
    pub(super) max: usize,
    pub(super) keep_alive: Duration,
    pub(super) recycle_after: u64,
    pub(super) recycle_above: u64,
    pub(super) start_timeout: Duration,
}

impl Settings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            min_idle: 0,
            max: 4 * processors,
            keep_alive: Duration::from_secs(10),
            recycle_after: 100_000,
            recycle_above: 256 << 20,
            start_timeout: Duration::from_secs(10),
        }
    }
}

/// The settings in force from now on.
pub(super) fn effective() -> &'static Settings {
    SETTINGS.get_or_init(Settings::default)
}

/// Begins to set up the processes that calls with `process` run in, before the first of them.
///
/// | function | unit | default |
/// |---|---|---|
/// | [`max`](Processes::max) | processes at once | 4 for each processor |
/// | [`min_idle`](Processes::min_idle) | idle processes that stay | 0 |
/// | [`keep_alive`](Processes::keep_alive) | time | 10 seconds |
/// | [`recycle_after`](Processes::recycle_after) | calls | 100000 |
/// | [`recycle_above`](Processes::recycle_above) | bytes of memory in use | 268435456 |
/// | [`start_timeout`](Processes::start_timeout) | time | 10 seconds |
///
/// ```
/// use pybackground_runtime::processes;
///
/// processes().max(8).min_idle(1).install().unwrap();
/// assert!(processes().max(9).install().is_err(), "they are installed once");
/// ```
pub fn processes() -> Processes {
    Processes { settings: Settings::default() }
}

/// Settings on their way to [`install`](Processes::install); see [`processes`].
///
/// ```
/// use pybackground_runtime::{Processes, processes};
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
    settings: Settings,
}

impl Processes {
    /// How many processes there may be at once, at least 1. Further calls wait; while they do they hold
    /// no thread, but for those of functions with a `limit` of their own that lets more of them begin.
    ///
    /// These are the processes of this one. Each of them may have processes as well, if its bodies make
    /// calls with `process`, and knows nothing of these settings: `main` has not run there.
    ///
    /// ```
    /// pybackground_runtime::processes().max(2).install().unwrap();
    /// ```
    pub fn max(mut self, processes: usize) -> Self {
        self.settings.max = processes;
        self
    }

    /// How many idle processes stay for good, once calls have started them. One that dies meanwhile is found by
    /// the next call, which takes another; until then it is a zombie.
    ///
    /// ```
    /// pybackground_runtime::processes().min_idle(1).install().unwrap();
    /// ```
    pub fn min_idle(mut self, processes: usize) -> Self {
        self.settings.min_idle = processes;
        self
    }

    /// How long a process with nothing to do stays; `Duration::MAX` is for ever, and `Duration::ZERO` gives
    /// each call a process of its own.
    ///
    /// ```
    /// use std::time::Duration;
    /// pybackground_runtime::processes().keep_alive(Duration::ZERO).install().unwrap();
    /// ```
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.settings.keep_alive = time;
        self
    }

    /// After how many calls a process is replaced.
    ///
    /// ```
    /// pybackground_runtime::processes().recycle_after(1000).install().unwrap();
    /// ```
    pub fn recycle_after(mut self, calls: u64) -> Self {
        self.settings.recycle_after = calls;
        self
    }

    /// With how many bytes of memory in use a process is replaced when its call has ended. It is looked at
    /// now and then, and after large arguments or results; where the system does not tell, never.
    ///
    /// ```
    /// pybackground_runtime::processes().recycle_above(64 << 20).install().unwrap();
    /// ```
    pub fn recycle_above(mut self, bytes: u64) -> Self {
        self.settings.recycle_above = bytes;
        self
    }

    /// How long a process may take from its start until it is ready for calls.
    ///
    /// ```
    /// use std::time::Duration;
    /// pybackground_runtime::processes().start_timeout(Duration::from_secs(60)).install().unwrap();
    /// ```
    pub fn start_timeout(mut self, time: Duration) -> Self {
        self.settings.start_timeout = time;
        self
    }

    /// Puts the settings into force for the whole program.
    ///
    /// # Errors
    ///
    /// If a value cannot be, if settings were installed before, or if a call with `process` was made before.
    ///
    /// ```
    /// let error = pybackground_runtime::processes().max(0).install().unwrap_err();
    /// assert_eq!(error.to_string(), "max is 0; it has to be at least 1, or no call would ever run");
    /// ```
    pub fn install(self) -> Result<(), ConfigError> {
        if self.settings.max == 0 {
            return Err(ConfigError::new(
                "max is 0; it has to be at least 1, or no call would ever run",
            ));
        }
        SETTINGS.set(self.settings).map_err(|_| {
            ConfigError::new(
                "the processes were set up before, or are in use since the first call; \
                 set them up once, before it",
            )
        })
    }
}
