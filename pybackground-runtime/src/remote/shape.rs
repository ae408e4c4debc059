//! What a type reads, as a text: two builds whose texts are equal understand each other's bytes.
//!
//! The format of arguments and results does not describe itself. A build with other fields would read a value without an
//! error, and wrong. So a deserializer that reads nothing asks each type what it would read: names of structs and
//! fields, the order, the types of numbers, the variants of enums.
//!
//! A type is asked again until each variant of each of its enums was chosen. A type that contains itself is followed
//! once: below that its options are `None` and its sequences empty. A type that refuses the values made up here, or that
//! asks what comes next, ends the text at that point, with its name.

use std::any::type_name;
use std::collections::HashMap;
use std::fmt::{self, Write as _};

use serde::de::value::U32Deserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer as _, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// The shape of a function: of its arguments in order, and of its result.
pub struct Shape {
    text: String,
}

impl Shape {
    pub(super) fn new() -> Self {
        Self { text: String::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds what a type reads.
    pub fn add<T: DeserializeOwned>(&mut self) {
        let mut probe = ShapeProbe::default();
        let mut runs = 0;
        loop {
            probe.begin();
            let ended = T::deserialize(&mut probe);
            self.text.push_str(&probe.text);
            self.text.push(';');
            runs += 1;
            match ended {
                Ok(_) if probe.has_more() && runs < MOST_RUNS => {}
                Ok(_) => return,
                Err(Refused::TooDeep) if probe.choose_another_way_out() && runs < MOST_RUNS => {}
                Err(_) => {
                    // What follows cannot be seen.
                    self.text.push_str(type_name::<T>());
                    return;
                }
            }
        }
    }
}

/// Bounds for types that never end.
const MOST_RUNS: usize = 200;
const MOST_STEPS: usize = 100_000;
const DEEPEST: usize = 100;

/// An enum or a struct, as serde names it.
type TypeName = (&'static str, &'static [&'static str]);

/// What is known of an enum.
#[derive(Default)]
struct Variants {
    /// How often a variant was chosen.
    chosen: usize,
    /// The variant that is chosen inside the enum itself.
    way_out: usize,
}

/// A deserializer without input.
#[derive(Default)]
struct ShapeProbe {
    text: String,
    enums: HashMap<TypeName, Variants>,
    /// The types that are being read, the innermost last.
    inside: Vec<TypeName>,
    /// The enum that was innermost when the type became too deep.
    deepest: Option<TypeName>,
    depth: usize,
    steps: usize,
}

/// Why a type could not be followed.
#[derive(Debug)]
enum Refused {
    TooDeep,
    /// The type refused a value, or asked what comes next.
    ByType,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type could not be followed")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::ByType
    }
}

impl ShapeProbe {
    fn begin(&mut self) {
        self.text.clear();
        self.inside.clear();
        self.deepest = None;
        self.depth = 0;
    }

    /// Whether an enum has variants that were not chosen yet.
    fn has_more(&self) -> bool {
        self.enums.iter().any(|(name, variants)| variants.chosen < name.1.len())
    }

    fn note(&mut self, what: impl fmt::Display) -> Result<(), Refused> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Refused::ByType);
        }
        let _ = write!(self.text, "{what} ");
        Ok(())
    }

    /// Whether the innermost type contains itself.
    fn is_recursive(&self) -> bool {
        self.inside
            .last()
            .is_some_and(|last| self.inside.iter().filter(|it| *it == last).count() > 1)
    }

    fn within<T>(
        &mut self,
        name: Option<TypeName>,
        read: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        if self.depth == DEEPEST {
            let is_enum = |name: &&TypeName| self.enums.contains_key(*name);
            self.deepest = self.inside.iter().rev().find(is_enum).copied();
            return Err(Refused::TooDeep);
        }
        self.depth += 1;
        self.inside.extend(name);
        let read = read(self);
        if name.is_some() {
            self.inside.pop();
        }
        self.depth -= 1;
        read
    }

    /// Chooses another variant of the enum that was too deep, where it is inside itself.
    fn choose_another_way_out(&mut self) -> bool {
        let Some(name) = self.deepest else { return false };
        let Some(variants) = self.enums.get_mut(&name) else { return false };
        variants.way_out += 1;
        variants.way_out < name.1.len()
    }

    /// Chooses a variant: each in turn, and inside the enum itself always the same.
    fn variant(&mut self, name: TypeName) -> usize {
        let is_inside = self.inside.contains(&name);
        let variants = self.enums.entry(name).or_default();
        if is_inside {
            return variants.way_out;
        }
        let chosen = variants.chosen.checked_rem(name.1.len()).unwrap_or_default();
        variants.chosen += 1;
        chosen
    }
}

