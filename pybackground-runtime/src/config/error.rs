//! The error of settings that cannot be installed.

use std::fmt;

/// The reason why settings cannot be installed.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// let error = pybackground::configure().workers(9).max_threads(8).install().unwrap_err();
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
