//! How the body is handed over, and what may come back.

use super::{BackgroundCall, Inputs};
use crate::__private::{Options, dispatch, dispatch_async};
use crate::Lazy;
use crate::call::{path_of_enclosing_function, without_types};
use crate::dispatch::{dispatch_async_with_inputs, dispatch_with_inputs};

/// A body may return `T`.
#[diagnostic::on_unimplemented(
    message = "a background call cannot return `{T}`: it is not `Send`, and the result comes from \
               another thread",
    label = "this cannot come from another thread",
    note = "return a type that can: `Arc` for `Rc`, owned data for a guard",
    note = "for a type parameter write `T: Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Returns<T> {
    /// Runs a body that returns `T` in the background.
    fn run<F>(options: Options, body: F) -> Lazy<T>
    where
        F: FnOnce() -> T + Send + 'static;

    /// Runs a future that ends in `T` in the background.
    fn run_async<F>(options: Options, future: F) -> Lazy<T>
    where
        F: Future<Output = T> + Send + 'static;

    /// As `run`, with arguments that may be on their way.
    fn run_with_inputs<I, F>(options: Options, inputs: I, body: F) -> Lazy<T>
    where
        I: Inputs,
        F: FnOnce(I::Values) -> T + Send + 'static;

    /// As `run_async`, with arguments that may be on their way.
    fn run_async_with_inputs<I, F, A>(options: Options, inputs: I, body: F) -> Lazy<T>
    where
        I: Inputs,
        F: FnOnce(I::Values) -> A + Send + 'static,
        A: Future<Output = T> + Send + 'static;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Returns<T> for BackgroundCall {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as `dispatch`, which this is a name for")]
    fn run<F>(options: Options, body: F) -> Lazy<T>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        dispatch(options, body)
    }

    #[inline]
    fn run_async<F>(options: Options, future: F) -> Lazy<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        dispatch_async(options, future)
    }

    fn run_with_inputs<I, F>(options: Options, inputs: I, body: F) -> Lazy<T>
    where
        I: Inputs,
        F: FnOnce(I::Values) -> T + Send + 'static,
    {
        let path = without_types(path_of_enclosing_function::<F>());
        dispatch_with_inputs(options.named_by(path), inputs, body)
    }

    fn run_async_with_inputs<I, F, A>(options: Options, inputs: I, body: F) -> Lazy<T>
    where
        I: Inputs,
        F: FnOnce(I::Values) -> A + Send + 'static,
        A: Future<Output = T> + Send + 'static,
    {
        let path = without_types(path_of_enclosing_function::<A>());
        dispatch_async_with_inputs(options.named_by(path), inputs, body)
    }
}

/// The result type of a function type: the only way to name the type of `fn() -> !`.
pub trait Function {
    /// What a call returns.
    type Output;
}

impl<T> Function for fn() -> T {
    type Output = T;
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
    assert!(most > 0, "with a limit of 0 no call would ever run: write 1 or more");
    most
}
