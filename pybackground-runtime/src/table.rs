//! Maps and sets by a number or an address, which cost little to build.
//!
//! The compiler makes the code of a `BTreeMap` anew for each pair of types, and that of one map is as large as ten files
//! of this crate. The maps of the runtime are on one, which maps identities to places in a list. A removal moves another
//! entry, so a map of a million entries that empties one by one is a `BTreeMap` still: see `combine::arrivals`.

use std::collections::BTreeMap;

/// What identifies an entry: a number, an address, or two of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(u64, u64);

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self(0, number)
    }
}

impl From<usize> for Id {
    fn from(number: usize) -> Self {
        Self(0, number as u64)
    }
}

impl From<(usize, usize)> for Id {
    fn from((first, second): (usize, usize)) -> Self {
        Self(first as u64, second as u64)
    }
}

/// A number for each of some identities, in the order of these. Its methods are compiled once, not for each type of a table.
struct Index(BTreeMap<Id, usize>);

impl Index {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    #[inline(never)]
    fn get(&self, id: Id) -> Option<usize> {
        self.0.get(&id).copied()
    }

    #[inline(never)]
    fn insert(&mut self, id: Id, number: usize) -> Option<usize> {
        self.0.insert(id, number)
    }

    #[inline(never)]
    fn remove(&mut self, id: Id) -> Option<usize> {
        self.0.remove(&id)
    }
}

/// A set of identities.
pub(crate) struct Set(Index);

impl Set {
    pub(crate) const fn new() -> Self {
        Self(Index::new())
    }

    /// Returns whether the identity was not in the set.
    pub(crate) fn insert(&mut self, id: impl Into<Id>) -> bool {
        self.0.insert(id.into(), 0).is_none()
    }

    pub(crate) fn contains(&self, id: impl Into<Id>) -> bool {
        self.0.get(id.into()).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.0.len()
    }
}

/// Values by their identities.
pub(crate) struct Table<T> {
    place_of: Index,
    /// In no order, without gaps.
    entries: Vec<(Id, T)>,
}

/// A list as short as this keeps its memory.
const SHORT: usize = 16;

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { place_of: Index::new(), entries: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, id: impl Into<Id>) -> bool {
        self.place_of.get(id.into()).is_some()
    }

    pub(crate) fn get(&self, id: impl Into<Id>) -> Option<&T> {
        let place = self.place_of.get(id.into())?;
        Some(&self.entries[place].1)
    }

    pub(crate) fn get_mut(&mut self, id: impl Into<Id>) -> Option<&mut T> {
        let place = self.place_of.get(id.into())?;
        Some(&mut self.entries[place].1)
    }

    /// Returns the value that was there.
    pub(crate) fn insert(&mut self, id: impl Into<Id>, value: T) -> Option<T> {
        let id = id.into();
        if let Some(place) = self.place_of.get(id) {
            return Some(std::mem::replace(&mut self.entries[place].1, value));
        }
        self.place_of.insert(id, self.entries.len());
        self.entries.push((id, value));
        None
    }

    pub(crate) fn remove(&mut self, id: impl Into<Id>) -> Option<T> {
        let place = self.place_of.remove(id.into())?;
        let (_, value) = self.entries.swap_remove(place);
        if let Some((moved, _)) = self.entries.get(place) {
            self.place_of.insert(*moved, place);
        }
        let (len, capacity) = (self.entries.len(), self.entries.capacity());
        if capacity > SHORT && len < capacity / 4 {
            self.entries.shrink_to(capacity / 2);
        }
        Some(value)
    }

    /// The value in a place; the places of `n` values are the numbers below `n`. A removal moves one value.
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.entries.get(place).map(|(_, value)| value)
    }

    /// The values in the order of their identities.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.place_of.0.values().map(|place| &self.entries[*place].1)
    }

    /// The values in no order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().map(|(_, value)| value)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the map of the standard library.
        #[test]
        fn table_does_what_a_map_does(
            steps in proptest::collection::vec((0_usize..40, any::<bool>()), 0..400)
        ) {
            let (mut table, mut map) = (Table::new(), BTreeMap::new());
            for (step, (id, is_insertion)) in steps.into_iter().enumerate() {
                if is_insertion {
                    prop_assert_eq!(table.insert(id, step), map.insert(id, step));
                } else {
                    prop_assert_eq!(table.remove(id), map.remove(&id));
                }
                prop_assert_eq!(table.len(), map.len());
                prop_assert_eq!(table.get(id), map.get(&id));
                prop_assert_eq!(table.contains(id), map.contains_key(&id));
                prop_assert!(table.values().eq(map.values()));
                let mut placed: Vec<_> = (0..).map_while(|place| table.at(place)).collect();
                let mut all: Vec<_> = map.values().collect();
                placed.sort_unstable();
                all.sort_unstable();
                prop_assert_eq!(placed, all);
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn removed_values_leave_no_memory_behind() {
        let mut table = Table::new();
        for id in 0..10_000_usize {
            table.insert(id, id);
        }
        for id in 0..10_000_usize {
            assert_eq!(table.remove(id), Some(id));
            assert!(table.entries.capacity() <= SHORT.max(4 * table.len().max(1) + 4));
        }
    }

    #[test]
    fn pairs_are_told_apart_from_numbers_of_the_same_digits() {
        let mut set = Set::new();
        assert!(set.insert((1, 2)) && set.insert((2, 1)) && set.insert(2_usize));
        assert!(!set.insert((1, 2)) && set.contains((2, 1)) && !set.contains(1_usize));
        assert_eq!(set.len(), 3);
    }
}
