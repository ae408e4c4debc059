//! How the body is handed over, and what may come back.

use crate::__private::{Options, dispatch, dispatch_async};
use crate::Lazy;

/// What a body may return.
#[diagnostic::on_unimplemented(
    message = "a background call cannot return `{Self}`: it is not `Send`, and the result comes \
               from another thread",
    label = "this cannot come from another thread",
    note = "return a type that can: `Arc` for `Rc`, owned data for a guard; for a type parameter \
            write `T: Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Output: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Output for T {}

/// The result type of a function type: the only way to name the type of `fn() -> !`.
pub trait Returns {
    /// What a call returns.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

/// Runs `body` in the background.
#[inline]
pub fn call<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Output,
{
    dispatch(options, body)
}

/// Runs `future` in the background.
#[inline]
pub fn call_async<F, T>(options: Options, future: F) -> Lazy<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Output,
{
    dispatch_async(options, future)
}

/// No result, of the type that an `async` body declares.
#[inline]
#[must_use]
pub const fn never_any<T>() -> Option<T> {
    None
}

/// The value of `limit = ..`, checked while compiling.
///
/// # Panics
///
/// If no call could ever run.
#[must_use]
pub const fn limit(most: usize) -> usize {
    assert!(
        most > 0,
        "with a limit of 0 no call would ever run: write 1 or more"
    );
    most
}
