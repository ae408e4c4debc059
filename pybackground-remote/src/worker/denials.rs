//! What the server has refused, for people: a line for each kind of subject.

use std::collections::HashSet;

use crate::troubles::{Troubles, advice};

/// Which refusals the worker has written to the standard error.
#[derive(Default)]
pub(super) struct Denials {
    seen: u64,
    kinds: HashSet<String>,
}

impl Denials {
    /// Returns what to say of refusals of a new kind. Subjects of one kind begin with the same three words.
    pub(super) fn new_in(&mut self, troubles: &Troubles) -> Vec<String> {
        let since = troubles.denied_since(self.seen);
        self.seen = troubles.denials();
        let kind = |subject: &str| subject.split('.').take(3).collect::<Vec<_>>().join(".");
        let new = since.filter(|(subject, _)| self.kinds.insert(kind(subject)));
        new.map(|(_, why)| advice(why)).collect()
    }
}
