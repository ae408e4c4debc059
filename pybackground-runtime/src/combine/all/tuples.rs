//! Tuples of calls.

use std::sync::Arc;

use super::members::Members;
use super::{Calls, TryCalls, error_of, form, try_wait, wait};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::task::Job;

/// A tuple of calls, of which any that returns an error ends the wait.
struct Fallible<'a, C>(&'a mut C);

const NO_SUCH_CALL: &str = "the tuple has no such call";

macro_rules! members {
    ($count:literal [$($number:tt)+] $this:ident => $calls:expr, $is_good:expr) => {
        fn len(&self) -> usize {
            $count
        }

        fn job(&self, number: usize) -> Option<Arc<dyn Job>> {
            let $this = self;
            match number {
                $($number => Lazy::job(&$calls.$number),)+
                _ => unreachable!("{NO_SUCH_CALL}"),
            }
        }

        #[track_caller]
        fn settle(&mut self, number: usize) -> Result<bool, Error> {
            let $this = self;
            match number {
                $($number => $calls.$number.settle().map($is_good),)+
                _ => unreachable!("{NO_SUCH_CALL}"),
            }
        }

        fn cancel(&self, number: usize) {
            let $this = self;
            match number {
                $($number => Lazy::cancel(&$calls.$number),)+
                _ => unreachable!("{NO_SUCH_CALL}"),
            };
        }
    };
}

macro_rules! tuples {
    ($count:literal: $($type:ident $number:tt)+) => {
        impl<$($type),+> Members for ($(Lazy<$type>,)+) {
            members! { $count [$($number)+] this => this, |_| true }
        }

        impl<Failure, $($type),+> Members for Fallible<'_, ($(Lazy<Result<$type, Failure>>,)+)> {
            members! { $count [$($number)+] this => this.0, Result::is_ok }
        }

        impl<$($type),+> Calls<form::Tuple> for ($(Lazy<$type>,)+) {
            type Values = ($($type,)+);

            #[track_caller]
            fn into_values(mut self) -> Self::Values {
                wait(&mut self);
                ($(Lazy::into_inner(self.$number),)+)
            }
        }

        impl<Failure, $($type),+> TryCalls<form::Tuple> for ($(Lazy<Result<$type, Failure>>,)+) {
            type Values = ($($type,)+);
            type Error = Failure;

            #[track_caller]
            fn try_into_values(mut self) -> Result<Self::Values, Failure> {
                match try_wait(&mut Fallible(&mut self)) {
                    None => Ok(($(Lazy::into_inner(self.$number)?,)+)),
                    $(Some($number) => Err(error_of(self.$number)),)+
                    Some(_) => unreachable!("{NO_SUCH_CALL}"),
                }
            }
        }
    };
}

tuples! { 1: A 0 }
tuples! { 2: A 0 B 1 }
tuples! { 3: A 0 B 1 C 2 }
tuples! { 4: A 0 B 1 C 2 D 3 }
tuples! { 5: A 0 B 1 C 2 D 3 E 4 }
tuples! { 6: A 0 B 1 C 2 D 3 E 4 F 5 }
tuples! { 7: A 0 B 1 C 2 D 3 E 4 F 5 G 6 }
tuples! { 8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 }
