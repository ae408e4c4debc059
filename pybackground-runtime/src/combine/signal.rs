//! A call as a channel, for `select!`.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, Sender, bounded};

use crate::call::Call;
use crate::join;
use crate::lazy::Lazy;
use crate::panic::drop_catching;
use crate::shared::Shared;
use crate::snapshot::{WaitReporter, WaitsFor};
use crate::task::{Job, Registration};

/// A channel that a call notifies when it ends; made by [`Lazy::signal`].
///
/// It dereferences to the [`Receiver`](https://docs.rs/crossbeam-channel/0.5/crossbeam_channel/struct.Receiver.html), and stands where `select!` takes one.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, Signal, spawn};
///
/// let page = spawn(|| "<html>");
/// let loaded: Signal = Lazy::signal(&page);
/// loaded.recv().unwrap();
/// assert!(Lazy::is_ready(&page));
/// ```
pub struct Signal {
    ended: Receiver<()>,
    /// `None` if the call had ended, and if its body is a future: one that nothing can wake ends when nothing has it any
    /// more, so that a wait must not keep it.
    job: Option<Weak<dyn Job>>,
    /// The call of an `async` body that had not ended.
    call: Option<Call>,
    /// `None` if the call had ended.
    _registration: Option<Registration>,
}

impl Signal {
    /// Waits for the message, as a wait for the call that a report of a deadlock includes.
    ///
    /// The other methods are those of the [`Receiver`](https://docs.rs/crossbeam-channel/0.5/crossbeam_channel/struct.Receiver.html), and wait without the runtime's knowledge. So do `select!`, and a
    /// wait for a call of an `async` body, which ends without a message if nothing can wake that body.
    ///
    /// # Errors
    ///
    /// If the message was received before, or the call can never end.
    ///
    /// # Panics
    ///
    /// If the wait would never end because the call waits, directly or through others, for the body that waits here. The
    /// message lists all of these. A body that has to stop unwinds.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let page = spawn(|| "<html>");
    /// let loaded = Lazy::signal(&page);
    /// assert!(loaded.recv().is_ok());
    /// assert!(loaded.recv().is_err(), "there is one message");
    /// ```
    #[track_caller]
    pub fn recv(&self) -> Result<(), RecvError> {
        if let Some(job) = self.job.as_ref().and_then(Weak::upgrade) {
            let ended = join::until_ended(&job);
            // It may have lost its other owners meanwhile, and its value has a destructor of the user's.
            drop_catching(job);
            if let Err(error) = ended {
                error.raise();
            }
        }
        let Some(call) = self.call else { return self.ended.recv() };
        // Not in the wait graph.
        let mut report = WaitReporter::new(WaitsFor::Call(call), Location::caller());
        while let Some(rest) = report.rest() {
            match self.ended.recv_timeout(rest) {
                Ok(()) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
                Err(RecvTimeoutError::Timeout) => report.look(),
            }
        }
        self.ended.recv()
    }
}

impl Deref for Signal {
    type Target = Receiver<()>;

    fn deref(&self) -> &Receiver<()> {
        &self.ended
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("has_message", &!self.ended.is_empty())
            .finish_non_exhaustive()
    }
}

impl<T> Lazy<T> {
    /// Returns a channel for the `select!` of [`crossbeam_channel`](https://docs.rs/crossbeam-channel), which
    /// waits for several channels at once.
    ///
    /// One message arrives when the call ends, however it ends, and immediately if it has ended. After
    /// the message, and for a call that can never end, the channel is disconnected. A signal that is
    /// dropped leaves nothing with the call. [`Signal::recv`] counts as a wait for the call, unless its
    /// body is `async`. A `select!` does not: no report of a deadlock includes it, and [`Lazy::cancel`] does not end it.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use crossbeam_channel::{select, unbounded};
    /// use pybackground::{Lazy, spawn};
    ///
    /// let (send, lines) = unbounded();
    /// let page = spawn(move || {
    ///     send.send("loading").unwrap();
    ///     "<html>"
    /// });
    /// let loaded = Lazy::signal(&page);
    /// loop {
    ///     select! {
    ///         recv(lines) -> line => match line {
    ///             Ok(line) => println!("{line}"),
    ///             Err(_) => break, // nobody can send any more
    ///         },
    ///         recv(loaded) -> _ => break,
    ///     }
    /// }
    /// assert_eq!(page, "<html>");
    /// ```
    #[must_use]
    pub fn signal(this: &Self) -> Signal {
        Signal::of(Self::job(this))
    }
}

impl<T> Shared<T> {
    /// Returns a channel that the call notifies when it ends: see [`Lazy::signal`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use crossbeam_channel::{after, select};
    /// use pybackground::{Lazy, Shared, spawn};
    /// use std::time::Duration;
    ///
    /// let page = Lazy::share(spawn(|| "<html>"));
    /// let loaded = Shared::signal(&page);
    /// select! {
    ///     recv(loaded) -> _ => assert_eq!(page, "<html>"),
    ///     recv(after(Duration::from_secs(60))) -> _ => println!("it takes long"),
    /// }
    /// ```
    #[must_use]
    pub fn signal(this: &Self) -> Signal {
        Signal::of(Self::job(this))
    }
}

impl Signal {
    /// The signal of a call; `None` is a value that needs no waiting.
    fn of(job: Option<Arc<dyn Job>>) -> Self {
        let (send, ended) = bounded(1);
        let sender = Arc::new(NotifyEnd(send));
        let job = job.filter(|job| !job.is_done());
        let registration = job.as_ref().and_then(|job| job.register(Waker::from(sender.clone())));
        if registration.is_none() {
            sender.wake();
        }
        let call = job.as_ref().filter(|job| job.is_future()).map(|job| job.call());
        let job = job.filter(|job| !job.is_future());
        Self { ended, job: job.as_ref().map(Arc::downgrade), call, _registration: registration }
    }
}

/// Sends the message of a signal.
struct NotifyEnd(Sender<()>);

impl Wake for NotifyEnd {
    fn wake(self: Arc<Self>) {
        // The receiver may be gone.
        let _ = self.0.try_send(());
    }
}
