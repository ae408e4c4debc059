//! The part of a call that notes its end.

use std::sync::Arc;

use super::calls::CallsByKey;
use super::key::Key;

/// Belongs to the body, and notes its end when it is dropped: with the body if that never starts.
pub(super) struct EndNotice<K: Key, T: Send + Sync + 'static> {
    calls: Arc<CallsByKey<K, T>>,
    key: Arc<K>,
    keep: bool,
}

impl<K: Key, T: Send + Sync + 'static> EndNotice<K, T> {
    pub(super) fn new(calls: Arc<CallsByKey<K, T>>, key: Arc<K>) -> Self {
        Self { calls, key, keep: false }
    }

    /// Notes that the body has returned, and returns the value.
    pub(super) fn take(mut self, value: T, is_kept: fn(&T) -> bool) -> T {
        self.keep = is_kept(&value);
        value
    }
}

impl<K: Key, T: Send + Sync + 'static> Drop for EndNotice<K, T> {
    fn drop(&mut self) {
        self.calls.end(&self.key, self.keep);
    }
}
