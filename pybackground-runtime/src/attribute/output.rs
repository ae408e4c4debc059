//! How the body reaches the runtime, and which types it may return.

use std::ops::Deref;
use std::panic::Location;

use crate::call::{path_of_enclosing_function, without_types};
use crate::dispatch::{
    BackgroundCall, GivesInputs, ValuesOf, dispatch, dispatch_async, dispatch_async_with_inputs,
    dispatch_with_inputs,
};
use crate::lazy::Lazy;
use crate::options::Options;
use crate::task::Limit;

/// States that a body may return `T`.
#[diagnostic::on_unimplemented(
    message = "a background call cannot return `{T}`: it is not `Send`, and the result comes from \
               another thread",
    label = "this cannot come from another thread",
    note = "return a type that is `Send`: `Arc` for `Rc`, owned data for a guard",
    note = "for a type parameter write `T: Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Returns<T> {
    /// Runs a body that returns `T` in the background.
    fn run<F>(options: Options, body: F) -> Lazy<T>
    where
        F: FnOnce() -> T + Send + 'static;

    /// Polls a future with the output `T` in the background.
    fn run_async<F>(options: Options, future: F) -> Lazy<T>
    where
        F: Future<Output = T> + Send + 'static;

    /// Runs a body as `run` does, once its `#[lazy]` arguments have values.
    fn run_with_inputs<G, F>(options: Options, inputs: G, body: F) -> Lazy<T>
    where
        G: GivesInputs,
        F: FnOnce(ValuesOf<G>) -> T + Send + 'static;

    /// Polls a future as `run_async` does, once its `#[lazy]` arguments have values.
    fn run_async_with_inputs<G, F, A>(options: Options, inputs: G, body: F) -> Lazy<T>
    where
        G: GivesInputs,
        F: FnOnce(ValuesOf<G>) -> A + Send + 'static,
        A: Future<Output = T> + Send + 'static;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Returns<T> for BackgroundCall {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "forwards to `dispatch`, which is inlined too")]
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

    fn run_with_inputs<G, F>(options: Options, inputs: G, body: F) -> Lazy<T>
    where
        G: GivesInputs,
        F: FnOnce(ValuesOf<G>) -> T + Send + 'static,
    {
        let path = || without_types(path_of_enclosing_function::<F>());
        dispatch_with_inputs(options.named_by(path), inputs.give(), body)
    }

    fn run_async_with_inputs<G, F, A>(options: Options, inputs: G, body: F) -> Lazy<T>
    where
        G: GivesInputs,
        F: FnOnce(ValuesOf<G>) -> A + Send + 'static,
        A: Future<Output = T> + Send + 'static,
    {
        let path = || without_types(path_of_enclosing_function::<A>());
        dispatch_async_with_inputs(options.named_by(path), inputs.give(), body)
    }
}

/// Knows where the attribute's function is defined.
pub struct Definition;

impl Definition {
    /// Returns the place of the caller, which the expansion moves to the function's name.
    #[must_use]
    #[track_caller]
    pub const fn place(self) -> &'static Location<'static> {
        Location::caller()
    }
}

/// The result type of a function type: the only way to name the type of `fn() -> !`.
pub trait FunctionType {
    /// What a call returns.
    type Output;
}

impl<T> FunctionType for fn() -> T {
    type Output = T;
}

/// `T`.
pub type Same<T> = T;

/// Returns `None`, typed as the result that an `async` body declares.
#[inline]
#[must_use]
pub const fn never_any<T>() -> Option<T> {
    None
}

/// The value of `limit = ..`, unless it is a literal: a number, or a limit that other functions share.
///
/// Which of the two it is, only the compiler knows. So the expansion calls the same method of both, in an
/// item: it is `const`, and that of a trait could not be.
pub struct LimitValue<'a, T>(pub &'a T);

/// If the value has an error, the compiler looks for methods of this target, and reports no second error for them.
impl<T> Deref for LimitValue<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0
    }
}

impl LimitValue<'_, usize> {
    /// A limit of the function alone.
    ///
    /// # Panics
    ///
    /// If the limit is 0.
    #[must_use]
    pub const fn choose(self) -> ChosenLimit {
        ChosenLimit::Own(Limit::new(*self.0))
    }

    /// The number, for a limit that counts the bodies of several programs.
    ///
    /// # Panics
    ///
    /// If the limit is 0.
    #[must_use]
    pub const fn number(self) -> usize {
        assert!(
            *self.0 > 0,
            "with a limit of 0 no call can run: write 1 or more, or leave out `limit`"
        );
        *self.0
    }
}

impl LimitValue<'static, Limit> {
    /// A limit that other functions share.
    #[must_use]
    pub const fn choose(self) -> ChosenLimit {
        ChosenLimit::Shared(self.0)
    }

    /// Refuses the limit.
    ///
    /// # Panics
    ///
    /// Always: the programs of several machines share no static.
    #[must_use]
    pub const fn number(self) -> usize {
        panic!(
            "with `remote` a limit counts the bodies of one function on all workers, and functions cannot share it: \
             write a number (`limit = 8`)"
        )
    }
}

/// The limit of a function.
pub enum ChosenLimit {
    /// Of the function alone.
    Own(Limit),
    /// Of several functions.
    Shared(&'static Limit),
}

impl ChosenLimit {
    /// The limit.
    #[must_use]
    pub fn get(&'static self) -> &'static Limit {
        match self {
            Self::Own(limit) => limit,
            Self::Shared(limit) => limit,
        }
    }
}

/// States that a value can be a limit.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a limit",
    label = "not a limit",
    note = "write a number of type `usize`, or the name of a `static` of type `Limit` that several functions share"
)]
pub trait IsLimit {}

impl IsLimit for usize {}

impl IsLimit for Limit {}

/// Reports a value that is not a limit.
pub const fn is_limit<T: IsLimit>(_: &T) {}

/// Gives a value that is not a limit the method too, so that its type is reported and not a missing method.
pub trait AnyLimit: Sized {
    /// Never runs: it is not `const`.
    fn choose(self) -> ChosenLimit {
        ChosenLimit::Own(Limit::new(1))
    }

    /// Never runs: it is not `const`.
    fn number(self) -> usize {
        1
    }
}

impl<T> AnyLimit for LimitValue<'_, T> {}
