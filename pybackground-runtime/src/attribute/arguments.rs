//! How an argument travels from the caller into the body.
//!
//! The caller's side turns each argument into a carrier, whose type says only that it is
//! `Send + 'static` and what it carries. So an argument that cannot travel is an error where it
//! stands, once, and not again wherever the closure that holds it is used.

use std::borrow::{Borrow, ToOwned};

/// What may be moved to the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to a background call: it is not `Send`, \
               and the body runs on another thread",
    label = "this cannot go to another thread",
    note = "use a type that can: `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`; \
            for a type parameter write `T: Send + 'static`, for `impl Trait` write \
            `impl Trait + Send + 'static`, for `dyn Trait` write `dyn Trait + Send`"
)]
pub trait Argument: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Argument for T {}

/// What may be passed by reference: the call makes a copy of it for the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be lent to a background call: the call keeps a copy of what it \
               borrows, and of this none can be made that is `Send`",
    label = "no copy of this can go to another thread",
    note = "the copy is made by `ToOwned`, which every `Clone` type has: derive `Clone`, take the \
            argument by value, or share it as an `Arc`; for a type parameter write \
            `T: Clone + Send + 'static`"
)]
pub trait BorrowedArgument {
    /// What holds the copy.
    type Copy: Borrow<Self> + Send + 'static;

    /// Makes the copy.
    fn copy(&self) -> Self::Copy;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ToOwned> BorrowedArgument for T
where
    T::Owned: Send + 'static,
{
    type Copy = T::Owned;

    #[inline]
    fn copy(&self) -> T::Owned {
        self.to_owned()
    }
}

/// What may be the `&self` of a background method.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the `&self` of a background method: the call keeps a copy of \
               it, and of this none can be made that is `Send`",
    label = "no copy of this can go to another thread",
    note = "derive `Clone` on the type, or take `self: &Arc<Self>`, which copies only the `Arc`; \
            in a trait, write `where Self: Clone + Send + 'static` on the method"
)]
pub trait BorrowedReceiver: BorrowedArgument {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + BorrowedArgument> BorrowedReceiver for T {}

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

struct Carrier<T>(T);

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

/// Makes an argument ready to go to the body.
#[inline]
pub fn give<T: Argument>(argument: T) -> impl Given<T> + Send + 'static {
    Carrier(argument)
}

/// Makes a copy of a borrowed argument for the body.
#[inline]
pub fn lend<T: ?Sized + BorrowedArgument>(argument: &T) -> impl Lent<T> + Send + 'static + use<T> {
    Carrier(argument.copy())
}

/// Makes a copy of a borrowed receiver for the body.
#[inline]
pub fn lend_receiver<T: ?Sized + BorrowedReceiver>(
    receiver: &T,
) -> impl Lent<T> + Send + 'static + use<T> {
    Carrier(receiver.copy())
}