macro_rules! numbers {
    ($($function:ident $visit:ident $value:expr;)*) => {$(
        fn $function<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.note(stringify!($function).trim_start_matches("deserialize_"))?;
            visitor.$visit($value)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut ShapeProbe {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused::ByType)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused::ByType)
    }

    // A 1 is a value of more types than a 0.
    numbers! {
        deserialize_bool visit_bool true;
        deserialize_i8 visit_i8 1;
        deserialize_i16 visit_i16 1;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_i128 visit_i128 1;
        deserialize_u8 visit_u8 1;
        deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1;
        deserialize_u64 visit_u64 1;
        deserialize_u128 visit_u128 1;
        deserialize_f32 visit_f32 1.0;
        deserialize_f64 visit_f64 1.0;
        deserialize_char visit_char '1';
        deserialize_str visit_str "1";
        deserialize_string visit_str "1";
        deserialize_bytes visit_bytes b"1";
        deserialize_byte_buf visit_bytes b"1";
        deserialize_identifier visit_str "1";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note("option")?;
        if self.is_recursive() {
            return visitor.visit_none();
        }
        self.within(None, |probe| visitor.visit_some(probe))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note("()")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(name)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(name)?;
        self.within(Some((name, &[])), |probe| visitor.visit_newtype_struct(probe))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note("[")?;
        let length = usize::from(!self.is_recursive());
        self.within(None, |probe| visitor.visit_seq(Elements { probe, rest: length }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(format_args!("({length}"))?;
        self.within(None, |probe| visitor.visit_seq(Elements { probe, rest: length }))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(format_args!("{name}({length}"))?;
        let name = Some((name, &[] as &[_]));
        self.within(name, |probe| visitor.visit_seq(Elements { probe, rest: length }))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note("map")?;
        let length = usize::from(!self.is_recursive());
        self.within(None, |probe| visitor.visit_map(Elements { probe, rest: length }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(format_args!("{name}{{{}", fields.join(",")))?;
        let rest = fields.len();
        self.within(Some((name, fields)), |probe| visitor.visit_seq(Elements { probe, rest }))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let chosen = self.variant((name, variants));
        self.note(format_args!("{name}<{}>{chosen}", variants.join(",")))?;
        self.within(Some((name, variants)), |probe| visitor.visit_enum(Variant { probe, chosen }))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// So many elements of a sequence, fields of a struct, or entries of a map.
struct Elements<'a> {
    probe: &'a mut ShapeProbe,
    rest: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let Some(rest) = self.rest.checked_sub(1) else { return Ok(None) };
        self.rest = rest;
        seed.deserialize(&mut *self.probe).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        seed.deserialize(&mut *self.probe)
    }
}

/// A variant of an enum.
struct Variant<'a> {
    probe: &'a mut ShapeProbe,
    chosen: usize,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refused> {
        let index = u32::try_from(self.chosen).map_err(|_| Refused::ByType)?;
        let index: U32Deserializer<Refused> = index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        self.probe.note("unit")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        self.probe.note("newtype")?;
        seed.deserialize(self.probe)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        de::Deserializer::deserialize_tuple(self.probe, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        de::Deserializer::deserialize_struct(self.probe, "", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::num::NonZero;

    use serde::Deserialize;

    use super::*;

    fn text<T: DeserializeOwned>() -> String {
        let mut shape = Shape::new();
        shape.add::<T>();
        shape.text
    }

    /// Two builds of one type.
    mod old {
        #[derive(serde::Deserialize)]
        #[expect(dead_code, reason = "only its shape is of interest")]
        pub(super) struct Order {
            id: u32,
            amount: u32,
        }
    }

    mod new {
        #[derive(serde::Deserialize)]
        #[expect(dead_code, reason = "only its shape is of interest")]
        pub(super) struct Order {
            amount: u32,
            id: u32,
        }
    }

    #[test]
    fn exchanged_fields_make_another_shape() {
        assert_ne!(text::<old::Order>(), text::<new::Order>());
        assert_eq!(text::<old::Order>(), text::<old::Order>());
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Event {
        Start,
        Count(u8),
        Place { x: f32, y: f64 },
    }

    #[test]
    fn every_variant_is_in_the_shape() {
        let shape = text::<Vec<Option<Event>>>();
        for part in ["Start,Count,Place", "unit", "u8", "x,y", "f32", "f64"] {
            assert!(shape.contains(part), "{part} in {shape}");
        }
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Tree {
        left: Option<Box<Tree>>,
        right: Option<Box<Tree>>,
        more: Vec<Tree>,
        last: u16,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Term {
        Sum(Box<Term>, Box<Term>),
        Number(i64),
    }

    #[test]
    fn type_that_contains_itself_has_a_shape() {
        let shape = text::<Tree>();
        assert!(shape.contains("u16") && !shape.contains("shape::tests::Tree"), "{shape}");
        let shape = text::<Term>();
        assert!(shape.contains("i64") && !shape.contains("shape::tests::Term"), "{shape}");
    }

    #[test]
    fn types_of_the_standard_library_have_shapes() {
        assert!(text::<(NonZero<u8>, BTreeMap<String, [u8; 2]>)>().contains("map string"));
        assert_ne!(text::<u32>(), text::<i32>());
        assert_ne!(text::<Vec<u8>>(), text::<(u8,)>());
        assert_ne!(text::<Result<u8, u16>>(), text::<Result<u16, u8>>());
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    enum Untagged {
        Number(u8),
    }

    #[test]
    fn type_that_cannot_be_followed_is_known_by_its_name() {
        assert!(text::<(u8, Untagged)>().ends_with("Untagged)"), "{}", text::<(u8, Untagged)>());
    }
}
