//! The names of this module without the feature: nothing is told, at no cost.

#![allow(clippy::unused_self, reason = "with the feature they look")]

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use super::How;
use crate::call::Call;
use crate::error::{Error, Outcome, Progress};
use crate::join::Awaited;

#[derive(Default)]
pub(crate) struct Trace;

pub(crate) struct Run;

pub(crate) struct WaitSpan;

impl Trace {
    pub(crate) const UNTOLD: Self = Self;

    #[inline]
    pub(crate) fn of_call(_: impl FnOnce() -> Call) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn is_kept(&self) -> bool {
        false
    }

    #[inline]
    pub(crate) fn run(&self, _: How) -> Run {
        Run
    }

    #[inline]
    pub(crate) fn ended<T>(&self, _: &Outcome<T>) {}

    #[inline]
    pub(crate) fn closed(&self, _: &Error, _: Progress) {}

    #[inline]
    pub(crate) fn tell_closed(&self) {}

    #[inline]
    pub(crate) fn stopped_at_last(&self) {}
}

impl Run {
    #[inline]
    pub(crate) fn unwound(&self, _: &(dyn Any + Send)) {}
}

impl WaitSpan {
    #[inline]
    pub(crate) fn begin(_: &impl Awaited, _: &'static Location<'static>) -> Self {
        Self
    }

    #[inline]
    pub(crate) fn end(self, _: &impl Awaited, _: &Result<bool, Error>) {}
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it stands for the expression in it")]
pub(crate) fn inline<T>(
    _: impl FnOnce() -> Call,
    body: impl FnOnce() -> T,
) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(body))
}

#[inline]
pub(crate) fn thread_was_refused(_: &io::Error) {}
