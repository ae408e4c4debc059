//! The settings in force: those of the program, else of the environment, else a default.

use std::time::Duration;

#[cfg(feature = "carry")]
use super::carriers::Carriers;
use super::error::ConfigError;
use super::hooks::Hooks;
use crate::sync::IS_MODEL;

/// Linux gives a process 65,530 mappings by default, and aborts it if a thread gets none. A thread takes
/// four. This number of threads leaves a quarter of the mappings to the program.
const DEFAULT_MAX_TOTAL_THREADS: usize = 12_000;
/// A build without optimizations needs more stack than another for the same body. Only what is used of a
/// stack takes memory.
const DEFAULT_STACK_SIZE: usize = if cfg!(debug_assertions) { 4 << 20 } else { 2 << 20 };
/// So many times the size of the stack are reserved for bodies that run on top of others.
const DEFAULT_RESERVE: usize = 3;
const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(10);
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// No system has more threads, and the counters of the pool have room for as many.
const MOST_THREADS: usize = 1_000_000;

/// A thread needs this much to start and to report a panic.
const SMALLEST_STACK: usize = 64 * 1024;
/// More than any address space has. The system rounds up, and the result has to fit.
const LARGEST_STACK: usize = isize::MAX as usize;

const REPORT_AFTER: &str = "PYBACKGROUND_REPORT_AFTER";

/// Which waits are reported to the standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportedWaits {
    Never,
    /// Waits that take long, if the awaited body is blocked in a lock or channel.
    Stuck,
    /// Waits that take longer than this.
    After(Duration),
}

impl ReportedWaits {
    const DEFAULT: Self = if cfg!(all(debug_assertions, target_os = "linux")) && !IS_MODEL {
        Self::Stuck
    } else {
        Self::Never
    };

    fn of(time: Duration) -> Self {
        if time.is_zero() { Self::Never } else { Self::After(time) }
    }

    /// After how long a wait is reported, if it is.
    pub(crate) fn after(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Stuck => Some(STUCK_AFTER),
            Self::After(time) => Some(time),
        }
    }
}

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    workers: usize,
    max_threads: usize,
    max_total_threads: usize,
    stack_size: usize,
    stack_reserve: usize,
    keep_alive: Duration,
    report: ReportedWaits,
    sequential: bool,
    own_stack: bool,
    hooks: Hooks,
}

/// The settings of the program. `None` leaves a setting to the environment and the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProgramSettings {
    pub(super) workers: Option<usize>,
    pub(super) max_threads: Option<usize>,
    pub(super) max_total_threads: Option<usize>,
    pub(super) stack_size: Option<usize>,
    pub(super) stack_reserve: Option<usize>,
    pub(super) keep_alive: Option<Duration>,
    pub(super) report_after: Option<Duration>,
    pub(super) sequential: Option<bool>,
    pub(super) own_stack: Option<bool>,
    pub(super) hooks: Hooks,
    #[cfg(feature = "carry")]
    pub(super) carriers: Carriers,
}

impl Config {
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn max_threads(&self) -> usize {
        self.max_threads
    }

    pub(crate) fn max_total_threads(&self) -> usize {
        self.max_total_threads
    }

    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size
    }

    /// The room for bodies on top of others.
    pub(crate) fn stack_reserve(&self) -> usize {
        if self.own_stack { 0 } else { self.stack_reserve }
    }

    /// Whether no body runs on top of another one.
    pub(crate) fn own_stack(&self) -> bool {
        self.own_stack
    }

    pub(crate) fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    pub(crate) fn report(&self) -> ReportedWaits {
        self.report
    }

    pub(crate) fn is_sequential(&self) -> bool {
        self.sequential
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }
}

pub(super) fn read_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

