//! Why a value could not be serialized or deserialized, as a text.

use std::io;

use serde_bare::error::Error;

/// The advice for types whose two sides disagree.
const DISAGREE: &str = "its `Serialize` and `Deserialize` have to agree without knowing the format";

/// Describes why a value could not be serialized. An error of its type keeps its words.
pub(super) fn serialize(error: &Error) -> String {
    match error.to_string().as_str() {
        "sequence length required" | "map length required" => format!(
            "its `Serialize` does not say beforehand how many elements there are, as that of a struct \
             with `#[serde(flatten)]`; {DISAGREE}"
        ),
        text => text.to_owned(),
    }
}

/// Describes why no value could be deserialized from this many bytes. An error of its type keeps its words.
pub(super) fn deserialize(error: Error, bytes: usize) -> String {
    if error.to_string() == "BARE does not support any" {
        return format!(
            "its `Deserialize` asks what comes next, as that of an enum with `#[serde(untagged)]` or of a \
             `serde_json::Value`, which the bytes do not say; {DISAGREE}"
        );
    }
    let text = error.to_string();
    if io::Error::from(error).kind() == io::ErrorKind::UnexpectedEof {
        return format!(
            "its `Deserialize` asked for more bytes than its `Serialize` wrote ({bytes}); {DISAGREE}"
        );
    }
    text
}

/// Describes a value of which bytes are left.
pub(super) fn left_over(read: usize, written: usize) -> String {
    format!(
        "its `Serialize` wrote more bytes ({written}) than its `Deserialize` read ({read}); {DISAGREE}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::{DeserializeOwned, IgnoredAny};
    use serde::ser::{Error as _, SerializeSeq as _};
    use serde::{Serialize, Serializer};

    struct Endless;

    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_seq(None)?.end()
        }
    }

    struct Secret;

    impl Serialize for Secret {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("it is secret"))
        }
    }

    fn written(value: &impl Serialize) -> String {
        serialize(&serde_bare::to_vec(value).unwrap_err())
    }

    fn read<T: DeserializeOwned>(bytes: &[u8]) -> String {
        deserialize(serde_bare::from_slice::<T>(bytes).err().unwrap(), bytes.len())
    }

    #[test]
    fn error_of_a_type_keeps_its_words_wherever_it_is() {
        assert_eq!(written(&vec![(1, Some(Secret))]), "it is secret");
        assert!(read::<Vec<std::num::NonZero<u8>>>(&[1, 0]).contains("nonzero"));
    }

    #[test]
    fn limits_of_the_format_are_explained() {
        assert!(written(&Endless).contains("does not say beforehand"));
        assert!(read::<IgnoredAny>(&[1]).contains("asks what comes next"));
        assert!(read::<(u8, u8)>(&[1]).contains("more bytes than its `Serialize` wrote (1)"));
    }
}
