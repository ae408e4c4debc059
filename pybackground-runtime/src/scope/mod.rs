//! Closures that borrow from the caller.
//!
//! | file | subject |
//! |---|---|
//! | `entry` | a closure that waits for its turn, with its call |
//!
//! The threads are in `pool/crew`.
//!
//! # How safe code comes by it
//!
//! [`std::thread::scope`] joins its threads before it returns, so that they may borrow what is older than
//! it. The queue is older, and holds closures that borrow the queue itself, in order to spawn others: its
//! lifetime is the one it is borrowed for. The compiler allows that of a value whose destructor cannot
//! touch what it borrows. Hence the `ManuallyDrop`, in which nothing is left at the end.

mod entry;

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::call::path_of_enclosing_function;
use crate::cancel;
use crate::context::Context;
use crate::count::Count;
use crate::error::Error;
use crate::join;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::pool::crew::{Crew, Queue};
use crate::runtime;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, lock};
use crate::task::{Body, Borrowed, Task, Unobserved};
use entry::{Call, Entry};

/// Runs `f`, in which closures that borrow can be called in the background, and waits for all of them.
///
/// The closures may borrow whatever lives before the scope and is still there after it, mutably too:
/// when `scope` returns, every one of them has ended, and what it captured is dropped. Each
/// [`Scope::spawn`] returns a [`Lazy`], with all that it can do: join on first use, be waited for with a
/// time limit, be cancelled, be named in errors. [`Scope::launch`] is for closures without a value.
///
/// The closures run on threads of the scope's own, as many as compute at once, and more while closures
/// block. A scope costs the start of two threads, a closure that finds a thread about what another call
/// costs.
///
/// The idea and the rules are those of [`std::thread::scope`].
///
/// ```
/// use pybackground_runtime::scope;
///
/// let text = String::from("some slow words");
/// let mut longest = 0;
/// let count = scope(|s| {
///     let count = s.spawn(|| text.split(' ').count());
///     s.launch(|| longest = text.split(' ').map(str::len).max().unwrap_or(0));
///     *count
/// });
/// assert_eq!((count, longest), (3, 5));
/// ```
///
/// # Panics
///
/// If `f` panics: with that panic, after every closure has ended.
///
/// If a closure panicked, was refused because there was no thread for it, or was refused or stopped
/// because the runtime was shut down, and nobody got to know of it through its `Lazy` before the end of
/// the scope: with a message that names the function and the line of the call. To ask
/// [`Lazy::is_ready`] is not to know; who gives the `Lazy` to another call, as to [`Lazy::map`], leaves it
/// to that call to tell.
///
/// # Blocking
///
/// Until every closure has ended. Inside a body, the thread leaves its place to others meanwhile. A
/// scope that waits cannot be stopped: if the body it is in is cancelled, so are its closures, and it
/// returns when they have ended.
///
/// The wait at the end is no use of a `Lazy`: a closure that waits for the call which the scope is in
/// waits for ever, as it would with [`std::thread::scope`], and no error tells of the circle.
#[track_caller]
pub fn scope<'env, F, R>(f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let scope = Scope::new();
    let result = std::thread::scope(|threads| {
        if !scope.crew.begin(threads, &scope) {
            // ORDERING: other threads hear of the scope from this one.
            scope.in_place.store(true, Ordering::Relaxed);
        }
        let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
        join::for_scope(&scope.crew);
        scope.crew.dismiss();
        result
    });
    let failure = scope.close();
    let value = result.unwrap_or_else(|panic| resume_unwind(panic));
    // While the thread panics already, another panic would end the process.
    if let Some(failure) = failure
        && cancel::may_unwind()
    {
        drop_catching(value);
        panic!("{failure}");
    }
    value
}

/// The place where closures that borrow are called; see [`scope`].
///
/// `'scope` is how long the closures may run and what they capture has to live; `'env` is the life of
/// what is outside of the scope.
///
/// A closure may spawn others, as it may borrow the scope too:
///
/// ```
/// use pybackground_runtime::scope;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let leaves = AtomicU32::new(0);
/// scope(|s| {
///     s.launch(|| {
///         s.launch(|| { leaves.fetch_add(1, Ordering::Relaxed); });
///         s.launch(|| { leaves.fetch_add(1, Ordering::Relaxed); });
///     });
/// });
/// assert_eq!(leaves.into_inner(), 2);
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    crew: Arc<Crew>,
    /// There are no threads: a closure runs where it is spawned.
    in_place: AtomicBool,
    waiting: ManuallyDrop<Mutex<VecDeque<Box<dyn Entry + 'scope>>>>,
    /// Calls that failed.
    failures: Mutex<Vec<Arc<dyn Unobserved>>>,
    /// As `std`'s: neither lifetime can be taken for a shorter or a longer one.
    lifetimes: PhantomData<(&'scope mut &'scope (), &'env mut &'env ())>,
}

