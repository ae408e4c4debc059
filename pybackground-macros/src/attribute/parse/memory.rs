//! The value of `memory = ..`.

use syn::Lit;

use crate::attribute::messages;

/// The units, the longer names first: one ends in another.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// How many bytes a literal says: a number, or text with a unit.
pub(super) fn bytes(literal: &Lit) -> syn::Result<u64> {
    let bytes = match literal {
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().ok(),
        Lit::Str(text) => of_text(&text.value()),
        _ => None,
    };
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| syn::Error::new(literal.span(), messages::MEMORY_NEEDS_VALUE))
}

fn of_text(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = UNITS
        .into_iter()
        .find_map(|(name, unit)| text.strip_suffix(name).map(|number| (number, unit)))?;
    number.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_whole_number_and_a_unit() {
        assert_eq!(of_text("512MiB"), Some(512 << 20));
        assert_eq!(of_text(" 1 kB "), Some(1_000));
        assert_eq!(of_text("7B"), Some(7));
        for wrong in ["", "512", "MiB", "-1MiB", "1.5GiB", "1 parsec", "99999999TiB"] {
            assert_eq!(of_text(wrong), None, "{wrong}");
        }
    }
}
