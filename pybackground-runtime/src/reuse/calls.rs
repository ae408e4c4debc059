//! The calls of one function with arguments of one type.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "cache")]
use super::kept::KeptValues;
use super::key::Key;
use crate::dispatch::Prepared;
use crate::shared::Shared;
use crate::sync::lock_leaf;

pub(super) struct CallsByKey<K, T>(Mutex<KnownCalls<K, T>>);

struct KnownCalls<K, T> {
    /// The calls that have not ended. One that was closed while its body ran stays here until that ends, but is
    /// not shared any more.
    running: HashMap<Arc<K>, Shared<T>>,
    #[cfg(feature = "cache")]
    kept: KeptValues<K, T>,
}

/// What is dropped without the lock: the destructors are code of the user.
type DroppedCalls<K, T> = Vec<(Arc<K>, Shared<T>)>;

impl<K: Key, T: Send + Sync + 'static> CallsByKey<K, T> {
    pub(super) fn new(#[cfg(feature = "cache")] size: usize) -> Self {
        Self(Mutex::new(KnownCalls {
            running: HashMap::new(),
            #[cfg(feature = "cache")]
            kept: KeptValues::new(size),
        }))
    }

    /// Returns the call with an equal key, or the one that `prepare` makes for a key of its own.
    #[inline]
    pub(super) fn find_or(
        &self,
        key: &K,
        time_to_live: Option<Duration>,
        prepare: impl FnOnce(Arc<K>) -> Prepared<T>,
    ) -> Shared<T> {
        if let Some(call) = self.find(key, time_to_live) {
            return call;
        }
        // Made without the lock, and started after another caller can find it: the body may make an equal call.
        let key = Arc::new(key.clone());
        let prepared = prepare(key.clone());
        let call = prepared.call().clone();
        match self.add(key, &call, time_to_live) {
            None => {
                prepared.start();
                call
            }
            // Another caller was first.
            Some(earlier) => earlier,
        }
    }

    fn find(&self, key: &K, time_to_live: Option<Duration>) -> Option<Shared<T>> {
        let mut remains = Vec::new();
        let mut state = lock_leaf(&self.0);
        let found = state.find(key, time_to_live, &mut remains);
        drop(state);
        drop(remains);
        found
    }

    /// Adds a call unless there is one with an equal key, which is returned.
    fn add(
        &self,
        key: Arc<K>,
        call: &Shared<T>,
        time_to_live: Option<Duration>,
    ) -> Option<Shared<T>> {
        let mut remains = Vec::new();
        let mut state = lock_leaf(&self.0);
        let found = state.find(&key, time_to_live, &mut remains);
        if found.is_none() {
            remains.extend(state.running.remove_entry(&*key));
            state.running.insert(key, call.clone());
        }
        drop(state);
        drop(remains);
        found
    }

    /// The body of the call with exactly this key has ended, with a value to keep or without one.
    pub(super) fn end(&self, key: &Arc<K>, keep: bool) {
        let mut remains: DroppedCalls<K, T> = Vec::new();
        let mut state = lock_leaf(&self.0);
        let is_own =
            state.running.get_key_value(&**key).is_some_and(|(own, _)| Arc::ptr_eq(own, key));
        if is_own && let Some((key, call)) = state.running.remove_entry(&**key) {
            #[cfg(feature = "cache")]
            if keep {
                state.kept.add(key, call, &mut remains);
            } else {
                remains.push((key, call));
            }
            #[cfg(not(feature = "cache"))]
            {
                let _ = keep;
                remains.push((key, call));
            }
        }
        drop(state);
        drop(remains);
    }
}

impl<K: Key, T: Send + Sync + 'static> KnownCalls<K, T> {
    fn find(
        &mut self,
        key: &K,
        time_to_live: Option<Duration>,
        remains: &mut DroppedCalls<K, T>,
    ) -> Option<Shared<T>> {
        // A call that has ended and is still here was closed: it has an error.
        if let Some(call) = self.running.get(key).filter(|call| !Shared::is_ready(call)) {
            return Some(call.clone());
        }
        #[cfg(feature = "cache")]
        return self.kept.find(key, time_to_live, remains);
        #[cfg(not(feature = "cache"))]
        {
            let _ = (time_to_live, remains);
            None
        }
    }
}
