//! A call with the type of its result: taking the outcome, and running the body in place.
//!
//! A [`Handle<T>`] holds a call without the type: a [`Valued`]. So whatever waits for a call is compiled once, and not for
//! each type of value. The value is moved to a [`Room<T>`] of the `Handle`'s owner, of which the call knows the address.
//!
//! # Why this is sound
//!
//! 1. **The type is right.** A call has values of one type, and each constructor of `Handle` knows it.
//!    [`of`](Handle::of) reads it from the type of the task, [`of_box`](Handle::of_box) from an implementation of [`Boxed`].
//!    [`of_small`](Handle::of_small) makes the body and passes it to `start`, which returns the call of that body: its callers,
//!    all in `dispatch/direct.rs`, see to that. [`of_failed`](Handle::of_failed) is given a call without a value.
//! 2. **The room is right.** A value that [`is_large`] is moved in its box, to a `Room<Box<T>>`, any other to a `Room<T>`:
//!    see [`Moves`](crate::small_value::Moves).
//! 3. **The room is filled if the outcome says so.** `Ok(FilledPlace)` is made after the value has been put there, and by
//!    nothing else. A [`Called`], its [`ValuePlace`], and what says that it is filled, have a lifetime in common that no other
//!    call has. So a function that is given these can neither make up an outcome nor take that of another call.
//! 4. **The room is still there.** A `ValuePlace` cannot outlive the function that it is lent to.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::Task;
use super::body::Body;
#[cfg(not(debug_assertions))]
use super::body::Small;
use super::job::Job;
use super::permit::may_run_in_place;
use crate::cancel;
use crate::error::CallResult;
use crate::runtime;
use crate::small_value::{Room, is_large, put_box};

/// A call with the type of its result, as a `Lazy` holds it.
pub(crate) struct Handle<T> {
    call: Arc<dyn Valued>,
    value: PhantomData<fn(T) -> T>,
}

/// A call that puts its value where it is told, without the type of the value.
///
/// # Safety
///
/// Each method that is given a place puts a value there before it returns, or passes on, an outcome that is `Ok(())`. The value
/// is of the type of the call.
pub(crate) unsafe trait Valued: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The call without its value.
    fn job(&self) -> &dyn Job;

    /// As `job`, with the ownership.
    fn into_job(self: Arc<Self>) -> Arc<dyn Job>;

    /// Takes the outcome, if the call has ended and the outcome has not been taken.
    ///
    /// # Safety
    ///
    /// The place is that of a room as 2 in the module's documentation says.
    unsafe fn take(&self, place: *mut ()) -> Option<CallResult<()>>;

    /// Runs the body on this thread if it is claimable, passes the outcome to `keep`, and ends the call
    /// after that: other waiters look where `keep` has put the outcome. Returns whether it did.
    ///
    /// # Safety
    ///
    /// As `take`.
    unsafe fn run_in_place(&self, place: *mut (), keep: &mut dyn FnMut(CallResult<()>)) -> bool;

    /// Passes the outcome to the only owner of the `Lazy` if it need not block: the call has ended, or this
    /// thread may run it and does. Else returns the call. Takes no lock if nothing else holds the task.
    ///
    /// `outcome` is `Ok(())` before. It is no part of what is returned, so that all of that is in registers.
    ///
    /// # Safety
    ///
    /// As `take`.
    unsafe fn join_at_once(
        self: Arc<Self>,
        place: *mut (),
        outcome: &mut CallResult<()>,
    ) -> Option<Arc<dyn Valued>>;
}

/// A lifetime that only one call has.
type Brand<'id> = PhantomData<fn(&'id ()) -> &'id ()>;

/// The call whose value is received.
pub(crate) struct Called<'id>(Arc<dyn Valued>, Brand<'id>);

/// Where the value of the call with the same lifetime is put.
#[derive(Clone, Copy)]
pub(crate) struct ValuePlace<'id>(*mut (), Brand<'id>);

