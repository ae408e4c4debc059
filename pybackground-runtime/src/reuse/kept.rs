//! The values that are kept, in a cache of `quick_cache`.

use std::collections::hash_map::RandomState;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache;
use quick_cache::{Lifecycle, UnitWeighter};

use super::key::Key;
use crate::shared::Shared;
use crate::sync::now;

/// At most so many values, and the calls that have them.
pub(super) struct KeptValues<K, T> {
    /// None keeps nothing.
    cache: Option<KeptCalls<K, T>>,
}

type KeptCalls<K, T> = Cache<Arc<K>, KeptCall<T>, UnitWeighter, RandomState, Evictions>;

struct KeptCall<T> {
    call: Shared<T>,
    since: Instant,
}

/// Hands evicted entries over, so that they are dropped without the lock.
struct Evictions;

impl<K, T> Lifecycle<Arc<K>, KeptCall<T>> for Evictions {
    type RequestState = Evicted<K, T>;

    fn on_evict(&self, evicted: &mut Evicted<K, T>, key: Arc<K>, kept: KeptCall<T>) {
        evicted.0.push((key, kept.call));
    }
}

struct Evicted<K, T>(Vec<(Arc<K>, Shared<T>)>);

impl<K, T> Default for Evicted<K, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Key, T> KeptValues<K, T> {
    pub(super) fn new(size: usize) -> Self {
        let cache = (size > 0).then(|| {
            let weight = u64::try_from(size).unwrap_or(u64::MAX);
            // The table grows as it fills.
            let expected = size.min(1024);
            Cache::with(expected, weight, UnitWeighter, RandomState::new(), Evictions)
        });
        Self { cache }
    }

    /// Keeps the value of a call whose body has returned.
    pub(super) fn add(
        &mut self,
        key: Arc<K>,
        call: Shared<T>,
        remains: &mut Vec<(Arc<K>, Shared<T>)>,
    ) {
        let Some(cache) = &mut self.cache else {
            remains.push((key, call));
            return;
        };
        remains.extend(cache.remove(&*key).map(|(key, kept)| (key, kept.call)));
        let mut evicted = Evicted::default();
        cache.insert_with_lifecycle(key, KeptCall { call, since: now() }, &mut evicted);
        remains.append(&mut evicted.0);
    }

    /// Returns the call with an equal key, unless it is too old or has an error.
    pub(super) fn find(
        &mut self,
        key: &K,
        time_to_live: Option<Duration>,
        remains: &mut Vec<(Arc<K>, Shared<T>)>,
    ) -> Option<Shared<T>> {
        let cache = self.cache.as_mut()?;
        let kept = cache.get(key)?;
        let is_old = time_to_live.is_some_and(|time| now().duration_since(kept.since) >= time);
        // A call that was closed just before its body returned.
        let has_error = Shared::peek(&kept.call).is_some_and(|outcome| outcome.is_err());
        if is_old || has_error {
            remains.extend(cache.remove(key).map(|(key, kept)| (key, kept.call)));
            return None;
        }
        Some(kept.call.clone())
    }
}
