//! Bodies that are polled, have made calls, and so are known by one frame from poll to poll.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::current::this_thread;
use super::frame::Frame;
use crate::sync::lock_leaf;

static POLLED: Mutex<BTreeMap<Frame, Place>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy)]
struct Place {
    /// The body that made the call.
    maker: Frame,
    /// The thread that polls the body, or did so last.
    thread: usize,
}

/// A call is known by its frame until this is dropped.
pub(crate) struct Polled(Frame);

impl Polled {
    /// The call of `frame`, made by `maker`, which waits after its first poll that made calls.
    pub(crate) fn new(frame: Frame, maker: Frame) -> Self {
        lock_leaf(&POLLED).insert(frame, Place { maker, thread: frame.thread() });
        Self(frame)
    }

    pub(crate) fn frame(&self) -> Frame {
        self.0
    }

    /// This thread is about to poll the body.
    pub(crate) fn comes_here(&self) -> Frame {
        if let Some(thread) = this_thread() {
            self.change(|place| place.thread = thread);
        }
        self.0
    }

    /// The call was freed from the body that made it.
    pub(crate) fn disown(&self) {
        self.change(|place| place.maker = Frame::NONE);
    }

    fn change(&self, change: impl FnOnce(&mut Place)) {
        if let Some(place) = lock_leaf(&POLLED).get_mut(&self.0) {
            change(place);
        }
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        lock_leaf(&POLLED).remove(&self.0);
    }
}

/// The place of a call that is known here.
fn place(frame: Frame) -> Option<Place> {
    if frame.is_of_call() { lock_leaf(&POLLED).get(&frame).copied() } else { None }
}

pub(super) fn maker(frame: Frame) -> Option<Frame> {
    place(frame).map(|place| place.maker)
}

pub(super) fn is_known(frame: Frame) -> bool {
    place(frame).is_some()
}

/// The number of the thread that runs the body, if any does; only for a frame that is some.
pub(crate) fn thread_of(frame: Frame) -> usize {
    place(frame).map_or_else(|| frame.thread(), |place| place.thread)
}