/// There is a value in the place with the same lifetime.
pub(crate) struct FilledPlace<'id>(Brand<'id>);

impl<'id> Called<'id> {
    #[inline]
    pub(crate) fn call(&self) -> &Arc<dyn Valued> {
        &self.0
    }

    /// See [`Valued::join_at_once`].
    #[inline]
    pub(crate) fn join_at_once(
        self,
        place: ValuePlace<'id>,
    ) -> Result<CallResult<FilledPlace<'id>>, Self> {
        let mut outcome = Ok(());
        // SAFETY: `Handle::receive` made the place for this call.
        match unsafe { self.0.join_at_once(place.0, &mut outcome) } {
            None => Ok(outcome.map(|()| FilledPlace(PhantomData))),
            Some(call) => Err(Self(call, PhantomData)),
        }
    }

    /// See [`Valued::take`].
    pub(crate) fn take(&self, place: ValuePlace<'id>) -> Option<CallResult<FilledPlace<'id>>> {
        // SAFETY: `Handle::receive` made the place for this call.
        let outcome = unsafe { self.0.take(place.0) }?;
        Some(outcome.map(|()| FilledPlace(PhantomData)))
    }
}

impl<T> Handle<T> {
    /// A call that has values of this type.
    #[inline]
    fn new(call: Arc<dyn Valued>) -> Self {
        Self { call, value: PhantomData }
    }

    /// The call of a task.
    #[inline]
    pub(crate) fn of<B: Body<Output = T>>(task: Arc<Task<B>>) -> Self {
        assert!(const { !B::MOVES.is_small() }, "`of_small` is for values without their types");
        Self::new(task)
    }

