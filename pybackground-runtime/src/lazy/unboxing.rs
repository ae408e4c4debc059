//! A call whose value is in a box, as the `Lazy` of the value sees it.
//!
//! A large value is put into a box where the body returns it, and the box is moved from there on.

use std::sync::Arc;

use crate::error::Outcome;
use crate::task::{Handle, Job};

/// A call that returns a `V`, in which there is a box of the value.
pub(super) struct Unboxing<T, V> {
    call: Arc<dyn Handle<V>>,
    boxed: fn(V) -> Box<T>,
}

impl<T, V> Unboxing<T, V> {
    pub(super) fn new(call: Arc<dyn Handle<V>>, boxed: fn(V) -> Box<T>) -> Self {
        Self { call, boxed }
    }
}

impl<T: 'static, V: 'static> Handle<T> for Unboxing<T, V> {
    fn job(&self) -> &dyn Job {
        self.call.job()
    }

    fn into_job(self: Arc<Self>) -> Arc<dyn Job> {
        self.call.clone().into_job()
    }

    fn take(&self) -> Option<Outcome<T>> {
        Some(self.take_boxed()?.map(|value| *value))
    }

    fn take_boxed(&self) -> Option<Outcome<Box<T>>> {
        Some(self.call.take()?.map(self.boxed))
    }

    fn run_in_place(&self, keep: &mut dyn FnMut(Outcome<T>)) -> bool {
        self.run_in_place_boxed(&mut |outcome| keep(outcome.map(|value| *value)))
    }

    fn run_in_place_boxed(&self, keep: &mut dyn FnMut(Outcome<Box<T>>)) -> bool {
        self.call.run_in_place(&mut |outcome| keep(outcome.map(self.boxed)))
    }

    fn join_at_once(self: Arc<Self>) -> Result<Outcome<T>, Arc<dyn Handle<T>>> {
        Ok(self.join_at_once_boxed()?.map(|value| *value))
    }

    fn join_at_once_boxed(self: Arc<Self>) -> Result<Outcome<Box<T>>, Arc<dyn Handle<T>>> {
        match self.call.clone().join_at_once() {
            Ok(outcome) => Ok(outcome.map(self.boxed)),
            Err(_) => Err(self),
        }
    }
}
