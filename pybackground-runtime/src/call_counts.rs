//! How many there are of each call.

use crate::call::Call;

/// Calls in their order, each with its number. There are few: a program has as many as it has lines that call.
#[derive(Debug, Default)]
pub(crate) struct CallCounts(Vec<(Call, usize)>);

impl CallCounts {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, call: Call) {
        match self.place_of(call) {
            Ok(place) => self.0[place].1 += 1,
            Err(place) => self.0.insert(place, (call, 1)),
        }
    }

    /// Takes back what `add` added.
    pub(crate) fn remove(&mut self, call: Call) {
        if let Ok(place) = self.place_of(call) {
            self.0[place].1 -= 1;
            if self.0[place].1 == 0 {
                self.0.remove(place);
            }
        }
    }

    pub(crate) fn as_slice(&self) -> &[(Call, usize)] {
        &self.0
    }

    fn place_of(&self, call: Call) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(&call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn calls_are_counted_until_they_are_removed() {
        let here = Location::caller();
        let [a, b, c] = ["a", "b", "c"].map(|function| Call::new(function, here));
        let mut counts = CallCounts::new();
        for call in [c, a, c, b, c] {
            counts.add(call);
        }
        assert_eq!(counts.as_slice(), [(a, 1), (b, 1), (c, 3)]);
        for call in [b, c, b] {
            counts.remove(call);
        }
        assert_eq!(counts.as_slice(), [(a, 1), (c, 2)]);
    }
}
