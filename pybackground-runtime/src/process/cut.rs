//! Cutting the connection to a child, for as long as a call waits for the child.
//!
//! The stop of a body cuts the connections that are parked below it. It copies the list of these connections first, so
//! it may reach one after the wait has ended, when the child already runs another call.

use std::sync::{Arc, Mutex};

use crate::sync::lock_leaf;
use crate::waits::Disconnect;

/// A connection that may be cut until this is dropped, and not afterwards.
pub(super) struct Cuttable<C: Disconnect>(Arc<CutTarget<C>>);

struct CutTarget<C>(Mutex<Option<Arc<C>>>);

impl<C: Disconnect + 'static> Cuttable<C> {
    pub(super) fn new(connection: Arc<C>) -> Self {
        Self(Arc::new(CutTarget(Mutex::new(Some(connection)))))
    }

    /// What a stop cuts.
    pub(super) fn target(&self) -> Arc<dyn Disconnect> {
        self.0.clone()
    }
}

impl<C: Disconnect> Disconnect for CutTarget<C> {
    fn cut(&self) {
        if let Some(connection) = &*lock_leaf(&self.0) {
            connection.cut();
        }
    }
}

impl<C: Disconnect> Drop for Cuttable<C> {
    fn drop(&mut self) {
        let connection = lock_leaf(&self.0.0).take();
        drop(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Cuts(AtomicUsize);

    impl Disconnect for Cuts {
        fn cut(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn connection_is_not_cut_after_the_wait_has_ended() {
        let connection = Arc::new(Cuts::default());
        let cuttable = Cuttable::new(connection.clone());
        let copied_by_a_stop = cuttable.target();
        copied_by_a_stop.cut();
        drop(cuttable);
        copied_by_a_stop.cut();
        assert_eq!(connection.0.load(Ordering::Relaxed), 1);
    }
}
