//! Operators: each joins its operands and gives what the values give.

use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Neg, Not, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

use crate::lazy::Lazy;

/// `Lazy op value`, `Lazy op Lazy`, `&Lazy op &Lazy`, and the assigning forms.
///
/// The operand has the value's own type: with a free one, `Lazy op value` and `Lazy op Lazy` would
/// overlap.
macro_rules! binary {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident;)+) => {$(
        impl<T: $trait> $trait<T> for Lazy<T> {
            type Output = T::Output;

            #[inline]
            #[track_caller]
            fn $method(self, other: T) -> T::Output {
                Self::into_inner(self).$method(other)
            }
        }

        impl<T: $trait> $trait for Lazy<T> {
            type Output = T::Output;

            #[inline]
            #[track_caller]
            fn $method(self, other: Self) -> T::Output {
                let (this, other) = Self::into_both(self, other);
                this.$method(other)
            }
        }

        impl<'a, T> $trait<&'a Lazy<T>> for &'a Lazy<T>
        where
            &'a T: $trait,
        {
            type Output = <&'a T as $trait>::Output;

            #[inline]
            #[track_caller]
            fn $method(self, other: &'a Lazy<T>) -> Self::Output {
                self.value().$method(other.value())
            }
        }

        impl<T: $assign> $assign<T> for Lazy<T> {
            #[inline]
            #[track_caller]
            fn $assign_method(&mut self, other: T) {
                self.value_mut().$assign_method(other);
            }
        }

        impl<T: $assign> $assign for Lazy<T> {
            #[inline]
            #[track_caller]
            fn $assign_method(&mut self, other: Self) {
                self.value_mut().$assign_method(Self::into_inner(other));
            }
        }
    )+};
}

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

for_all_operators! { binary }

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
    )+};
}

unary! {
    Neg neg;
    Not not;
}

/// `value op Lazy` and `value op= Lazy`, which Rust's rules allow for named types only.
macro_rules! from_the_left {
    ($type:ident: $($trait:ident $method:ident $assign:ident $assign_method:ident;)+) => {$(
        impl $trait<Lazy<$type>> for $type {
            type Output = $type;

            #[inline]
            #[track_caller]
            fn $method(self, other: Lazy<$type>) -> $type {
                self.$method(Lazy::into_inner(other))
            }
        }

        impl $assign<Lazy<$type>> for $type {
            #[inline]
            #[track_caller]
            fn $assign_method(&mut self, other: Lazy<$type>) {
                self.$assign_method(Lazy::into_inner(other));
            }
        }
    )+};
}

macro_rules! integers_from_the_left {
    ($($type:ident)+) => {$(
        for_all_operators! { from_the_left $type: }
    )+};
}

macro_rules! floats_from_the_left {
    ($($type:ident)+) => {$(
        from_the_left! { $type:
            Add add AddAssign add_assign;
            Sub sub SubAssign sub_assign;
            Mul mul MulAssign mul_assign;
            Div div DivAssign div_assign;
            Rem rem RemAssign rem_assign;
        }
    )+};
}

integers_from_the_left! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
floats_from_the_left! { f32 f64 }

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