impl<'scope> Scope<'scope, '_> {
    /// Runs a closure in the background, which has ended by the end of the scope.
    ///
    /// Returns at once, whatever the load. The closure may borrow, what it returns may not: its value is
    /// kept for the `Lazy`, which may leave the scope. A closure that is to give something borrowed
    /// writes it to a place outside instead.
    ///
    /// [`Lazy::cancel`] keeps a closure that has not begun from ever beginning; what it captured is
    /// dropped when its turn would have come, at the end of the scope at the latest. Dropping the `Lazy`
    /// lets the closure run.
    ///
    /// In the sequential mode, or if the system gave the scope no thread, the closure is run to its end
    /// before this returns.
    ///
    /// ```
    /// use pybackground_runtime::{Lazy, scope};
    ///
    /// let numbers = [3, 1, 2];
    /// let largest: Lazy<Option<i32>> = scope(|s| s.spawn(|| numbers.iter().max().copied()));
    /// assert!(Lazy::is_ready(&largest));
    /// assert_eq!(*largest, Some(3));
    /// ```
    ///
    /// What is returned must not borrow:
    ///
    /// ```compile_fail
    /// let text = String::from("some words");
    /// pybackground_runtime::scope(|s| {
    ///     let first = s.spawn(|| text.split(' ').next()); // add `.map(str::to_owned)`
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> Lazy<T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'static,
    {
        let options = Options::here().name(path_of_enclosing_function::<F>());
        let maker = cancel::stopped();
        if let Some(maker) = maker
            && cancel::may_unwind()
        {
            drop_catching(body);
            let error = Error::cancelled_with(options.call_or(Borrowed::<T>::function), maker);
            let task = Task::<Borrowed<T>>::ended(&options, Err(error));
            self.keep(task.clone());
            return Lazy::pending(task);
        }
        let task = Task::new(&options, Borrowed::new());
        if maker.is_some() {
            // What a destructor calls while its body unwinds is part of tidying up.
            task.detach();
        }
        let entry = Box::new(Call { task: task.clone(), context: Context::capture(), body });
        if runtime::lets_in() {
            self.submit(entry);
        } else {
            self.keep(entry.refuse(runtime::SHUT_DOWN));
        }
        Lazy::pending(task)
    }

    /// Runs a closure in the background of which only the end matters, by the end of the scope.
    ///
    /// As [`Scope::spawn`], for a closure that writes what it finds to a place outside: pieces of one
    /// value can be changed at once. Should it panic, so does the scope at its end.
    ///
    /// ```
    /// let mut pixels = vec![1_u8; 1000];
    /// pybackground_runtime::scope(|s| {
    ///     for line in pixels.chunks_mut(100) {
    ///         s.launch(|| line.fill(7));
    ///     }
    /// });
    /// assert!(pixels.iter().all(|pixel| *pixel == 7));
    /// ```
    #[track_caller]
    pub fn launch<F>(&'scope self, body: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        drop(self.spawn(body));
    }

    fn new() -> Self {
        Self {
            crew: Crew::new(runtime::global().pool()),
            in_place: AtomicBool::new(false),
            waiting: ManuallyDrop::new(Mutex::default()),
            failures: Mutex::default(),
            lifetimes: PhantomData,
        }
    }

    fn submit(&self, entry: Box<dyn Entry + 'scope>) {
        // ORDERING: see `scope`.
        if self.in_place.load(Ordering::Relaxed) {
            return self.run_now(entry);
        }
        self.crew.expect_one();
        {
            let mut waiting = lock(&self.waiting);
            waiting.push_back(entry);
            self.crew.set_waiting(waiting.len());
        }
        self.crew.wake_one();
    }

    fn run_now(&self, entry: Box<dyn Entry + 'scope>) {
        if let Some(failure) = entry.run() {
            self.keep(failure);
        }
    }

    fn keep(&self, failure: Arc<dyn Unobserved>) {
        lock(&self.failures).push(failure);
    }

    /// Frees what the queue held; returns what is to be said of failures that nobody knows of.
    fn close(&self) -> Option<String> {
        drop(std::mem::take(&mut *lock(&self.waiting)));
        let failures = std::mem::take(&mut *lock(&self.failures));
        let unseen: Vec<Error> = failures
            .iter()
            .filter_map(|call| call.unseen_error())
            .filter(|error| error.is_panic() || error.is_refused() || error.is_of_shutdown())
            .collect();
        let told = tell(&unseen);
        // With the errors go the payloads of panics, each of which may panic with another.
        failures.into_iter().for_each(drop_catching);
        unseen.into_iter().for_each(drop_catching);
        told
    }
}

/// What the scope says at its end.
fn tell(unseen: &[Error]) -> Option<String> {
    let (first, others) = unseen.split_first()?;
    let told = format!("{first}; nobody used its `Lazy` before the end of the scope");
    Some(match others.len() {
        0 => told,
        others => {
            let others = Count(others, "other call", "other calls");
            format!("{told}, and so it is with {others}")
        }
    })
}

impl<'scope> Queue for Scope<'scope, '_> {
    type Entry = Box<dyn Entry + 'scope>;

    fn pop(&self) -> Option<Self::Entry> {
        let mut waiting = lock(&self.waiting);
        let entry = waiting.pop_front()?;
        self.crew.set_waiting(waiting.len());
        Some(entry)
    }

    fn run(&self, entry: Self::Entry) {
        self.run_now(entry);
        self.crew.one_ended();
    }

    fn refuse(&self, entry: Self::Entry, why: &str) {
        self.keep(entry.refuse(why));
        self.crew.one_ended();
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
