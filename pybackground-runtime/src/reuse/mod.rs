//! Calls that equal calls share: `single_flight` and `cache`.
//!
//! | file | subject |
//! |---|---|
//! | `calls` | the calls of one function with arguments of one type: those that run, and with `cache` those that ended with a value |
//! | `end_notice` | the part of a call that notes its end |
//! | `kept` | with the feature `cache`: the values that are kept |
//! | `key` | the arguments of a call, as a key |
//! | `is_kept` | which values are kept |
//!
//! A call that is shared belongs to none of its callers. It has no parent in the cancellation tree, so if the
//! body that made it is cancelled, the others still get the value.
//!
//! The code of the user that runs under a lock here is `Eq` and `Hash` of the arguments. All other code of the user
//! (bodies, destructors) runs without it.

mod calls;
mod end_notice;
mod is_kept;
#[cfg(feature = "cache")]
mod kept;
mod key;

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::context;
use crate::dispatch::{prepare, prepare_async};
use crate::options::Options;
use crate::shared::Shared;
use crate::sync::lock_leaf;
use calls::CallsByKey;
use end_notice::EndNotice;
pub use is_kept::{IsKept, Kept};
pub use key::Key;

/// What the calls of one function share, for all types of a generic function.
pub struct Reuse {
    /// How many values are kept; none without `cache`.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "it is 0"))]
    size: usize,
    by_type: Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Reuse {
    /// Equal calls share one that runs.
    #[must_use]
    pub const fn single_flight() -> Self {
        Self { size: 0, by_type: Mutex::new(BTreeMap::new()) }
    }

    /// Equal calls share one that runs, and so many values of calls that have ended.
    ///
    /// # Panics
    ///
    /// If the size is 0.
    #[cfg(feature = "cache")]
    #[must_use]
    pub const fn cache(size: usize) -> Self {
        assert!(size > 0, "a cache of size 0 keeps nothing: write 1 or more, or `single_flight`");
        Self { size, by_type: Mutex::new(BTreeMap::new()) }
    }

    fn calls<K: Key, T: Send + Sync + 'static>(&self) -> Arc<CallsByKey<K, T>> {
        let mut by_type = lock_leaf(&self.by_type);
        let calls = by_type.entry(TypeId::of::<CallsByKey<K, T>>()).or_insert_with(|| {
            #[cfg(feature = "cache")]
            return Arc::new(CallsByKey::<K, T>::new(self.size));
            #[cfg(not(feature = "cache"))]
            return Arc::new(CallsByKey::<K, T>::new());
        });
        calls.clone().downcast().expect("the key is the type")
    }
}

/// How a call is shared.
#[derive(Clone, Copy)]
pub struct Sharing {
    reuse: &'static Reuse,
    time_to_live: Option<Duration>,
}

impl Sharing {
    /// As `reuse` says, without a time limit.
    #[must_use]
    pub const fn new(reuse: &'static Reuse) -> Self {
        Self { reuse, time_to_live: None }
    }

    /// Values are kept for so long.
    #[must_use]
    pub const fn time_to_live(self, time: Duration) -> Self {
        Self { time_to_live: Some(time), ..self }
    }
}

/// Returns the equal call that there is, or makes one of the body that `make` returns.
pub(crate) fn share<K, T, F>(
    options: Options,
    sharing: Sharing,
    key: &K,
    make: impl FnOnce() -> F,
    is_kept: fn(&T) -> bool,
) -> Shared<T>
where
    K: Key,
    T: Send + Sync + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    context::made(|| options.site());
    let calls = sharing.reuse.calls::<K, T>();
    calls.find_or(key, sharing.time_to_live, |of_call| {
        let (notice, body) = (EndNotice::new(calls.clone(), of_call), make());
        prepare::<F, _, _>(options, move || notice.take(body(), is_kept))
    })
}

/// As `share`, for an `async` body.
pub(crate) fn share_async<K, T, A>(
    options: Options,
    sharing: Sharing,
    key: &K,
    make: impl FnOnce() -> A,
    is_kept: fn(&T) -> bool,
) -> Shared<T>
where
    K: Key,
    T: Send + Sync + 'static,
    A: Future<Output = T> + Send + 'static,
{
    context::made(|| options.site());
    let calls = sharing.reuse.calls::<K, T>();
    calls.find_or(key, sharing.time_to_live, |of_call| {
        let (notice, future) = (EndNotice::new(calls.clone(), of_call), make());
        prepare_async::<A, _>(options, async move { notice.take(future.await, is_kept) })
    })
}
