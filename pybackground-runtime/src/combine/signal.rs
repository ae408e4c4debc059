//! A call as a channel, for `select!`.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::lazy::Lazy;
use crate::shared::Shared;
use crate::task::{Job, Registration};

/// A channel that a call notifies when it ends; made by [`Lazy::signal`].
///
/// It dereferences to the [`Receiver`], and stands where `select!` takes one.
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
    /// `None` if the call had ended.
    _registration: Option<Registration>,
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
    /// Returns a channel for the `select!` of [`crossbeam_channel`](crate::crossbeam_channel), which
    /// waits for several channels at once.
    ///
    /// One message arrives when the call ends, however it ends, and immediately if it has ended. After
    /// the message, and for a call that can never end, the channel is disconnected. A signal that is
    /// dropped leaves nothing with the call. A wait for a signal does not count as a wait for the call:
    /// no report of a deadlock includes it, and [`Lazy::cancel`] does not end it.
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
        let registration = job.and_then(|job| job.register(Waker::from(sender.clone())));
        if registration.is_none() {
            sender.wake();
        }
        Self { ended, _registration: registration }
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
