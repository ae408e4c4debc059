//! How an argument travels from the caller into the body.
//!
//! The caller's side turns each argument into a carrier, of whose type nothing is known but that it
//! is `Send + 'static` and what it carries. So an argument that cannot travel is an error where it
//! stands, once, and not again wherever the closure that holds it is used.
//!
//! The requirements are on [`BackgroundCall`] and not on the argument's type, or the compiler would
//! go on to propose a `&` more, or one of these traits as a bound.

use std::borrow::{Borrow, ToOwned};

use super::BackgroundCall;

/// `T` may be moved to the body.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a background call: it is not `Send`, and the body runs on \
               another thread",
    label = "this cannot go to another thread",
    note = "use a type that can: `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`",
    note = "for a type parameter write `T: Send + 'static`, for `impl Trait` write \
            `impl Trait + Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Takes<T> {
    /// What the argument travels in.
    type Carrier: Given<T> + Send + 'static;

    /// Makes the argument ready to travel.
    fn carry(argument: T) -> Self::Carrier;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Takes<T> for BackgroundCall {
    type Carrier = Carrier<T>;

    #[inline]
    fn carry(argument: T) -> Carrier<T> {
        Carrier(argument)
    }
}

/// `T` may be passed by reference: the call makes a copy of it for the body.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a background call: the call keeps a copy of what it \
               borrows, and of this none can be made that is `Send`",
    label = "no copy of this can go to another thread",
    note = "the copy is made by `ToOwned`, which every `Clone` type has: derive `Clone`, take the \
            argument by value, or share it as an `Arc`",
    note = "for a type parameter write `T: Clone + Send + 'static`"
)]
pub trait Borrows<T: ?Sized> {
    /// What the copy travels in.
    type Carrier: Lent<T> + Send + 'static;

    /// Makes the copy.
    fn copy(argument: &T) -> Self::Carrier;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ToOwned> Borrows<T> for BackgroundCall
where
    T::Owned: Send + 'static,
{
    type Carrier = Carrier<T::Owned>;

    #[inline]
    fn copy(argument: &T) -> Carrier<T::Owned> {
        Carrier(argument.to_owned())
    }
}

/// `T` may be the `&self` of a background method.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be the `&self` of a background method: the call keeps a copy of it, \
               and of this none can be made that is `Send`",
    label = "no copy of this can go to another thread",
    note = "derive `Clone` on the type, or take `self: &Arc<Self>`, of which only the `Arc` is copied",
    note = "in a trait, write `where Self: Clone + Send + 'static` on the method"
)]
pub trait BorrowsReceiver<T: ?Sized>: Borrows<T> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> BorrowsReceiver<T> for BackgroundCall where Self: Borrows<T> {}

/// Carries an argument of type `T`.
pub trait Given<T> {
    /// The argument, on the body's side.
    fn take(self) -> T;
}

/// Carries a copy of an argument of type `&T`.
pub trait Lent<T: ?Sized> {
    /// The reference that the body sees.
    fn get(&self) -> &T;
}

/// An argument, or the copy of one.
pub struct Carrier<T>(T);

impl<T> Given<T> for Carrier<T> {
    #[inline]
    fn take(self) -> T {
        self.0
    }
}

impl<T: ?Sized, C: Borrow<T>> Lent<T> for Carrier<C> {
    #[inline]
    fn get(&self) -> &T {
        self.0.borrow()
    }
}

#[cfg(feature = "process")]
impl<T> Carrier<T> {
    /// Carries what has arrived in another process.
    pub(crate) fn of(argument: T) -> Self {
        Self(argument)
    }
}

/// Makes an argument ready to go to the body.
#[inline]
pub fn give<T>(argument: T) -> impl Given<T> + Send + 'static
where
    BackgroundCall: Takes<T>,
{
    BackgroundCall::carry(argument)
}

/// Makes a copy of a borrowed argument for the body.
#[inline]
pub fn lend<T: ?Sized>(argument: &T) -> impl Lent<T> + Send + 'static + use<T>
where
    BackgroundCall: Borrows<T>,
{
    BackgroundCall::copy(argument)
}

/// Makes a copy of a borrowed receiver for the body.
#[inline]
pub fn lend_receiver<T: ?Sized>(receiver: &T) -> impl Lent<T> + Send + 'static + use<T>
where
    BackgroundCall: BorrowsReceiver<T>,
{
    BackgroundCall::copy(receiver)
}
