//! One call, collections and iterators of calls.

use super::members::Several;
use super::{Calls, TryCalls, error_of, form, try_wait, wait};
use crate::lazy::Lazy;
use crate::small_value::is_large;

impl<T> Calls<form::One> for Lazy<T> {
    type Values = T;

    #[track_caller]
    fn into_values(self) -> T {
        Lazy::into_inner(self)
    }
}

impl<T, E> TryCalls<form::One> for Lazy<Result<T, E>> {
    type Values = T;
    type Error = E;

    #[track_caller]
    fn try_into_values(self) -> Result<T, E> {
        Lazy::into_inner(self)
    }
}

impl<T> Calls<form::Collected> for Vec<Lazy<T>> {
    type Values = Vec<T>;

    #[track_caller]
    fn into_values(mut self) -> Vec<T> {
        wait(&mut Several { calls: &mut self, is_good: |_| true });
        self.into_iter().map(|call| Lazy::into_inner(call)).collect()
    }
}

impl<T, E> TryCalls<form::Collected> for Vec<Lazy<Result<T, E>>> {
    type Values = Vec<T>;
    type Error = E;

    #[track_caller]
    fn try_into_values(mut self) -> Result<Vec<T>, E> {
        match try_wait(&mut Several { calls: &mut self, is_good: Result::is_ok }) {
            Some(failed) => Err(error_of(self.swap_remove(failed))),
            None => values_of(self),
        }
    }
}

/// The values of calls that have ended without an error.
///
/// An iterator of std would copy each result on the stack several times.
#[track_caller]
fn values_of<T, E>(calls: Vec<Lazy<Result<T, E>>>) -> Result<Vec<T>, E> {
    let mut values = Vec::with_capacity(calls.len());
    for call in calls {
        values.push(if const { is_large::<T>() } {
            *boxed_value_of(call)?
        } else {
            Lazy::into_inner(call)?
        });
    }
    Ok(values)
}

/// Of a large value, which is moved as a pointer.
#[track_caller]
fn boxed_value_of<T, E>(mut call: Lazy<Result<T, E>>) -> Result<Box<T>, E> {
    match call.join_boxed() {
        Ok(result) => match *result {
            Ok(value) => Ok(Box::new(value)),
            Err(error) => Err(error),
        },
        Err(error) => error.raise(),
    }
}

impl<T, const N: usize> Calls<form::Array> for [Lazy<T>; N] {
    type Values = [T; N];

    #[track_caller]
    fn into_values(mut self) -> [T; N] {
        if const { is_large::<[T; N]>() } {
            return array_of(Vec::from(self).into_values());
        }
        wait(&mut Several { calls: &mut self, is_good: |_| true });
        self.map(|call| Lazy::into_inner(call))
    }
}

impl<T, E, const N: usize> TryCalls<form::Array> for [Lazy<Result<T, E>>; N] {
    type Values = [T; N];
    type Error = E;

    #[track_caller]
    fn try_into_values(self) -> Result<[T; N], E> {
        Vec::from(self).try_into_values().map(array_of)
    }
}

/// The values as an array, which is made on the heap: std's own conversion copies it on the stack.
fn array_of<T, const N: usize>(values: Vec<T>) -> [T; N] {
    match Box::try_from(values) {
        Ok(values) => *values,
        Err(_) => unreachable!("there is a value for each call"),
    }
}

#[diagnostic::do_not_recommend]
impl<T, I: Iterator<Item = Lazy<T>>> Calls<form::Iterated> for I {
    type Values = Vec<T>;

    #[track_caller]
    fn into_values(self) -> Vec<T> {
        self.collect::<Vec<_>>().into_values()
    }
}

#[diagnostic::do_not_recommend]
impl<T, E, I: Iterator<Item = Lazy<Result<T, E>>>> TryCalls<form::Iterated> for I {
    type Values = Vec<T>;
    type Error = E;

    #[track_caller]
    fn try_into_values(self) -> Result<Vec<T>, E> {
        self.collect::<Vec<_>>().try_into_values()
    }
}