    /// A call whose task does not know the type of the value. `start` makes the task of the body.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub(crate) fn of_small<W: 'static, F>(
        body: F,
        start: impl FnOnce(Small<W>) -> Arc<dyn Valued>,
    ) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Self::new(start(Small::of(body)))
    }

    /// A call that has failed, and so has a value of no type.
    #[cfg(not(debug_assertions))]
    pub(crate) fn of_failed(call: Arc<dyn Valued>) -> Self {
        Self::new(call)
    }

    /// The call of which the value is in a box.
    pub(crate) fn of_box<C: Boxed<T> + 'static>(call: C) -> Self
    where
        T: 'static,
    {
        // SAFETY: nothing is borrowed.
        unsafe { Self::of_borrowing_box(call) }
    }

    /// As `of_box`, of a value that borrows.
    ///
    /// # Safety
    ///
    /// The type of the call has no lifetime but those of the value's type.
    pub(crate) unsafe fn of_borrowing_box<C: Boxed<T>>(call: C) -> Self {
        // SAFETY: `Handle` names the type of the value. So it cannot be used or dropped, or be kept in anything
        // `'static`, after a lifetime in that type has ended, and the type of the call has no others.
        Self::new(unsafe { erased(Arc::new(InBox { call, value: PhantomData })) })
    }

    /// The call without the type of its value.
    #[inline]
    pub(crate) fn call(&self) -> &Arc<dyn Valued> {
        &self.call
    }

    /// The call without its value.
    #[inline]
    pub(crate) fn job(&self) -> &dyn Job {
        self.call.job()
    }

    /// As `job`, with an ownership.
    pub(crate) fn to_job(&self) -> Arc<dyn Job> {
        self.call.clone().into_job()
    }

    /// Lends `end` a room for the value, and returns the outcome.
    #[inline]
    pub(crate) fn receive(
        self,
        end: impl for<'id> FnOnce(Called<'id>, ValuePlace<'id>) -> CallResult<FilledPlace<'id>>,
    ) -> CallResult<T> {
        if const { is_large::<T>() } {
            return self.receive_boxed(end).map(|value| *value);
        }
        // SAFETY: the value is not large.
        unsafe { self.receive_as(end) }
    }

    /// As `receive`, with the value in a box.
    #[inline]
    pub(crate) fn receive_boxed(
        self,
        end: impl for<'id> FnOnce(Called<'id>, ValuePlace<'id>) -> CallResult<FilledPlace<'id>>,
    ) -> CallResult<Box<T>> {
        if const { !is_large::<T>() } {
            return self.receive(end).map(Box::new);
        }
        // SAFETY: the value is large.
        unsafe { self.receive_as(end) }
    }

    /// See [`Valued::take`].
    pub(crate) fn take(&self) -> Option<CallResult<T>> {
        if const { is_large::<T>() } {
            return Some(self.take_boxed()?.map(|value| *value));
        }
        // SAFETY: the value is not large.
        unsafe { self.take_as() }
    }

    /// As `take`, with the value in a box.
    pub(crate) fn take_boxed(&self) -> Option<CallResult<Box<T>>> {
        if const { !is_large::<T>() } {
            return Some(self.take()?.map(Box::new));
        }
        // SAFETY: the value is large.
        unsafe { self.take_as() }
    }

    /// See [`Valued::run_in_place`].
    pub(crate) fn run_in_place(&self, keep: &mut dyn FnMut(CallResult<T>)) -> bool {
        if const { is_large::<T>() } {
            return self.run_in_place_boxed(&mut |outcome| keep(outcome.map(|value| *value)));
        }
        // SAFETY: the value is not large.
        unsafe { self.run_as(keep) }
    }

    /// As `run_in_place`, with the value in a box.
    pub(crate) fn run_in_place_boxed(&self, keep: &mut dyn FnMut(CallResult<Box<T>>)) -> bool {
        if const { !is_large::<T>() } {
            return self.run_in_place(&mut |outcome| keep(outcome.map(Box::new)));
        }
        // SAFETY: the value is large.
        unsafe { self.run_as(keep) }
    }

    /// See [`Valued::join_at_once`].
    pub(crate) fn join_at_once(self) -> Result<CallResult<T>, Self> {
        if const { is_large::<T>() } {
            // SAFETY: the value is large.
            let outcome = unsafe { self.join_as::<Box<T>>() };
            return outcome.map(|outcome| outcome.map(|value| *value));
        }
        // SAFETY: the value is not large.
        unsafe { self.join_as() }
    }

    /// # Safety
    ///
    /// `R` is what values of the type are moved as: the box of a large one, or else the value.
    #[inline]
    unsafe fn receive_as<R>(
        self,
        end: impl for<'id> FnOnce(Called<'id>, ValuePlace<'id>) -> CallResult<FilledPlace<'id>>,
    ) -> CallResult<R> {
        let mut room = Room::<R>::new();
        let place = ValuePlace(room.place(), PhantomData);
        match end(Called(self.call, PhantomData), place) {
            // SAFETY: only a call that has put its value there returns this.
            Ok(FilledPlace(_)) => Ok(unsafe { room.take() }),
            Err(error) => Err(error),
        }
    }

    /// # Safety
    ///
    /// As `receive_as`.
    unsafe fn take_as<R>(&self) -> Option<CallResult<R>> {
        let mut room = Room::<R>::new();
        // SAFETY: it is a room of what the value is moved as.
        let outcome = unsafe { self.call.take(room.place()) }?;
        // SAFETY: the value was put there.
        Some(outcome.map(|()| unsafe { room.take() }))
    }

    /// # Safety
    ///
    /// As `receive_as`.
    unsafe fn run_as<R>(&self, keep: &mut dyn FnMut(CallResult<R>)) -> bool {
        let mut room = Room::<R>::new();
        let place = room.place();
        // SAFETY: the value was put there.
        let mut keep =
            |outcome: CallResult<()>| keep(outcome.map(|()| unsafe { place.cast::<R>().read() }));
        // SAFETY: it is a room of what the value is moved as.
        unsafe { self.call.run_in_place(place, &mut keep) }
    }

    /// # Safety
    ///
    /// As `receive_as`.
    unsafe fn join_as<R>(self) -> Result<CallResult<R>, Self> {
        let mut room = Room::<R>::new();
        let mut outcome = Ok(());
        // SAFETY: it is a room of what the value is moved as.
        match unsafe { self.call.join_at_once(room.place(), &mut outcome) } {
            // SAFETY: the value was put there.
            None => Ok(outcome.map(|()| unsafe { room.take() })),
            Some(call) => Err(Self::new(call)),
        }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self::new(self.call.clone())
    }
}

