//! A gate that holds bodies up until the test opens it.

use std::sync::{Arc, Condvar, Mutex};

/// Closed at first; open for ever once it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: bool,
    arrived: usize,
}

impl Gate {
    /// Waits until the gate is open.
    pub(crate) fn pass(&self) {
        let mut state = self.0.state.lock().unwrap();
        state.arrived += 1;
        self.0.changed.notify_all();
        while !state.open {
            state = self.0.changed.wait(state).unwrap();
        }
    }

    /// Waits until so many have come to the gate.
    pub(crate) fn wait_for_arrivals(&self, count: usize) {
        let mut state = self.0.state.lock().unwrap();
        while state.arrived < count {
            state = self.0.changed.wait(state).unwrap();
        }
    }

    pub(crate) fn arrivals(&self) -> usize {
        self.0.state.lock().unwrap().arrived
    }

    pub(crate) fn open(&self) {
        self.0.state.lock().unwrap().open = true;
        self.0.changed.notify_all();
    }

    /// Opens the gate when the test is left, also by a failed assertion.
    #[must_use]
    pub(crate) fn opened_at_end(&self) -> OpenedAtEnd {
        OpenedAtEnd(self.clone())
    }
}

pub(crate) struct OpenedAtEnd(Gate);

impl Drop for OpenedAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}
