//! How an argument moves from the caller to the body.
//!
//! The caller wraps each argument in a carrier. The compiler knows of a carrier's type only that it is
//! `Send + 'static` and what it carries. So the compiler reports an argument that cannot move to
//! another thread once, at the argument, and not again at each use of the closure that holds it.
//!
//! [`BackgroundCall`] has the requirements, not the argument's type. Otherwise the compiler would
//! suggest to add a `&`, or one of these traits as a bound.

use std::borrow::{Borrow, ToOwned};

/// The type that implements the requirements on arguments and results.
pub struct BackgroundCall;

/// States that a `T` may be moved to the body.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a background call: it is not `Send`, and the body runs on \
               another thread",
    label = "this cannot move to another thread",
    note = "use a type that is `Send`: `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`",
    note = "for a type parameter write `T: Send + 'static`, for `impl Trait` write \
            `impl Trait + Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Takes<T> {
    /// The carrier of the argument.
    type Carrier: Given<T> + Send + 'static;

    /// Puts the argument into its carrier.
    fn carry(argument: T) -> Self::Carrier;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Takes<T> for BackgroundCall {
    type Carrier = Carrier<T>;

    #[inline]
    fn carry(argument: T) -> Carrier<T> {
        Carrier::of(argument)
    }
}

/// States that a `T` may be passed by reference: the call copies it for the body.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a background call: the call makes a copy of what it borrows, \
               and this has no copy that is `Send`",
    label = "no copy of this can move to another thread",
    note = "the copy is made by `ToOwned`, which every `Clone` type has: derive `Clone`, take the \
            argument by value, or share it as an `Arc`",
    note = "for a type parameter write `T: Clone + Send + 'static`"
)]
pub trait Borrows<T: ?Sized> {
    /// The carrier of the copy.
    type Carrier: Lent<T> + Send + 'static;

    /// Copies the argument into a carrier.
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
        Carrier::of(argument.to_owned())
    }
}

/// States that a `T` may be the `&self` of a background method.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be the `&self` of a background method: the call makes a copy of it, \
               and this has no copy that is `Send`",
    label = "no copy of this can move to another thread",
    note = "derive `Clone` for the type, or take `self: &Arc<Self>`, which copies only the `Arc`",
    note = "in a trait, write `where Self: Clone + Send + 'static` on the method"
)]
pub trait BorrowsReceiver<T: ?Sized>: Borrows<T> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> BorrowsReceiver<T> for BackgroundCall where Self: Borrows<T> {}

/// Carries an argument of type `T`.
pub trait Given<T> {
    /// Returns the argument, in the body.
    fn take(self) -> T;
}

/// Carries a copy of an argument of type `&T`.
pub trait Lent<T: ?Sized> {
    /// Returns the reference that the body sees.
    fn get(&self) -> &T;
}

/// Holds an argument, or the copy of one. A build without optimizations copies whatever is moved, often: there the
/// argument is on the heap until the body takes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Carrier<T>(#[cfg(debug_assertions)] Box<T>, #[cfg(not(debug_assertions))] T);

impl<T> Given<T> for Carrier<T> {
    #[inline]
    fn take(self) -> T {
        #[cfg(debug_assertions)]
        return *self.0;
        #[cfg(not(debug_assertions))]
        self.0
    }
}

impl<T: ?Sized, C: Borrow<T>> Lent<T> for Carrier<C> {
    #[inline]
    fn get(&self) -> &T {
        let held: &C = &self.0;
        held.borrow()
    }
}

impl<T> Carrier<T> {
    /// Carries an argument.
    #[inline]
    pub(crate) fn of(argument: T) -> Self {
        #[cfg(debug_assertions)]
        return Self(Box::new(argument));
        #[cfg(not(debug_assertions))]
        Self(argument)
    }
}

/// Puts an argument into its carrier.
#[inline]
pub fn give<T>(argument: T) -> impl Given<T> + Send + 'static
where
    BackgroundCall: Takes<T>,
{
    BackgroundCall::carry(argument)
}

/// Copies a borrowed argument into a carrier.
#[inline]
pub fn lend<T: ?Sized>(argument: &T) -> impl Lent<T> + Send + 'static + use<T>
where
    BackgroundCall: Borrows<T>,
{
    BackgroundCall::copy(argument)
}

/// Copies a borrowed receiver into a carrier.
#[inline]
pub fn lend_receiver<T: ?Sized>(receiver: &T) -> impl Lent<T> + Send + 'static + use<T>
where
    BackgroundCall: BorrowsReceiver<T>,
{
    BackgroundCall::copy(receiver)
}
