//! The feature `serde`: written as the value, read as one that is ready.
//!
//! Nothing tells a `Lazy<T>` from a `T` in what is written. The numbers of a program that was stopped
//! are read by one that has not called anything.

use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Error, Serialize, Serializer};

use crate::lazy::Lazy;
use crate::shared::Shared;

macro_rules! serialized_as_value {
    ($($pointer:ident)+) => {$(
        /// Joins, and writes the value.
        ///
        /// A call without a value, one that panicked for instance or timed out, is an error of the
        /// serializer with the text of the call's own: what was asked for, bytes, can fail, and the
        /// caller is prepared for that.
        #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
        impl<T: Serialize> Serialize for $pointer<T> {
            #[track_caller]
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match Self::wait(self) {
                    Ok(value) => value.serialize(serializer),
                    Err(error) => Err(S::Error::custom(error)),
                }
            }
        }

        /// Reads a value, which needs no waiting. It may borrow what it is read from.
        #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $pointer<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::deserialize(deserializer).map(Self::ready)
            }
        }
    )+};
}

serialized_as_value! { Lazy Shared }
