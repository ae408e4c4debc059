//! The bodies on one thread, and what it waits for.

use std::panic::Location;
use std::time::Duration;

use crate::call::Call;
use crate::site::UsedAt;
use crate::waits::BlockedIn;
use crate::{stacks, waits};

/// A thread that runs bodies or waits for a call; a part of a [`Snapshot`](crate::Snapshot).
///
/// A thread that joins a call that has not started runs that call in place, on top of the body that
/// joins. So a thread may have several bodies, and all but the highest wait.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, snapshot};
/// use std::sync::mpsc::{Receiver, Sender, channel};
///
/// fn works(start: Sender<()>, end: Receiver<()>) {
///     start.send(()).unwrap();
///     end.recv().unwrap();
/// }
///
/// let ((start, started), (end, ended)) = (channel(), channel());
/// let _x = background(works)(start, ended);
/// started.recv().unwrap();
/// let report = snapshot();
/// let stack = &report.stacks[0];
/// assert!(stack.functions().next().unwrap().ends_with("works"));
/// assert!(stack.wait().is_none());
/// end.send(()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Stack {
    thread: String,
    /// An address near the base of the thread's stack.
    base: usize,
    age: Duration,
    calls: Vec<Call>,
    wait: Option<Wait>,
}

/// What a thread waits for; see [`Stack::wait`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, Stack, Wait, snapshot, spawn};
///
/// let look = || loop {
///     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
///         break wait.clone();
///     }
///     std::thread::yield_now();
/// };
/// let wait: Wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
/// assert!(wait.function().is_some());
/// println!("waits for {:?} at {:?}", wait.function(), wait.waits_at());
/// ```
#[derive(Clone, Debug)]
pub struct Wait {
    on: Option<(Call, &'static Location<'static>)>,
    /// What else than a call or time it is for, and where.
    blocked_in: Option<(BlockedIn, &'static Location<'static>)>,
    calls: usize,
    age: Duration,
}

impl Stack {
    pub(super) fn new(stack: stacks::ThreadStack, wait: Option<waits::WaitReport>) -> Self {
        let calls = stack.bodies.iter().map(|body| body.name.call()).collect();
        let wait = wait.map(|waits::WaitReport { on, blocked_in, calls, age, .. }| Wait {
            on,
            blocked_in,
            calls,
            age,
        });
        Self { thread: stack.thread, base: stack.base, age: stack.age, calls, wait }
    }

    /// The name of the thread.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{snapshot, spawn};
    ///
    /// let name = spawn(|| snapshot().stacks[0].thread().to_owned());
    /// assert!(name.starts_with("background-"));
    /// ```
    #[must_use]
    pub fn thread(&self) -> &str {
        &self.thread
    }

    /// How long the lowest body has been on the thread, to a few milliseconds; `None` if there is
    /// none, as on a thread that the runtime did not start.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{snapshot, spawn};
    ///
    /// let age = spawn(|| snapshot().stacks[0].age());
    /// assert!(age.is_some());
    /// ```
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        (!self.calls.is_empty()).then_some(self.age)
    }

    /// The functions whose bodies are on the thread, the lowest first.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{background, snapshot};
    ///
    /// fn looks() -> bool {
    ///     snapshot().stacks[0].functions().eq([std::any::type_name_of_val(&looks)])
    /// }
    /// assert!(*background(looks)());
    /// ```
    #[must_use]
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.calls.iter().map(|call| call.function())
    }

    /// Where those functions were called, in the same order.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{snapshot, spawn};
    ///
    /// let site = spawn(|| snapshot().stacks[0].called_at().next().unwrap());
    /// assert_eq!(site.file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(&self) -> impl ExactSizeIterator<Item = &'static Location<'static>> {
        self.calls.iter().map(|call| call.site())
    }

    /// What the highest body waits for, or a thread that the runtime did not start.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{snapshot, spawn};
    ///
    /// let waits = spawn(|| snapshot().stacks[0].wait().is_some());
    /// assert_eq!(waits, false, "it looks");
    /// ```
    #[must_use]
    pub fn wait(&self) -> Option<&Wait> {
        self.wait.as_ref()
    }

    pub(super) fn base(&self) -> usize {
        self.base
    }

    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }
}

impl Wait {
    /// The function of the awaited call, of several calls that of the first; `None` if the thread sleeps, waits for a
    /// [lock](crate::locks), or is at the end of a [`scope`](crate::scope()).
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Stack, snapshot, spawn};
    ///
    /// # let look = || loop {
    /// #     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
    /// #         break wait.clone();
    /// #     }
    /// #     std::thread::yield_now();
    /// # };
    /// let wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
    /// assert!(wait.function().is_some());
    /// ```
    #[must_use]
    pub fn function(&self) -> Option<&'static str> {
        self.on.map(|(call, _)| call.function())
    }

    /// Where that function was called.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Stack, snapshot, spawn};
    ///
    /// # let look = || loop {
    /// #     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
    /// #         break wait.clone();
    /// #     }
    /// #     std::thread::yield_now();
    /// # };
    /// let wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
    /// assert_eq!(wait.called_at().unwrap().file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(&self) -> Option<&'static Location<'static>> {
        self.on.map(|(call, _)| call.site())
    }

    /// Where the wait is; `None` if the value is used by a formatter, which does not know the line.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Stack, snapshot, spawn};
    ///
    /// # let look = || loop {
    /// #     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
    /// #         break wait.clone();
    /// #     }
    /// #     std::thread::yield_now();
    /// # };
    /// let wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
    /// assert_eq!(wait.waits_at().unwrap().file(), file!());
    /// ```
    #[must_use]
    pub fn waits_at(&self) -> Option<&'static Location<'static>> {
        match (self.on, self.blocked_in) {
            (Some((_, site)), _) | (None, Some((_, site))) => UsedAt(site).user(),
            (None, None) => None,
        }
    }

    /// How many calls there are of which any ends the wait: 1 for a join, more for
    /// [`as_completed`](crate::as_completed), 0 if the thread sleeps, waits for a lock, or is at the end of a scope.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Stack, snapshot, spawn};
    ///
    /// # let look = || loop {
    /// #     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
    /// #         break wait.clone();
    /// #     }
    /// #     std::thread::yield_now();
    /// # };
    /// let wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
    /// assert_eq!(wait.calls(), 1);
    /// ```
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// How long the thread has waited.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Stack, snapshot, spawn};
    ///
    /// # let look = || loop {
    /// #     if let Some(wait) = snapshot().stacks.iter().find_map(Stack::wait) {
    /// #         break wait.clone();
    /// #     }
    /// #     std::thread::yield_now();
    /// # };
    /// let wait = Lazy::into_inner(spawn(look)); // the body looks which thread waits for it
    /// println!("for {:?}", wait.age());
    /// ```
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    pub(super) fn blocked_in(&self) -> Option<(BlockedIn, &'static Location<'static>)> {
        self.blocked_in
    }

    pub(super) fn on(&self) -> Option<(Call, &'static Location<'static>)> {
        self.on
    }
}
