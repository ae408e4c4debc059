//! Loops over the value, and adding to it.
//!
//! A `Lazy<I>` of an iterator is no iterator itself, for then it could not be what a `Lazy<Vec<T>>` is,
//! something to iterate over: an iterator is that by an `impl` of the standard library. So `for` takes
//! either, and `x.into_iter().map(..)` is what `x.map(..)` would be.
//!
//! To collect into a `Lazy` is left out: it would read as a wait for many calls, and be none.
#![expect(clippy::into_iter_without_iter, reason = "`iter` is the value's")]

use crate::lazy::Lazy;
use crate::shared::Shared;

macro_rules! iterate_by_reference {
    ($($pointer:ident)+) => {$(
        impl<'a, T> IntoIterator for &'a $pointer<T>
        where
            &'a T: IntoIterator,
        {
            type Item = <&'a T as IntoIterator>::Item;
            type IntoIter = <&'a T as IntoIterator>::IntoIter;

            #[track_caller]
            fn into_iter(self) -> Self::IntoIter {
                self.value().into_iter()
            }
        }
    )+};
}

iterate_by_reference! { Lazy Shared }

impl<T: IntoIterator> IntoIterator for Lazy<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    #[track_caller]
    fn into_iter(self) -> T::IntoIter {
        Self::into_inner(self).into_iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Lazy<T>
where
    &'a mut T: IntoIterator,
{
    type Item = <&'a mut T as IntoIterator>::Item;
    type IntoIter = <&'a mut T as IntoIterator>::IntoIter;

    #[track_caller]
    fn into_iter(self) -> Self::IntoIter {
        self.value_mut().into_iter()
    }
}

impl<A, T: Extend<A>> Extend<A> for Lazy<T> {
    #[track_caller]
    fn extend<I: IntoIterator<Item = A>>(&mut self, items: I) {
        self.value_mut().extend(items);
    }
}