impl<B: Body> From<Arc<Task<B>>> for Handle<B::Output> {
    #[inline]
    fn from(task: Arc<Task<B>>) -> Self {
        Self::of(task)
    }
}

// SAFETY: `Body::MOVES` puts the value there, and the outcome is mapped to `Ok(())` by nothing else.
unsafe impl<B: Body> Valued for Task<B> {
    fn job(&self) -> &dyn Job {
        self
    }

    fn into_job(self: Arc<Self>) -> Arc<dyn Job> {
        self
    }

    unsafe fn take(&self, place: *mut ()) -> Option<CallResult<()>> {
        let outcome = self.take_outcome()?;
        // SAFETY: as the caller says.
        Some(unsafe { put_outcome::<B>(outcome, place) })
    }

    unsafe fn run_in_place(&self, place: *mut (), keep: &mut dyn FnMut(CallResult<()>)) -> bool {
        // SAFETY: as the caller says.
        self.end_in_place(&mut |outcome| keep(unsafe { put_outcome::<B>(outcome, place) }))
    }

    unsafe fn join_at_once(
        self: Arc<Self>,
        place: *mut (),
        outcome: &mut CallResult<()>,
    ) -> Option<Arc<dyn Valued>> {
        // In two functions, neither of which pays for the other's room on the stack.
        if self.state.word().is_done() {
            // SAFETY: as the caller says.
            unsafe { self.take_for_join(place, outcome) }
        } else {
            // SAFETY: as the caller says.
            unsafe { self.run_for_join(place, outcome) }
        }
    }
}

/// # Safety
///
/// The place is that of a room of the value that the call returns.
#[inline]
unsafe fn put_outcome<B: Body>(outcome: CallResult<B::Output>, place: *mut ()) -> CallResult<()> {
    // SAFETY: as the caller says.
    outcome.map(|value| unsafe { B::MOVES.put(value, place) })
}

/// As `put_outcome`, with the error written to `outcome`, which is `Ok(())` before.
///
/// # Safety
///
/// As there.
#[inline]
unsafe fn put_ended<B: Body>(
    ended: CallResult<B::Output>,
    place: *mut (),
    outcome: &mut CallResult<()>,
) {
    match ended {
        // SAFETY: as the caller says.
        Ok(value) => unsafe { B::MOVES.put(value, place) },
        Err(error) => *outcome = Err(error),
    }
}

impl<B: Body> Task<B> {
    fn take_outcome(&self) -> Option<CallResult<B::Output>> {
        self.header.events().used();
        self.state.lock().take_outcome()
    }

    /// As [`Valued::join_at_once`], of a call that has ended.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(never)]
    unsafe fn take_for_join(
        self: Arc<Self>,
        place: *mut (),
        outcome: &mut CallResult<()>,
    ) -> Option<Arc<dyn Valued>> {
        let ended = match Arc::try_unwrap(self) {
            Ok(task) => {
                task.header.events().used();
                task.state.into_outcome()
            }
            Err(shared) => shared.take_outcome().expect("its only owner takes the outcome"),
        };
        // SAFETY: as the caller says.
        unsafe { put_ended::<B>(ended, place, outcome) };
        None
    }

