//! How the arguments of a shared call become its key, and which types it may return.

use std::borrow::ToOwned;
use std::hash::Hash;

use crate::dispatch::argument::{BackgroundCall, Carrier, Given, Lent};
use crate::options::Options;
use crate::reuse::{self, Key, Sharing};
use crate::shared::Shared;

/// States that a `T` may be an argument of a function with `single_flight` or `cache`.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be an argument of a call with `single_flight` or `cache`: the arguments are the key by \
               which equal calls are found",
    label = "this cannot be part of a key",
    note = "a type is part of a key if it is `Clone + Eq + Hash + Send + Sync + 'static`: derive what is missing",
    note = "pass a float by its bits (`f64::to_bits`), and what is no part of the key in a `static`"
)]
pub trait Keys<T> {
    /// The carrier of the argument.
    type Carrier: Given<T> + Key;

    /// Puts the argument into its carrier.
    fn carry(argument: T) -> Self::Carrier;
}

#[diagnostic::do_not_recommend]
impl<T: Clone + Eq + Hash + Send + Sync + 'static> Keys<T> for BackgroundCall {
    type Carrier = Carrier<T>;

    fn carry(argument: T) -> Carrier<T> {
        Carrier::of(argument)
    }
}

/// States that a `T` may be passed to such a function by reference: the call copies it.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a call with `single_flight` or `cache`: the arguments are the key by which \
               equal calls are found",
    label = "no copy of this can be part of a key",
    note = "a copy is part of a key if it is `Clone + Eq + Hash + Send + Sync + 'static`: derive what is missing",
    note = "a method that uses only a part of `self` can be a function of that part"
)]
pub trait KeysRef<T: ?Sized> {
    /// The carrier of the copy.
    type Carrier: Lent<T> + Key;

    /// Copies the argument into a carrier.
    fn copy(argument: &T) -> Self::Carrier;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ToOwned> KeysRef<T> for BackgroundCall
where
    T::Owned: Clone + Eq + Hash + Send + Sync + 'static,
{
    type Carrier = Carrier<T::Owned>;

    fn copy(argument: &T) -> Carrier<T::Owned> {
        Carrier::of(argument.to_owned())
    }
}

/// Puts an argument into a carrier that is part of a key.
#[inline]
pub fn key<T>(argument: T) -> impl Given<T> + Key
where
    BackgroundCall: Keys<T>,
{
    BackgroundCall::carry(argument)
}

/// Copies a borrowed argument into a carrier that is part of a key.
#[inline]
pub fn key_of<T: ?Sized>(argument: &T) -> impl Lent<T> + Key + use<T>
where
    BackgroundCall: KeysRef<T>,
{
    BackgroundCall::copy(argument)
}

/// Copies an argument out of the key.
#[inline]
pub fn copy_of<K: Clone>(part: &K) -> K {
    part.clone()
}

/// A closure that returns the key, which it borrows. If an argument cannot be part of a key, the compiler would report it
/// again where a function is generic over the key. It looks into no closure.
pub trait LendsKey<'k> {
    /// The key.
    type Key: Key;

    /// Returns the key.
    fn lend(self) -> &'k Self::Key;
}

impl<'k, K: Key, F: FnOnce() -> &'k K> LendsKey<'k> for F {
    type Key = K;

    #[inline]
    fn lend(self) -> &'k K {
        self()
    }
}

/// States that a body with `single_flight` or `cache` may return `T`.
#[diagnostic::on_unimplemented(
    message = "a call with `single_flight` or `cache` cannot return `{T}`: callers on several threads share the value, \
               and it is not `Send + Sync`",
    label = "threads cannot share this",
    note = "return a type that is `Send + Sync`: `Arc` for `Rc`, a `Mutex` or an atomic for `RefCell` and `Cell`",
    note = "for a type parameter write `T: Send + Sync + 'static`"
)]
pub trait ReturnsShared<T> {
    /// Returns the equal call that there is, or runs the body in the background.
    fn run<'k, K, M, F>(
        options: Options,
        sharing: Sharing,
        key: K,
        make: M,
        is_kept: fn(&T) -> bool,
    ) -> Shared<T>
    where
        K: LendsKey<'k>,
        M: FnOnce() -> F,
        F: FnOnce() -> T + Send + 'static;

    /// Returns the equal call that there is, or polls the future in the background.
    fn run_async<'k, K, M, A>(
        options: Options,
        sharing: Sharing,
        key: K,
        make: M,
        is_kept: fn(&T) -> bool,
    ) -> Shared<T>
    where
        K: LendsKey<'k>,
        M: FnOnce() -> A,
        A: Future<Output = T> + Send + 'static;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> ReturnsShared<T> for BackgroundCall {
    fn run<'k, K, M, F>(
        options: Options,
        sharing: Sharing,
        key: K,
        make: M,
        is_kept: fn(&T) -> bool,
    ) -> Shared<T>
    where
        K: LendsKey<'k>,
        M: FnOnce() -> F,
        F: FnOnce() -> T + Send + 'static,
    {
        reuse::share(options, sharing, key.lend(), make, is_kept)
    }

    fn run_async<'k, K, M, A>(
        options: Options,
        sharing: Sharing,
        key: K,
        make: M,
        is_kept: fn(&T) -> bool,
    ) -> Shared<T>
    where
        K: LendsKey<'k>,
        M: FnOnce() -> A,
        A: Future<Output = T> + Send + 'static,
    {
        reuse::share_async(options, sharing, key.lend(), make, is_kept)
    }
}
