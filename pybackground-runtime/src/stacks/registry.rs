//! The published stacks of all threads.

use std::sync::Mutex;
use std::time::Duration;

use super::coarse_clock;
use super::frame::MOST_THREADS;
use super::published::{PublishedStack, RunningBody};
use crate::sync::lock_leaf;

static STACKS: Mutex<Registry> = Mutex::new(Registry { all: Vec::new(), free: Vec::new() });

/// The stacks are leaked and reused: there are as many as there ever were threads at once.
struct Registry {
    /// At a thread's number: its stack.
    all: Vec<&'static PublishedStack>,
    free: Vec<&'static PublishedStack>,
}

/// The bodies of one thread, read at some time.
#[derive(Default)]
pub(crate) struct ThreadStack {
    pub(crate) thread: String,
    pub(crate) number: usize,
    /// An address near the base of the thread's stack.
    pub(crate) base: usize,
    /// How long the lowest body has been there.
    pub(crate) age: Duration,
    /// The lowest first.
    pub(crate) bodies: Vec<RunningBody>,
}

/// Returns a stack for a thread of that name, or `None` if there are more threads than numbers.
pub(super) fn take(thread: &str) -> Option<&'static PublishedStack> {
    let mut stacks = lock_leaf(&STACKS);
    let stack = stacks.free.pop().or_else(|| {
        let number = stacks.all.len();
        (number < MOST_THREADS).then(|| {
            let stack: &'static PublishedStack = Box::leak(Box::new(PublishedStack::new(number)));
            stacks.all.push(stack);
            stack
        })
    })?;
    stack.hand_to(thread);
    Some(stack)
}

/// Takes the stack of a thread that ends back.
pub(super) fn give_back(stack: &'static PublishedStack) {
    lock_leaf(&STACKS).free.push(stack);
}

/// Returns how many bodies were ever begun.
pub(crate) fn begun() -> u64 {
    lock_leaf(&STACKS).all.iter().map(|stack| stack.begun()).sum()
}

/// Returns the bodies on the thread of that number.
pub(crate) fn stack_of(number: usize) -> Option<ThreadStack> {
    let stack = lock_leaf(&STACKS).all.get(number).copied()?;
    Some(read(stack, coarse_clock::read()))
}

/// Returns the bodies of every thread that has any, in the order of the threads' numbers.
pub(crate) fn stacks() -> Vec<ThreadStack> {
    let mut stacks = lock_leaf(&STACKS).all.clone();
    stacks.retain(|stack| !stack.is_empty());
    let now = coarse_clock::read();
    stacks.into_iter().map(|stack| read(stack, now)).collect()
}

fn read(stack: &PublishedStack, now: Duration) -> ThreadStack {
    ThreadStack {
        thread: stack.thread(),
        number: stack.number(),
        base: stack.base(),
        age: now.saturating_sub(stack.since()),
        bodies: stack.read().collect(),
    }
}
