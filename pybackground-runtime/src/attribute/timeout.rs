//! What may be written as a timeout.

use std::fmt;
use std::time::Duration;

/// A value that can be a timeout: seconds as a number, a [`Duration`], or text such as `"250ms"`.
///
/// | type | meaning |
/// |---|---|
/// | `f64`, `f32`, `i32`, `i64`, `u32`, `u64` | seconds |
/// | [`Duration`] | itself |
/// | `&str` | a number and a unit: `ns`, `us`, `ms`, `s`, `m` (minutes), `h` or `d` |
///
/// A time that is too long for a [`Duration`] becomes [`Duration::MAX`], which means "never".
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use std::time::Duration;
/// use pybackground::IntoTimeout;
///
/// assert_eq!(1.5.into_timeout(), Ok(Duration::from_millis(1500)));
/// assert_eq!("250ms".into_timeout(), Ok(Duration::from_millis(250)));
/// assert_eq!(f64::MAX.into_timeout(), Ok(Duration::MAX));
/// assert!((-1).into_timeout().is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a timeout",
    label = "not a timeout",
    note = "write seconds as a number (`1.5`), text (`\"250ms\"`), or a `Duration`"
)]
pub trait IntoTimeout {
    /// Converts the value to a length of time.
    ///
    /// # Errors
    ///
    /// [`BadTimeout`] if the value is negative, not finite, or text that is not a length of time.
    fn into_timeout(self) -> Result<Duration, BadTimeout>;
}

/// The error for a value that is not a length of time. Its message names the value and the valid forms.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::IntoTimeout;
///
/// let error = "5 parsecs".into_timeout().unwrap_err();
/// assert!(error.to_string().starts_with("\"5 parsecs\" is not a length of time: write "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTimeout {
    value: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Negative,
    NotFinite,
    NotUnderstood,
}

impl BadTimeout {
    fn new(value: &dyn fmt::Debug, why: Why) -> Self {
        Self { value: format!("{value:?}"), why }
    }
}

impl fmt::Display for BadTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, why } = self;
        match why {
            Why::Negative => write!(f, "a timeout cannot be negative, but this one is {value}")?,
            Why::NotFinite => write!(f, "a timeout must be finite, but this one is {value}")?,
            Why::NotUnderstood => write!(f, "{value} is not a length of time")?,
        }
        f.write_str(
            ": write seconds (`1.5`), text (`\"250ms\"`; units ns, us, ms, s, m, h, d), \
             or a `Duration`",
        )
    }
}

impl std::error::Error for BadTimeout {}

/// Converts the value of `timeout = ..`, unless it is a literal.
///
/// # Panics
///
/// If `value` is not a length of time. The panic's location is that of the call.
#[track_caller]
#[must_use]
pub fn timeout(value: impl IntoTimeout, function: &str) -> Duration {
    match value.into_timeout() {
        Ok(timeout) => timeout,
        Err(error) => panic!("the timeout of background function `{function}`: {error}"),
    }
}

impl IntoTimeout for Duration {
    fn into_timeout(self) -> Result<Duration, BadTimeout> {
        Ok(self)
    }
}

impl IntoTimeout for f64 {
    fn into_timeout(self) -> Result<Duration, BadTimeout> {
        from_seconds(self, &self)
    }
}

impl IntoTimeout for f32 {
    fn into_timeout(self) -> Result<Duration, BadTimeout> {
        from_seconds(f64::from(self), &self)
    }
}

macro_rules! whole_seconds {
    ($($integer:ty)*) => {$(
        impl IntoTimeout for $integer {
            fn into_timeout(self) -> Result<Duration, BadTimeout> {
                match u64::try_from(self) {
                    Ok(seconds) => Ok(Duration::from_secs(seconds)),
                    Err(_) => Err(BadTimeout::new(&self, Why::Negative)),
                }
            }
        }
    )*};
}

whole_seconds!(i32 i64 u32 u64);

impl IntoTimeout for &str {
    fn into_timeout(self) -> Result<Duration, BadTimeout> {
        let text = self.trim();
        let unit_start = text.find(char::is_alphabetic).unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_start);
        match (number.trim_end().parse::<f64>(), seconds_of(unit)) {
            (Ok(number), Some(scale)) => from_seconds(number * scale, &self),
            _ => Err(BadTimeout::new(&self, Why::NotUnderstood)),
        }
    }
}

fn from_seconds(seconds: f64, shown: &dyn fmt::Debug) -> Result<Duration, BadTimeout> {
    if !seconds.is_finite() {
        return Err(BadTimeout::new(shown, Why::NotFinite));
    }
    if seconds < 0.0 {
        return Err(BadTimeout::new(shown, Why::Negative));
    }
    // A `Duration` cannot hold more: the timeout never expires.
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}
