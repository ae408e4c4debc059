//! Arguments that may be on their way: parameters with `#[lazy]`, and the value that `Lazy::map` waits for.

use super::BackgroundCall;
use super::arguments::{Carrier, Takes};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::panic::drop_catching;
use crate::shared::Shared;
use crate::task::Input;

/// What can be given for a parameter of type `T` with `#[lazy]`: a `T`, a [`Lazy<T>`](Lazy), or, of a
/// value that can be cloned, a [`Shared<T>`](Shared).
///
/// They are told apart by `T`. Where it could be one or the other, as for a `T` that is a type parameter
/// of the function, say which: `f::<u32>(x)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither `{T}` nor a `Lazy<{T}>`, which a `#[lazy]` parameter takes",
    label = "expected `{T}` or `Lazy<{T}>`",
    note = "a `Shared<{T}>` will do as well, if the value is `Clone + Send + Sync`",
    note = "no conversion is made to the type of a `#[lazy]` parameter: write it out, as in \
            `.to_owned()` or `x as Box<dyn Trait + Send>`"
)]
pub trait LazyArgument<T> {
    /// Makes the argument ready to be waited for.
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

/// An argument that may be on its way.
pub struct Expected<T>(Source<T>);

enum Source<T> {
    Call(Lazy<T>),
    /// Needs more of `T` than it be `Send`, which is no concern of the others.
    Other(Box<dyn OtherSource<T> + Send>),
}

/// Where a value comes from that others may want too.
trait OtherSource<T> {
    fn input(&self) -> Option<Input>;

    fn take(self: Box<Self>) -> Result<T, Error>;
}

impl<T: Clone + Send + Sync + 'static> OtherSource<T> for Shared<T> {
    fn input(&self) -> Option<Input> {
        Shared::input(self)
    }

    fn take(self: Box<Self>) -> Result<T, Error> {
        Shared::wait(&self).cloned().map_err(Error::clone)
    }
}

impl<T> From<Lazy<T>> for Expected<T> {
    #[inline]
    fn from(call: Lazy<T>) -> Self {
        Self(Source::Call(call))
    }
}

impl<T> Expected<T> {
    fn input(&self) -> Option<Input> {
        match &self.0 {
            Source::Call(call) => Lazy::input(call),
            Source::Other(other) => other.input(),
        }
    }

    fn take(self) -> Result<T, Error> {
        match self.0 {
            Source::Call(call) => Lazy::join(call),
            Source::Other(other) => other.take(),
        }
    }
}

/// Makes an argument for a parameter with `#[lazy]` ready to go to the body.
#[inline]
pub fn expect<T>(argument: impl LazyArgument<T>) -> Expected<T>
where
    BackgroundCall: Takes<T>,
{
    argument.expected()
}

/// The arguments of a call that may be on their way: `(last, (.., (first, ())))`.
pub trait Inputs: Send + 'static {
    /// The arguments when they are there, each in what it travels in.
    type Values: Send;

    /// Lists the calls that have to end first.
    fn list(&self, needed: &mut Needed);

    /// The arguments, when the calls have ended.
    ///
    /// # Errors
    ///
    /// Why the first of them that has none has no value.
    fn take(self) -> Result<Self::Values, Error>;
}

/// The calls that have to end before another is queued.
#[derive(Default)]
pub struct Needed(pub(crate) Vec<Input>);

impl Inputs for () {
    type Values = ();

    fn list(&self, _: &mut Needed) {}

    fn take(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: Send + 'static, I: Inputs> Inputs for (Expected<T>, I) {
    type Values = (Carrier<T>, I::Values);

    fn list(&self, needed: &mut Needed) {
        self.1.list(needed);
        needed.0.extend(self.0.input());
    }

    fn take(self) -> Result<Self::Values, Error> {
        match (self.1.take(), self.0.take()) {
            (Ok(before), Ok(value)) => Ok((BackgroundCall::carry(value), before)),
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
