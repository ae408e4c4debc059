//! The arguments of a call, as a key.

use std::hash::Hash;

/// The arguments of a call, by which equal calls are found.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Key for K {}