pub(super) fn resolve(
    settings: &ProgramSettings,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let is_empty = |name: &str| variable(name).is_some_and(|text| text.trim().is_empty());
    // An empty variable counts as not set: many shell scripts and service files cannot unset one. Only
    // reports are switched off by it.
    let variable = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let number = |set: Option<usize>, name: &str, least: usize, most: usize| {
        let (number, name) = if let Some(number) = set {
            (number, name.to_owned())
        } else {
            let name = format!("PYBACKGROUND_{}", name.to_ascii_uppercase());
            match parse(variable, &name, "a whole number", |text| text.parse().ok())? {
                Some(number) => (number, format!("the environment variable {name}")),
                None => return Ok(None),
            }
        };
        if (least..=most).contains(&number) {
            Ok(Some(number))
        } else {
            let message = format!("{name} is {number}; it has to be from {least} to {most}");
            Err(ConfigError::new(message))
        }
    };
    settings.hooks.check()?;
    let workers = number(settings.workers, "workers", 1, MOST_THREADS)?;
    let max_threads = number(settings.max_threads, "max_threads", 1, MOST_THREADS)?;
    let max_total_threads =
        number(settings.max_total_threads, "max_total_threads", 1, MOST_THREADS)?;
    let stack_size = number(settings.stack_size, "stack_size", SMALLEST_STACK, LARGEST_STACK)?;
    let stack_reserve = number(settings.stack_reserve, "stack_reserve", 0, LARGEST_STACK)?;
    let keep_alive = match settings.keep_alive {
        Some(time) => Some(time),
        None => parse(
            variable,
            "PYBACKGROUND_KEEP_ALIVE",
            "seconds, such as 10 or 0.5, or inf",
            seconds,
        )?,
    };
    let report = match settings.report_after {
        Some(time) => ReportedWaits::of(time),
        None if is_empty(REPORT_AFTER) => ReportedWaits::Never,
        None => parse(variable, REPORT_AFTER, "seconds, such as 60 or 0.5, or inf", seconds)?
            .map_or(ReportedWaits::DEFAULT, ReportedWaits::of),
    };
    let sequential = match settings.sequential {
        Some(sequential) => Some(sequential),
        None => {
            parse(variable, "PYBACKGROUND_MODE", "`parallel` or `sequential`", |text| match text {
                "parallel" => Some(false),
                "sequential" => Some(true),
                _ => None,
            })?
        }
    };
    let own_stack = match settings.own_stack {
        Some(own_stack) => Some(own_stack),
        None => parse(variable, "PYBACKGROUND_OWN_STACK", "`true` or `false`", |text| {
            text.parse().ok()
        })?,
    };

    let bounds = [
        ("workers", workers, "max_threads", max_threads),
        ("workers", workers, "max_total_threads", max_total_threads),
        ("max_threads", max_threads, "max_total_threads", max_total_threads),
    ];
    for (name, number, bound, most) in bounds {
        if let (Some(number), Some(most)) = (number, most)
            && number > most
        {
            return Err(ConfigError::new(format!(
                "{name} is {number}, which is more than {bound}, {most}"
            )));
        }
    }
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    let asked_for = max_threads.max(workers).unwrap_or(0);
    let total = max_total_threads.unwrap_or(DEFAULT_MAX_TOTAL_THREADS.max(asked_for));
    let most = max_threads.unwrap_or(total);
    let stack_size = stack_size.or_else(|| min_stack(variable)).unwrap_or(DEFAULT_STACK_SIZE);
    Ok(Config {
        workers: workers.unwrap_or_else(processors).min(most),
        max_threads: most,
        max_total_threads: total,
        stack_size,
        stack_reserve: stack_reserve
            .unwrap_or(stack_size.saturating_mul(DEFAULT_RESERVE))
            .min(LARGEST_STACK - stack_size),
        keep_alive: keep_alive.unwrap_or(DEFAULT_KEEP_ALIVE),
        report,
        sequential: sequential.unwrap_or(false),
        own_stack: own_stack.unwrap_or(false),
        hooks: settings.hooks.clone(),
    })
}

/// What the standard library takes for its threads: a variable that is no number is ignored.
fn min_stack(variable: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let bytes: usize = variable("RUST_MIN_STACK")?.parse().ok()?;
    Some(bytes.clamp(SMALLEST_STACK, LARGEST_STACK))
}

fn parse<T>(
    variable: impl Fn(&str) -> Option<String>,
    name: &str,
    form: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    match read(text.trim()) {
        Some(value) => Ok(Some(value)),
        None => Err(ConfigError::new(format!(
            "the environment variable {name} is {text:?}; it has to be {form}"
        ))),
    }
}

/// More seconds than a `Duration` holds are `Duration::MAX`.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if ["inf", "infinity"].iter().any(|infinite| text.eq_ignore_ascii_case(infinite)) {
        return Some(Duration::MAX);
    }
    // By hand: the parser of floats is as large in a program as the whole pool.
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    // Zeros that no other digit precedes only move the point.
    let behind = if whole.is_empty() { fraction.trim_start_matches('0') } else { fraction };
    let skipped = fraction.len() - behind.len();
    let zeros = || std::iter::repeat(b'0');
    let mut digits = whole.bytes().chain(behind.bytes()).chain(zeros());
    // The point is behind so many of the digits, or before so many zeros that precede them.
    let point = i64::try_from(whole.len()).ok()? - i64::try_from(skipped).ok()?;
    let point = point + i64::from(exponent);
    let count = |count: i64| usize::try_from(count).unwrap_or(0);
    let value = |value: u64, digit: u8| value.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    // More digits than these are too many, whatever they are.
    let seconds = digits.by_ref().take(count(point).min(50)).try_fold(0, value);
    let nanoseconds = zeros().take(count(-point).min(9)).chain(digits).take(9).try_fold(0, value);
    let nanoseconds = nanoseconds.and_then(|nanoseconds| u32::try_from(nanoseconds).ok());
    Some(match (seconds, nanoseconds) {
        (Some(seconds), Some(nanoseconds)) => Duration::new(seconds, nanoseconds),
        _ => Duration::MAX,
    })
}

#[cfg(test)]
mod tests;
