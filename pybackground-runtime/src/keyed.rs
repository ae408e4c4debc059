//! Things that are registered for a while, each under a key of its own.

use crate::table::Table;

/// Most hold one thing at a time, which needs no allocation.
pub(crate) struct Keyed<T> {
    first: Option<(EntryKey, T)>,
    others: Option<Box<Table<T>>>,
    next_key: EntryKey,
}

pub(crate) type EntryKey = u64;

impl<T> Keyed<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, others: None, next_key: 0 }
    }

    pub(crate) fn add(&mut self, thing: T) -> EntryKey {
        let key = self.next_key;
        self.next_key += 1;
        if self.first.is_none() {
            self.first = Some((key, thing));
        } else {
            self.others.get_or_insert_default().insert(key, thing);
        }
        key
    }

    /// Removes what has this key. The caller drops it, without a lock.
    #[must_use]
    pub(crate) fn remove(&mut self, key: EntryKey) -> Option<T> {
        match self.first.take_if(|(first, _)| *first == key) {
            Some((_, thing)) => Some(thing),
            None => self.others.as_mut()?.remove(key),
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        let others = self.others.iter().flat_map(|others| others.values());
        self.first.iter().map(|(_, thing)| thing).chain(others)
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        let others = self.others.into_iter().flat_map(|others| others.into_values());
        self.first.into_iter().map(|(_, thing)| thing).chain(others)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.as_ref().map_or(0, |others| others.len())
    }
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_there_until_they_are_removed() {
        let mut keyed = Keyed::new();
        let keys = ["a", "b", "c"].map(|thing| keyed.add(thing));
        assert_eq!(keyed.remove(keys[0]), Some("a"));
        assert_eq!(keyed.remove(keys[0]), None, "it was removed before");
        assert_eq!(keyed.remove(keys[2]), Some("c"));
        let key = keyed.add("d");
        assert!(!keys.contains(&key));
        assert_eq!(keyed.len(), 2);
        assert_eq!(keyed.remove(keys[1]), Some("b"));
        assert_eq!(keyed.into_values().collect::<Vec<_>>(), ["d"]);
    }
}
