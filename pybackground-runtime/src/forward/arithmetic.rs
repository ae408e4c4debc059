//! Operators with the pointer on the left: each joins its operands and gives what the values give.

use std::convert::identity;
use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Neg, Not, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

use crate::lazy::Lazy;
use crate::shared::Shared;

/// Every operator of the table with its assigning form; `$then!` is given all of them.
macro_rules! for_all_operators {
    ($then:ident $($context:tt)*) => {
        $then! {
            $($context)*
            Add add AddAssign add_assign;
            Sub sub SubAssign sub_assign;
            Mul mul MulAssign mul_assign;
            Div div DivAssign div_assign;
            Rem rem RemAssign rem_assign;
            BitAnd bitand BitAndAssign bitand_assign;
            BitOr bitor BitOrAssign bitor_assign;
            BitXor bitxor BitXorAssign bitxor_assign;
            Shl shl ShlAssign shl_assign;
            Shr shr ShrAssign shr_assign;
        }
    };
}
pub(super) use for_all_operators;

/// One operator between two types, given as what they are joined to, and how.
///
/// The right operand has the value's own type: with a free one, `Lazy op value` and `Lazy op Lazy`
/// would overlap.
///
/// The mixtures with references are a hundred `impl`s, which are hidden from the pages of the pointers. The table there
/// has a line for them.
macro_rules! operator {
    ($(#[$attribute:meta])* $trait:ident $method:ident: [$($generics:tt)*]
     $left:ty => $left_value:ty, $left_join:path; $right:ty => $right_value:ty, $right_join:path) => {
        $(#[$attribute])*
        impl<$($generics)*> $trait<$right> for $left
        where
            $left_value: $trait<$right_value>,
        {
            type Output = <$left_value as $trait<$right_value>>::Output;

            #[inline]
            #[track_caller]
            fn $method(self, other: $right) -> Self::Output {
                $trait::$method($left_join(self), $right_join(other))
            }
        }
    };
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident;)+) => {$(
        operator! { $trait $method: [T] Lazy<T> => T, Lazy::into_inner; T => T, identity }
        operator! { #[doc(hidden)] $trait $method: ['b, T] Lazy<T> => T, Lazy::into_inner; &'b T => &'b T, identity }
        operator! { #[doc(hidden)] $trait $method: ['b, T] Lazy<T> => T, Lazy::into_inner; &'b Lazy<T> => &'b T, Lazy::value }
        operator! { #[doc(hidden)] $trait $method: ['a, T] &'a Lazy<T> => &'a T, Lazy::value; T => T, identity }
        operator! { #[doc(hidden)] $trait $method: ['a, 'b, T] &'a Lazy<T> => &'a T, Lazy::value; &'b T => &'b T, identity }
        operator! { #[doc(hidden)] $trait $method: ['a, T] &'a Lazy<T> => &'a T, Lazy::value; Lazy<T> => T, Lazy::into_inner }
        operator! { #[doc(hidden)] $trait $method: ['a, 'b, T] &'a Lazy<T> => &'a T, Lazy::value; &'b Lazy<T> => &'b T, Lazy::value }

        operator! { #[doc(hidden)] $trait $method: ['a, T] &'a Shared<T> => &'a T, Shared::value; T => T, identity }
        operator! { #[doc(hidden)] $trait $method: ['a, 'b, T] &'a Shared<T> => &'a T, Shared::value; &'b T => &'b T, identity }
        operator! { #[doc(hidden)] $trait $method: ['a, 'b, T] &'a Shared<T> => &'a T, Shared::value; &'b Shared<T> => &'b T, Shared::value }

        // A worker that made both calls joins the younger one first.
        impl<T: $trait> $trait for Lazy<T> {
            type Output = T::Output;

            #[inline]
            #[track_caller]
            fn $method(self, other: Self) -> T::Output {
                let (this, other) = Self::into_both(self, other);
                $trait::$method(this, other)
            }
        }

        // The value stays with the others that share it.
        impl<T, O> $trait<T> for Shared<T>
        where
            for<'a> &'a T: $trait<T, Output = O>,
        {
            type Output = O;

            #[inline]
            #[track_caller]
            fn $method(self, other: T) -> O {
                $trait::$method(self.value(), other)
            }
        }

        impl<T, O> $trait for Shared<T>
        where
            for<'a, 'b> &'a T: $trait<&'b T, Output = O>,
        {
            type Output = O;

            #[inline]
            #[track_caller]
            fn $method(self, other: Self) -> O {
                $trait::$method(self.value(), other.value())
            }
        }

        assign! { $assign $assign_method: [T] T => T, identity }
        assign! { #[doc(hidden)] $assign $assign_method: ['b, T] &'b T => &'b T, identity }
        assign! { #[doc(hidden)] $assign $assign_method: [T] Lazy<T> => T, Lazy::into_inner }
        assign! { #[doc(hidden)] $assign $assign_method: ['b, T] &'b Lazy<T> => &'b T, Lazy::value }
    )+};
}

/// `Lazy op= right`.
macro_rules! assign {
    ($(#[$attribute:meta])* $trait:ident $method:ident: [$($generics:tt)*]
     $right:ty => $right_value:ty, $right_join:path) => {
        $(#[$attribute])*
        impl<$($generics)*> $trait<$right> for Lazy<T>
        where
            T: $trait<$right_value>,
        {
            #[inline]
            #[track_caller]
            fn $method(&mut self, other: $right) {
                $trait::$method(self.value_mut(), $right_join(other));
            }
        }
    };
}

for_all_operators! { operators }

macro_rules! unary {
    ($($trait:ident $method:ident;)+) => {$(
        impl<T: $trait> $trait for Lazy<T> {
            type Output = T::Output;

            #[inline]
            #[track_caller]
            fn $method(self) -> T::Output {
                Self::into_inner(self).$method()
            }
        }

        unary! { $trait $method by_reference Lazy }
        unary! { $trait $method by_reference Shared }

        impl<T, O> $trait for Shared<T>
        where
            for<'a> &'a T: $trait<Output = O>,
        {
            type Output = O;

            #[inline]
            #[track_caller]
            fn $method(self) -> O {
                self.value().$method()
            }
        }
    )+};
    ($trait:ident $method:ident by_reference $pointer:ident) => {
        #[doc(hidden)]
        impl<'a, T> $trait for &'a $pointer<T>
        where
            &'a T: $trait,
        {
            type Output = <&'a T as $trait>::Output;

            #[inline]
            #[track_caller]
            fn $method(self) -> Self::Output {
                self.value().$method()
            }
        }
    };
}

unary! {
    Neg neg;
    Not not;
}

/// `text + "more"`, as a `String` does it.
impl Add<&str> for Lazy<String> {
    type Output = String;

    #[track_caller]
    fn add(self, other: &str) -> String {
        Self::into_inner(self) + other
    }
}

/// `text += "more"`, as a `String` does it.
impl AddAssign<&str> for Lazy<String> {
    #[track_caller]
    fn add_assign(&mut self, other: &str) {
        self.value_mut().push_str(other);
    }
}
