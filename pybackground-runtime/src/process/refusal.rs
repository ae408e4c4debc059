//! Why a value could not be written or read, in more words than the format keeps.

use std::fmt::{self, Display, Write};

use postcard::Error;
use serde::{Serialize, ser};

/// Why this value could not be written.
pub(super) fn written<T: Serialize + ?Sized>(value: &T, error: Error) -> String {
    match error {
        Error::SerializeSeqLengthUnknown => {
            "its `Serialize` does not say beforehand how many elements \
             there are, as that of a struct with `#[serde(flatten)]`"
                .to_owned()
        }
        // The format has dropped the words of the type, which says them again.
        Error::SerdeSerCustom | Error::CollectStrError => value.serialize(DryRun).map_or_else(
            |said| said.0,
            |()| "its `Serialize` refused it, but once only".to_owned(),
        ),
        error => error.to_string(),
    }
}

/// Why no value could be read from so many bytes.
pub(super) fn read(error: Error, bytes: usize) -> String {
    match error {
        Error::DeserializeUnexpectedEnd => {
            format!("its `Deserialize` asked for more bytes than its `Serialize` wrote ({bytes})")
        }
        Error::WontImplement => "its `Deserialize` asks what comes next, as that of an enum with \
             `#[serde(untagged)]` or of a `serde_json::Value`, which is not written here"
            .to_owned(),
        Error::SerdeDeCustom => "its `Deserialize` refused what its `Serialize` wrote".to_owned(),
        error => error.to_string(),
    }
}

/// Writes nothing; of an error it keeps the words.
struct DryRun;

#[derive(Debug)]
struct Said(String);

impl Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

impl ser::Error for Said {
    fn custom<T: Display>(words: T) -> Self {
        Self(words.to_string())
    }
}

type Heard = Result<(), Said>;

/// Values that have no parts.
macro_rules! plain {
    ($($method:ident($($ty:ty),*))*) => {$(
        fn $method(self, $(_: $ty),*) -> Heard {
            Ok(())
        }
    )*};
}

/// Values whose parts follow.
macro_rules! parted {
    ($($method:ident($($ty:ty),*) -> $parts:ident)*) => {$(
        type $parts = Self;

        fn $method(self, $(_: $ty),*) -> Result<Self, Said> {
            Ok(self)
        }
    )*};
}

impl ser::Serializer for DryRun {
    type Ok = ();
    type Error = Said;

    plain! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_f32(f32)
        serialize_f64(f64)
        serialize_char(char)
        serialize_str(&str)
        serialize_bytes(&[u8])
        serialize_none()
        serialize_unit()
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    parted! {
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_map(Option<usize>) -> SerializeMap
        serialize_struct(&'static str, usize) -> SerializeStruct
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Heard {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Heard {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Heard {
        value.serialize(self)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Heard {
        write!(String::new(), "{value}").map_err(ser::Error::custom)
    }

    fn is_human_readable(&self) -> bool {
        // As the format says, after which some types choose what they write.
        false
    }
}

/// What is told of the parts of a value, one after the other.
macro_rules! parts {
    ($($parts:ident: $($method:ident($($name:ty)?)),+;)*) => {$(
        impl ser::$parts for DryRun {
            type Ok = ();
            type Error = Said;

            $(
                fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? part: &T) -> Heard {
                    part.serialize(DryRun)
                }
            )+

            fn end(self) -> Heard {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeMap: serialize_key(), serialize_value();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Refuses to be written, as a path that is no text does.
    struct Secret(u8);

    impl Serialize for Secret {
        fn serialize<S: ser::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom(format!("it is secret {}", self.0)))
        }
    }

    #[derive(Serialize)]
    enum Letter {
        Short(Option<Secret>),
        Long { name: &'static str, pages: Vec<(u8, BTreeMap<u8, Secret>)> },
    }

    #[test]
    fn a_type_says_why_wherever_it_is() {
        let written = |letter: &Letter| {
            let error = postcard::to_allocvec(letter).unwrap_err();
            super::written(letter, error)
        };
        let pages = vec![(1, BTreeMap::new()), (2, BTreeMap::from([(3, Secret(0))]))];
        assert_eq!(written(&Letter::Short(Some(Secret(0)))), "it is secret 0");
        assert_eq!(written(&Letter::Long { name: "a", pages }), "it is secret 0");
        assert_eq!(postcard::to_allocvec(&Letter::Short(None)).unwrap(), [0, 0]);
    }
}
