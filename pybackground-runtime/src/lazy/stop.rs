//! Ending a call before its body does: by a deadline, or because nobody wants it any more.

use std::time::Duration;

use super::CancelOnDrop;
use super::{Lazy, State};

impl<T> Lazy<T> {
    /// Gives the call a deadline, `timeout` from now, unless it has a sooner one.
    ///
    /// When it passes, whoever waits gets the timeout, a body that has not started never does, and
    /// the result of one that goes on is dropped. A `timeout` beyond what the clock can tell is never.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, Timeout, spawn};
    /// # use std::{sync::mpsc, time::Duration};
    /// let (_send, receive) = mpsc::channel::<u8>();
    /// let x = Lazy::with_timeout(spawn(move || receive.recv().unwrap()), Duration::from_millis(5));
    /// assert!(x == Timeout);
    /// ```
    pub fn with_timeout(this: Self, timeout: Duration) -> Self {
        if let State::Pending(pending) = &this.state {
            pending.set_timeout(timeout);
        }
        this
    }

    /// Cancels the call: whoever waits gets [`Error::is_cancelled`](crate::Error::is_cancelled), a body
    /// that has not started never does, and one that runs is told so. Returns whether the call had not
    /// ended before.
    ///
    /// What a body that never started captured is dropped here, before this returns. A body that runs
    /// cannot be stopped, only asked to: it sees [`cancelled`](crate::cancelled), and ends at the next
    /// [`checkpoint`](crate::checkpoint), [`sleep`](crate::sleep) or wait for a call. Until then it
    /// overruns, and its result is dropped. Calls that it made are to stop as well, unless they
    /// were [detached](Lazy::detach) or it has ended meanwhile.
    ///
    /// In a program built with `panic = "abort"` no body can be ended so: one that runs is told by
    /// [`cancelled`](crate::cancelled) alone, as are those that it called.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, sleep, spawn};
    /// # use std::time::Duration;
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
            State::Ready(_) => false,
            State::Pending(pending) => pending.cancel(),
        }
    }

    /// Has the call cancelled, as by [`Lazy::cancel`], when what this returns is dropped.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, sleep, spawn};
    /// # use std::time::Duration;
    /// {
    ///     let _page = Lazy::cancel_on_drop(spawn(|| sleep(Duration::from_secs(3600))));
    ///     // .. an early return, or a panic ..
    /// } // nobody sleeps any more
    /// ```
    pub fn cancel_on_drop(this: Self) -> CancelOnDrop<T> {
        CancelOnDrop::new(this)
    }

    /// Lets the call run to its end on its own, whatever becomes of the call whose body made it.
    ///
    /// Dropping a `Lazy` lets the call run as well, but if it was made by the body of a call that is
    /// cancelled or times out, it stops with that one.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn};
    /// Lazy::detach(spawn(|| println!("some time")));
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "who detaches a call gives it up")]
    pub fn detach(this: Self) {
        if let State::Pending(pending) = &this.state {
            pending.detach();
        }
    }
}