    /// As [`Valued::join_at_once`], of a call that had not ended.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(never)]
    unsafe fn run_for_join(
        self: Arc<Self>,
        place: *mut (),
        outcome: &mut CallResult<()>,
    ) -> Option<Arc<dyn Valued>> {
        if !(self.state.word().is_claimable() && may_run_in_place(&*self)) {
            return Some(self);
        }
        let ended = match Arc::try_unwrap(self) {
            Ok(task) => task.into_outcome(),
            Err(shared) => {
                let mut kept = None;
                shared.end_in_place(&mut |outcome| kept = Some(outcome));
                match kept {
                    Some(outcome) => outcome,
                    None => return Some(shared),
                }
            }
        };
        // SAFETY: as the caller says.
        unsafe { put_ended::<B>(ended, place, outcome) };
        None
    }

    /// The outcome of a claimable or ended call that has no other owner: nothing else can see its end.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "moved once more, the task would cost as much as its run"
    )]
    pub(super) fn into_outcome(self) -> CallResult<B::Output> {
        let function = self.function();
        let Self { state, header, label: _ } = self;
        header.events().used();
        let (body, link, trailer) = match state.into_parts() {
            Ok(parts) => parts,
            Err(outcome) => {
                // It has ended on another thread in this moment.
                runtime::look_after_own_calls();
                return outcome;
            }
        };
        let below = cancel::enter(link);
        let outcome = if const { B::MOVES.is_small() } {
            // It is compiled a few times only.
            header.run_to_end_here(function, body)
        } else {
            header.run_to_end(function, body)
        };
        cancel::end(cancel::leave(below));
        header.events().ended(&outcome);
        trailer.notify();
        outcome
    }
}

/// A call whose value is in a box. Each method is as that of [`Valued`].
pub(crate) trait Boxed<T>: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn job(&self) -> &dyn Job;

    fn to_job(&self) -> Arc<dyn Job>;

    fn take(&self) -> Option<CallResult<Box<T>>>;

    fn run_in_place(&self, keep: &mut dyn FnMut(CallResult<Box<T>>)) -> bool;

    /// `None` if it would have to block.
    fn join_at_once(&self) -> Option<CallResult<Box<T>>>;
}

struct InBox<T, C> {
    call: C,
    value: PhantomData<fn(T) -> T>,
}

/// # Safety
///
/// The call is not used or dropped after a lifetime in its type has ended.
unsafe fn erased<'call>(call: Arc<dyn Valued + 'call>) -> Arc<dyn Valued> {
    // SAFETY: both types differ in the bound of the trait object only, which the caller observes.
    unsafe { std::mem::transmute::<Arc<dyn Valued + 'call>, Arc<dyn Valued>>(call) }
}

// SAFETY: `put_box` puts the value there, and the outcome is mapped to `Ok(())` by nothing else.
unsafe impl<T, C: Boxed<T>> Valued for InBox<T, C> {
    fn job(&self) -> &dyn Job {
        self.call.job()
    }

    fn into_job(self: Arc<Self>) -> Arc<dyn Job> {
        self.call.to_job()
    }

    unsafe fn take(&self, place: *mut ()) -> Option<CallResult<()>> {
        let outcome = self.call.take()?;
        // SAFETY: as the caller says.
        Some(outcome.map(|value| unsafe { put_box(value, place) }))
    }

    unsafe fn run_in_place(&self, place: *mut (), keep: &mut dyn FnMut(CallResult<()>)) -> bool {
        // SAFETY: as the caller says.
        let put = |value: Box<T>| unsafe { put_box(value, place) };
        let mut keep = |outcome: CallResult<Box<T>>| keep(outcome.map(put));
        self.call.run_in_place(&mut keep)
    }

    unsafe fn join_at_once(
        self: Arc<Self>,
        place: *mut (),
        outcome: &mut CallResult<()>,
    ) -> Option<Arc<dyn Valued>> {
        let Some(ended) = self.call.join_at_once() else {
            // SAFETY: `Handle::of_borrowing_box`, which made it, has erased the lifetimes for all time.
            return Some(unsafe { erased(self) });
        };
        // SAFETY: as the caller says.
        *outcome = ended.map(|value| unsafe { put_box(value, place) });
        None
    }
}
