//! A call beside channels, in a `select!`.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::lazy::Lazy;

/// Tells of a call's end; made by [`Lazy::signal`].
///
/// ```
/// use pybackground_runtime::{Lazy, Signal, spawn};
///
/// let page = spawn(|| "<html>");
/// let loaded: Signal = Lazy::signal(&page);
/// loaded.recv().unwrap();
/// assert!(Lazy::is_ready(&page));
/// ```
pub type Signal = Receiver<()>;

impl<T> Lazy<T> {
    /// A channel that tells when the call has ended, for the `select!` of
    /// [`crossbeam_channel`](crate::crossbeam_channel), which waits for several channels at once.
    ///
    /// One message comes when the call ends, however it ends, and at once if it has; after it, and for
    /// a call that can never end, the channel is disconnected. Make one signal and keep it: each is told
    /// for itself, and dropping it costs nothing. What waits for it is not known to be a wait for the
    /// call: it is in no report of a deadlock, and [`Lazy::cancel`] does not end it.
    ///
    /// ```
    /// use crossbeam_channel::{select, unbounded};
    /// use pybackground_runtime::{Lazy, spawn};
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
        let (tell, told) = bounded(1);
        let teller = Arc::new(Teller(tell));
        let is_told = Self::job(this)
            .is_some_and(|job| !job.is_done() && job.register_new(&Waker::from(teller.clone())));
        if !is_told {
            teller.wake();
        }
        told
    }
}

/// Tells of the end of a call.
struct Teller(Sender<()>);

impl Wake for Teller {
    fn wake(self: Arc<Self>) {
        // Whoever was to be told may not be there any more.
        let _ = self.0.try_send(());
    }
}
