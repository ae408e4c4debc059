//! The values of several calls: `all`, `try_all`, `value`.
//!
//! | file | subject |
//! |---|---|
//! | `members` | the wait for all of several calls, or for the first that fails |
//! | `forms` | one call, collections and iterators |
//! | `tuples` | tuples |

mod forms;
mod members;
mod tuples;

use crate::lazy::Lazy;
use members::{EndedEarly, Members};

/// Waits for the value of a call and returns it: [`Lazy::into_inner`] as a function.
///
/// Where Rust requires the value itself, and for a body that returns a `Result`:
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, value};
///
/// #[background]
/// fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// fn sum() -> Result<i32, std::num::ParseIntError> {
///     let (a, b) = (parse("40"), parse("2")); // both run
///     Ok(value(a)? + value(b)?)
/// }
///
/// assert_eq!(sum(), Ok(42));
/// ```
///
/// # Panics
///
/// As any use of the value: see [`Lazy`].
///
/// # Blocking
///
/// As [`Lazy::wait`].
#[inline]
#[track_caller]
pub fn value<T>(call: Lazy<T>) -> T {
    Lazy::into_inner(call)
}

/// Waits for several calls, and returns their values in the order of the calls.
///
/// | calls | values |
/// |---|---|
/// | an iterator of `Lazy<T>` | `Vec<T>` |
/// | a `Vec` or an array of `Lazy<T>` | a `Vec` or an array of `T` |
/// | a tuple of up to eight | a tuple of the values |
/// | one `Lazy<T>` | a `T` |
///
/// All calls of an iterator are made before the first is waited for.
/// [`background_map`](crate::BackgroundIterator::background_map) makes a bounded number of them at once.
///
/// The values of a tuple or an array are returned on the stack, where a build without optimizations copies them
/// several times: two values of 1 MiB may need more than the 8 MiB of `main`. Have the calls return such values in a
/// `Box`.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{all, background};
///
/// #[background]
/// fn length(word: &str) -> usize {
///     word.len()
/// }
///
/// let words = vec!["some", "slow", "words"];
/// let lengths = all(words.iter().map(|word| length(word)));
/// assert_eq!(lengths, [4, 4, 5]);
///
/// let (some, last) = all((length(words[0]), length(words[2])));
/// assert_eq!(some + last, 9);
/// ```
///
/// # Panics
///
/// As soon as one of the calls is known to have no value, as any use of that value does. The other calls
/// are cancelled, as by [`Lazy::cancel`].
///
/// # Blocking
///
/// As [`Lazy::wait`]. A body that waits here runs those of the calls that no thread has started.
#[track_caller]
pub fn all<C, Form>(calls: C) -> C::Values
where
    C: Calls<Form>,
{
    calls.into_values()
}

/// Waits for several calls that return a `Result`: all values in the order of the calls, or the first error.
///
/// It takes what [`all`] takes. The errors have one type. The first error is the first to come, not that of
/// the first call. With it the other calls are cancelled, as by [`Lazy::cancel`].
///
/// The values of a tuple or an array are returned on the stack, as those of [`all`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, try_all};
/// use std::num::ParseIntError;
///
/// #[background]
/// fn parse(text: &str) -> Result<i32, ParseIntError> {
///     text.parse()
/// }
///
/// fn total(texts: &[&str]) -> Result<i32, ParseIntError> {
///     let numbers = try_all(texts.iter().map(|text| parse(text)))?;
///     Ok(numbers.iter().sum())
/// }
///
/// assert_eq!(total(&["1", "2", "39"]), Ok(42));
/// assert!(total(&["1", "two", "39"]).is_err());
///
/// let (a, b) = try_all((parse("1"), parse("2")))?;
/// assert_eq!(a + b, 3);
/// # Ok::<(), ParseIntError>(())
/// ```
///
/// # Errors
///
/// The first error that a body returns.
///
/// # Panics
///
/// As [`all`], if one of the calls has no value at all: its body panicked, timed out or was cancelled.
///
/// # Blocking
///
/// As [`all`].
#[track_caller]
pub fn try_all<C, Form>(calls: C) -> Result<C::Values, C::Error>
where
    C: TryCalls<Form>,
{
    calls.try_into_values()
}

/// What [`all`] takes: a call, or several in a collection, an iterator or a tuple.
///
/// The parameter tells these forms apart; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`all` takes calls, not `{Self}`",
    label = "neither a `Lazy`, nor a `Vec`, an array, an iterator or a tuple of them",
    note = "for a reference to a collection of calls write `calls.into_iter()` or `calls.drain(..)`: \
            the values are moved out"
)]
pub trait Calls<Form> {
    /// The values, in the form of the calls.
    type Values;

    #[doc(hidden)]
    #[track_caller]
    fn into_values(self) -> Self::Values;
}

/// What [`try_all`] takes: a call that returns a `Result`, or several in a collection, an iterator or a tuple.
///
/// The parameter tells these forms apart; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`try_all` takes calls that return a `Result`, not `{Self}`",
    label = "neither a `Lazy<Result<T, E>>`, nor a `Vec`, an array, an iterator or a tuple of them",
    note = "`all` takes calls whatever they return"
)]
pub trait TryCalls<Form> {
    /// The values, in the form of the calls.
    type Values;
    /// The type of all errors.
    type Error;

    #[doc(hidden)]
    #[track_caller]
    fn try_into_values(self) -> Result<Self::Values, Self::Error>;
}

/// The forms of several calls.
mod form {
    #[derive(Debug)]
    pub struct One;
    #[derive(Debug)]
    pub struct Collected;
    #[derive(Debug)]
    pub struct Array;
    #[derive(Debug)]
    pub struct Iterated;
    #[derive(Debug)]
    pub struct Tuple;
}

/// Waits for the calls; panics as a use of the first that has no value.
#[track_caller]
fn wait(calls: &mut impl Members) {
    if let Some(number) = try_wait(calls) {
        unreachable!("the value of call {number} is as good as any");
    }
}

/// Waits for the calls, or until one of them has returned an error: its number.
#[track_caller]
fn try_wait(calls: &mut impl Members) -> Option<usize> {
    match members::settle(calls) {
        Ok(()) => None,
        Err(EndedEarly { error: Some(error), .. }) => error.raise(),
        Err(EndedEarly { number, error: None }) => Some(number),
    }
}

fn error_of<T, E>(call: Lazy<Result<T, E>>) -> E {
    match Lazy::into_inner(call) {
        Err(error) => error,
        Ok(_) => unreachable!("it was seen to be an error"),
    }
}
