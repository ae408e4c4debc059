//! How many there are of something, in words that fit the number.

use std::fmt::{self, Display, Formatter};

/// Writes `count` and what there is of it: the first text for one, the second for any other number.
pub(crate) struct Count<N>(pub(crate) N, pub(crate) &'static str, pub(crate) &'static str);

impl<N: Copy + Display + PartialEq + From<u8>> Display for Count<N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(count, one, many) = *self;
        write!(f, "{count} {}", if count == N::from(1) { one } else { many })
    }
}
