//! A number on the left, sums and products, which Rust's rules allow for named types only.
//!
//! The other operand is a `Lazy`, not a `&Lazy`, and so are the terms of a sum. For to a number the
//! standard library adds one kind of reference, and from that the compiler knows what `into` is to
//! give in `x + &y.into()`, and of what type the elements are whose references are summed. Another
//! kind, in any crate of a program, and such code would not compile. `1 + *lazy` always does.
//!
//! These are hundreds of `impl`s, and so hidden from the pages of the pointers. The table there has a line for them.

use std::collections::VecDeque;
use std::iter::{Product, Sum};
use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

use super::arithmetic::for_all_operators;
use crate::lazy::{Ahead, CancelOnDrop, Lazy};
use crate::shared::Shared;

/// `value op pointer` and `value op= pointer`.
macro_rules! from_the_left {
    ($type:ident: $($trait:ident $method:ident $assign:ident $assign_method:ident;)+) => {$(
        #[doc(hidden)]
        impl $trait<Lazy<$type>> for $type {
            type Output = $type;

            #[inline]
            #[track_caller]
            fn $method(self, other: Lazy<$type>) -> $type {
                $trait::$method(self, Lazy::into_inner(other))
            }
        }

        #[doc(hidden)]
        impl $assign<Lazy<$type>> for $type {
            #[inline]
            #[track_caller]
            fn $assign_method(&mut self, other: Lazy<$type>) {
                $assign::$assign_method(self, Lazy::into_inner(other));
            }
        }

        #[doc(hidden)]
        impl $trait<Shared<$type>> for $type {
            type Output = $type;

            #[inline]
            #[track_caller]
            fn $method(self, other: Shared<$type>) -> $type {
                $trait::$method(self, *other.value())
            }
        }

        #[doc(hidden)]
        impl $assign<Shared<$type>> for $type {
            #[inline]
            #[track_caller]
            fn $assign_method(&mut self, other: Shared<$type>) {
                $assign::$assign_method(self, *other.value());
            }
        }
    )+};
}

/// So many calls of a sum run at once: the terms of a lazy iterator are made while the first is waited for.
const AHEAD: usize = 64;

/// The values of calls, in their order. If one has none, the calls that were made for the sum are cancelled.
fn values<T>(calls: impl Iterator<Item = Lazy<T>>) -> impl Iterator<Item = T> {
    let mut ahead = Ahead::new(calls, AHEAD, VecDeque::<CancelOnDrop<T>>::new());
    // By a closure, or the line of the join would be one of `core`.
    std::iter::from_fn(move || {
        if let Some(call) = ahead.make_ended() {
            return Some(Lazy::into_inner(call));
        }
        let call = ahead.refill().pop_front()?;
        Some(Lazy::into_inner(CancelOnDrop::into_lazy(call)))
    })
}

/// As `values`, of calls that others may hold.
fn shared_values<T>(calls: impl Iterator<Item = Shared<T>>) -> impl Iterator<Item = Shared<T>> {
    let mut ahead = Ahead::new(calls, AHEAD, VecDeque::<Shared<T>>::new());
    std::iter::from_fn(move || match ahead.make_ended() {
        Some(call) => Some(call),
        None => ahead.refill().pop_front(),
    })
}

/// Adds the terms in their order.
macro_rules! sums {
    ($type:ident: $($trait:ident $method:ident),+) => {$(
        #[doc(hidden)]
        impl $trait<Lazy<$type>> for $type {
            fn $method<I: Iterator<Item = Lazy<$type>>>(terms: I) -> $type {
                values(terms).$method()
            }
        }

        #[doc(hidden)]
        impl $trait<Shared<$type>> for $type {
            fn $method<I: Iterator<Item = Shared<$type>>>(terms: I) -> $type {
                shared_values(terms).map(|term| *term).$method()
            }
        }
    )+};
}

macro_rules! integers {
    ($($type:ident)+) => {$(
        for_all_operators! { from_the_left $type: }
        sums! { $type: Sum sum, Product product }
    )+};
}

macro_rules! floats {
    ($($type:ident)+) => {$(
        from_the_left! { $type:
            Add add AddAssign add_assign;
            Sub sub SubAssign sub_assign;
            Mul mul MulAssign mul_assign;
            Div div DivAssign div_assign;
            Rem rem RemAssign rem_assign;
        }
        sums! { $type: Sum sum, Product product }
    )+};
}

integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
floats! { f32 f64 }
