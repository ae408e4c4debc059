//! Ending a call before its body does: by a deadline or by a cancellation. Which calls stop with the body that made them.

use std::time::Duration;

use super::CancelOnDrop;
use super::pending::Pending;
use super::{Lazy, LazyState};
use crate::cancel;

impl<T> Lazy<T> {
    /// Gives the call a deadline, `timeout` from now, unless it has a sooner one.
    ///
    /// When it passes, whoever waits gets the timeout, a body that has not started never does, and
    /// the result of one that goes on is dropped. A `timeout` beyond what the clock can tell is never.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Timeout, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (_send, receive) = mpsc::channel::<u8>();
    /// let x = Lazy::with_timeout(spawn(move || receive.recv().unwrap()), Duration::from_millis(5));
    /// assert!(x == Timeout);
    /// ```
    pub fn with_timeout(this: Self, timeout: Duration) -> Self {
        Self::set_timeout(&this, timeout);
        this
    }

    pub(crate) fn set_timeout(this: &Self, timeout: Duration) {
        if let LazyState::Pending(pending) = &this.state {
            pending.set_timeout(timeout);
        }
    }

    /// Cancels the call: whoever waits gets [`Error::is_cancelled`](crate::Error::is_cancelled), a body
    /// that has not started never does, and one that runs is told so. Returns whether the call had not
    /// ended before.
    ///
    /// What a body that never started captured is dropped here, before this returns. If the call is in the queue of
    /// the pool, an entry of less than 1 KiB stays there until a thread takes it out. A body that runs
    /// cannot be stopped, only asked to: it sees [`cancelled`](crate::cancelled), and ends at the next
    /// [`checkpoint`](crate::checkpoint), [`sleep`](crate::sleep) or wait for a call. Until then it
    /// overruns, and its result is dropped. Calls that it made are to stop as well, unless they
    /// were [detached](Lazy::detach) or it has ended meanwhile.
    ///
    /// In a program built with `panic = "abort"` no body can be ended so: one that runs is told by
    /// [`cancelled`](crate::cancelled) alone, as are those that it called.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let x = spawn(|| sleep(Duration::from_secs(3600)));
    /// assert!(Lazy::cancel(&x));
    /// assert!(Lazy::join(x).unwrap_err().is_cancelled());
    ///
    /// let y = Lazy::ready(3);
    /// assert!(!Lazy::cancel(&y), "too late");
    /// assert_eq!(y, 3);
    /// ```
    pub fn cancel(this: &Self) -> bool {
        match &this.state {
            LazyState::Ready(_) => false,
            LazyState::Pending(pending) => pending.cancel(),
        }
    }

    /// Has the call cancelled, as by [`Lazy::cancel`], when what this returns is dropped.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// {
    ///     let _page = Lazy::cancel_on_drop(spawn(|| sleep(Duration::from_secs(3600))));
    ///     // .. an early return, or a panic ..
    /// } // nobody sleeps any more
    /// ```
    pub fn cancel_on_drop(this: Self) -> CancelOnDrop<T> {
        CancelOnDrop::new(this)
    }

    /// Detaches the call from the body that made it, and returns the `Lazy`.
    ///
    /// Dropping a `Lazy` lets the call run as well. But a call that was made by a body stops with that body, if
    /// it is cancelled or times out. A detached call goes on. So `drop(Lazy::detach(f(x)))` runs a call that
    /// nothing waits for to its end, and a `Lazy` in a `static` outlives its first user.
    ///
    /// If the body has to [stop](crate::cancelled) when it makes the call, the call never runs, and detaching it
    /// ends the body as [`checkpoint`](crate::checkpoint) does. A `OnceLock` that the body was to fill stays empty
    /// for its next user. A `LazyLock` stays poisoned, as by any panic of its closure.
    ///
    /// A call of a [`scope`](crate::scope) stays part of the scope.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// drop(Lazy::detach(spawn(|| println!("some time"))));
    ///
    /// let x = Lazy::detach(spawn(|| 6 * 7));
    /// assert_eq!(x, 42);
    /// ```
    pub fn detach(this: Self) -> Self {
        Self::detach_call(&this);
        this
    }

    pub(crate) fn detach_call(this: &Self) {
        if let LazyState::Pending(pending) = &this.state {
            pending.detach();
            end_body_if_call_never_ran(pending);
        }
    }

    /// Lets the call outlive the body that made it, until nothing holds the `Lazy`.
    pub(crate) fn outlive_parent(this: &Self) {
        let LazyState::Pending(pending) = &this.state else { return };
        pending.share();
        end_body_if_call_never_ran(pending);
    }
}

/// A call that a stopped body makes never runs. The body ends here, so that it does not leave the call to others, as in
/// a `OnceLock`.
fn end_body_if_call_never_ran<T>(pending: &Pending<T>) {
    let never_ran = || matches!(pending.peek(), Some(Err(error)) if error.is_cancelled());
    if cancel::may_unwind() && cancel::cancelled() && never_ran() {
        cancel::unwind();
    }
}
