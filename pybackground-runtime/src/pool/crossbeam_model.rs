//! What `queues` uses of crossbeam's channel and deque, for a model checker, which cannot run them.
//!
//! The elements are behind a lock that the checker does not see. It sees only their number, which orders as
//! much as crossbeam's indices do and no more. An element is added before it is counted, so a thread that
//! looks may not see it yet. With a visible lock instead, the checker would never miss a fence.
//!
//! Miri runs it too: the collector of crossbeam's deque casts integers to pointers, which strict provenance
//! forbids, and keeps memory beyond the end of the program, which looks like a leak.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{lock_leaf, thread};

struct Line<T> {
    elements: std::sync::Mutex<VecDeque<T>>,
    count: AtomicUsize,
}

impl<T> Line<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self { elements: std::sync::Mutex::default(), count: AtomicUsize::new(0) })
    }

    fn push(&self, element: T) {
        lock_leaf(&self.elements).push_back(element);
        self.count.fetch_add(1, Ordering::Release);
    }

    fn take(&self, end: impl FnOnce(&mut VecDeque<T>) -> Option<T>) -> Option<T> {
        // Reads the newest count, and sees what came before it.
        if self.count.fetch_add(0, Ordering::AcqRel) == 0 {
            return None;
        }
        let element = end(&mut lock_leaf(&self.elements))?;
        self.count.fetch_sub(1, Ordering::AcqRel);
        Some(element)
    }

    fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

pub(super) struct Sender<T> {
    line: Arc<Line<T>>,
    most: usize,
}

pub(super) struct Receiver<T>(Arc<Line<T>>);

pub(super) fn bounded<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let line = Line::new();
    (Sender { line: line.clone(), most }, Receiver(line))
}

pub(super) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

impl<T> Sender<T> {
    #[allow(clippy::unnecessary_wraps, reason = "as crossbeam's")]
    pub(super) fn send(&self, element: T) -> Result<(), PoisonError<T>> {
        self.line.push(element);
        Ok(())
    }

    /// Two threads that send at once may both get the last place. One element too many does no harm here.
    pub(super) fn try_send(&self, element: T) -> Result<(), PoisonError<T>> {
        if self.line.len() >= self.most {
            return Err(PoisonError::new(element));
        }
        self.send(element)
    }
}

impl<T> Receiver<T> {
    pub(super) fn try_recv(&self) -> Result<T, ()> {
        self.0.take(VecDeque::pop_front).ok_or(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

pub(super) enum Steal<T> {
    Success(T),
    Retry,
}

pub(super) struct Worker<T>(Arc<Line<T>>);
pub(super) struct Stealer<T>(Arc<Line<T>>);

impl<T> Clone for Stealer<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Worker<T> {
    pub(super) fn new_lifo() -> Self {
        Self(Line::new())
    }

    pub(super) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }

    pub(super) fn push(&self, element: T) {
        self.0.push(element);
    }

    pub(super) fn pop(&self) -> Option<T> {
        self.0.take(VecDeque::pop_back)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Stealer<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn steal(&self) -> Steal<T> {
        self.0.take(VecDeque::pop_front).map_or_else(
            || {
                // Somebody has taken the element and not yet said so.
                thread::yield_now();
                Steal::Retry
            },
            Steal::Success,
        )
    }
}
