//! Arguments whose value may not exist yet: those of `#[lazy]` parameters, of `Lazy::map` and its like.

use super::argument::{BackgroundCall, Given};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::panic::drop_catching;
use crate::shared::Shared;
use crate::task::Dependency;

/// An argument for a `#[lazy]` parameter of type `T`: a `T`, a [`Lazy<T>`](Lazy), or a
/// [`Shared<T>`](Shared) if `T` is `Clone + Send + Sync`.
///
/// The compiler infers from `T` which of them an argument is. If `T` is a type parameter of the
/// function, name its type at the call: `f::<u32>(x)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither `{T}` nor a `Lazy<{T}>`, which a `#[lazy]` parameter takes",
    label = "expected `{T}` or `Lazy<{T}>`",
    note = "it also takes a `Shared<{T}>` if the value is `Clone + Send + Sync`",
    note = "an argument for a `#[lazy]` parameter is not coerced: write the conversion, for example \
            `.to_owned()` or `x as Box<dyn Trait + Send>`"
)]
pub trait LazyArgument<T> {
    /// Converts the argument to one that a call can wait for.
    fn expected(self) -> Expected<T>;
}

#[diagnostic::do_not_recommend]
impl<T> LazyArgument<T> for T {
    #[inline]
    fn expected(self) -> Expected<T> {
        Expected::from(Lazy::ready(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T> LazyArgument<T> for Lazy<T> {
    #[inline]
    fn expected(self) -> Expected<T> {
        Expected::from(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> LazyArgument<T> for Shared<T> {
    fn expected(self) -> Expected<T> {
        Expected(Source::Other(Box::new(self)))
    }
}

/// An argument whose value may not exist yet.
pub struct Expected<T>(Source<T>);

enum Source<T> {
    /// In a box, as it may hold a large value.
    Call(Box<Lazy<T>>),
    /// A `Shared`. It requires more of `T` than the others, so its type is erased.
    Other(Box<dyn OtherSource<T> + Send>),
}

/// A source that other callers may share.
trait OtherSource<T> {
    fn input(&self) -> Option<Dependency>;

    fn take(self: Box<Self>) -> Result<Box<T>, Error>;
}

impl<T: Clone + Send + Sync + 'static> OtherSource<T> for Shared<T> {
    fn input(&self) -> Option<Dependency> {
        Shared::input(self)
    }

    fn take(self: Box<Self>) -> Result<Box<T>, Error> {
        Shared::wait(&self).map(|value| Box::new(value.clone())).map_err(Error::clone)
    }
}

impl<T> From<Lazy<T>> for Expected<T> {
    #[inline]
    fn from(call: Lazy<T>) -> Self {
        Self(Source::Call(Box::new(call)))
    }
}

impl<T> Expected<T> {
    fn input(&self) -> Option<Dependency> {
        match &self.0 {
            Source::Call(call) => Lazy::input(call),
            Source::Other(other) => other.input(),
        }
    }

    fn take(self) -> Result<Box<T>, Error> {
        match self.0 {
            Source::Call(mut call) => call.join_boxed(),
            Source::Other(other) => other.take(),
        }
    }
}

/// The value of an argument, in a box until the body takes it.
pub struct Arrived<T>(Box<T>);

impl<T> Given<T> for Arrived<T> {
    #[inline]
    fn take(self) -> T {
        *self.0
    }
}

/// All that the compiler knows of an argument for a `#[lazy]` parameter, for the reason that `dispatch::argument` gives.
pub trait AwaitedArgument: Send + 'static {
    /// The type of the parameter.
    type Value: Send;

    /// Lists the call that must end first, if any.
    fn list(&self, needed: &mut Needed);

    /// Returns the value, once the call has ended.
    ///
    /// # Errors
    ///
    /// Returns the error of a call without a value.
    fn take(self) -> Result<Arrived<Self::Value>, Error>;
}

impl<T: Send + 'static> AwaitedArgument for Expected<T> {
    type Value = T;

    fn list(&self, needed: &mut Needed) {
        needed.0.extend(self.input());
    }

    fn take(self) -> Result<Arrived<T>, Error> {
        Self::take(self).map(Arrived)
    }
}

/// Converts an argument for a `#[lazy]` parameter of type `T`.
#[inline]
pub fn expected<T>(argument: impl LazyArgument<T>) -> Expected<T> {
    argument.expected()
}

/// States that a `T` may be the value of a `#[lazy]` parameter, as `Takes` does of others.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a background call: it is not `Send`, and the body runs on \
               another thread",
    label = "this cannot move to another thread",
    note = "use a type that is `Send`: `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`",
    note = "for a type parameter write `T: Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait TakesAwaited<T> {
    /// What the compiler then knows of the argument.
    type Argument: AwaitedArgument<Value = T>;

    /// Returns the argument.
    fn known(argument: Expected<T>) -> Self::Argument;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> TakesAwaited<T> for BackgroundCall {
    type Argument = Expected<T>;

    #[inline]
    fn known(argument: Expected<T>) -> Expected<T> {
        argument
    }
}

/// Requires of the value what a call does of its arguments.
#[inline]
#[allow(opaque_hidden_inferred_bound, reason = "what `TakesAwaited` is implemented for is `Send`")]
#[must_use]
pub fn awaited<T>(argument: Expected<T>) -> impl AwaitedArgument<Value = T>
where
    BackgroundCall: TakesAwaited<T>,
{
    BackgroundCall::known(argument)
}

/// All `#[lazy]` arguments of a call, as nested pairs: `(last, (.., (first, ())))`.
pub trait Inputs: Send + 'static {
    /// The values, each in its carrier.
    type Values: Send;

    /// Lists the calls that must end first.
    fn list(&self, needed: &mut Needed);

    /// Returns the values, once the calls have ended.
    ///
    /// # Errors
    ///
    /// Returns the error of the first argument without a value.
    fn take(self) -> Result<Self::Values, Error>;
}

/// A closure that returns the inputs, for the reason of `LendsKey`.
pub trait GivesInputs {
    /// The inputs.
    type Inputs: Inputs;

    /// Returns the inputs.
    fn give(self) -> Self::Inputs;
}

impl<I: Inputs, F: FnOnce() -> I> GivesInputs for F {
    type Inputs = I;

    #[inline]
    fn give(self) -> I {
        self()
    }
}

/// The values of the inputs that a closure returns.
pub type ValuesOf<G> = <<G as GivesInputs>::Inputs as Inputs>::Values;

/// An argument of which the body gets what its call comes to, a value or an error.
pub(crate) struct Settled<T>(pub(crate) Expected<T>);

impl<T: Send + 'static> Inputs for Settled<T> {
    type Values = Result<Box<T>, Error>;

    fn list(&self, needed: &mut Needed) {
        needed.0.extend(self.0.input());
    }

    fn take(self) -> Result<Self::Values, Error> {
        Ok(self.0.take())
    }
}

/// A value that the body has together with others.
impl<T: Send + Sync + 'static> Inputs for Shared<T> {
    type Values = Self;

    fn list(&self, needed: &mut Needed) {
        needed.0.extend(Self::input(self));
    }

    fn take(self) -> Result<Self, Error> {
        match Self::wait(&self) {
            Ok(_) => Ok(self),
            Err(error) => Err(error.clone()),
        }
    }
}

/// The calls that must end before another call is queued.
#[derive(Default)]
pub struct Needed(pub(crate) Vec<Dependency>);

impl Inputs for () {
    type Values = ();

    fn list(&self, _: &mut Needed) {}

    fn take(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<A: AwaitedArgument, I: Inputs> Inputs for (A, I) {
    type Values = (Arrived<A::Value>, I::Values);

    fn list(&self, needed: &mut Needed) {
        self.1.list(needed);
        self.0.list(needed);
    }

    fn take(self) -> Result<Self::Values, Error> {
        match (self.1.take(), self.0.take()) {
            (Ok(before), Ok(value)) => Ok((value, before)),
            (Err(error), rest) => {
                drop_catching(rest);
                Err(error)
            }
            (Ok(rest), Err(error)) => {
                drop_catching(rest);
                Err(error)
            }
        }
    }
}
