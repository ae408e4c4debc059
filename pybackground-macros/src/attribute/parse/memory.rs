//! The value of `memory = ..`.

use quote::ToTokens;
use syn::{Expr, Lit, UnOp};

use super::timeout::visible;
use crate::attribute::messages;

/// The units. Longer names come first, because one name is the end of another.
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

/// The value of `memory = ..`.
pub(crate) enum Memory {
    /// A number of bytes, at least 1.
    Literal(u64),
    /// A constant, which the compiler checks.
    Expression(Expr),
}

/// Why a literal is not an amount of memory.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    NotUnderstood,
    Zero,
    TooLarge,
}

impl Memory {
    /// Reads a literal: a number, or text with a unit.
    ///
    /// # Errors
    ///
    /// Returns an error at a literal that is not an amount of memory.
    pub(super) fn from_expression(expression: Expr) -> syn::Result<Self> {
        let bytes = match visible(&expression) {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) if ["", "u64"].contains(&number.suffix()) => {
                    bytes(number.base10_digits(), 1)
                }
                Lit::Str(text) => of_text(&text.value()),
                _ => Err(Wrong::NotUnderstood),
            },
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Err(Wrong::NotUnderstood),
            _ => return Ok(Self::Expression(expression)),
        };
        bytes.map(Self::Literal).map_err(|wrong| {
            let value = match &expression {
                Expr::Unary(negative) => format!("-{}", negative.expr.to_token_stream()),
                value => value.to_token_stream().to_string(),
            };
            let refusal = match wrong {
                Wrong::NotUnderstood => messages::memory_not_understood(&value),
                Wrong::Zero => messages::MEMORY_IS_ZERO.to_owned(),
                Wrong::TooLarge => messages::memory_too_large(&value),
            };
            syn::Error::new_spanned(expression, refusal)
        })
    }
}

fn of_text(text: &str) -> Result<u64, Wrong> {
    let text = text.trim();
    let (number, unit) = UNITS
        .into_iter()
        .find_map(|(name, unit)| text.strip_suffix(name).map(|number| (number, unit)))
        .ok_or(Wrong::NotUnderstood)?;
    bytes(number.trim_end(), unit)
}

fn bytes(number: &str, unit: u64) -> Result<u64, Wrong> {
    if number.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Wrong::NotUnderstood);
    }
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        None => Err(Wrong::TooLarge),
        Some(0) => Err(Wrong::Zero),
        Some(bytes) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_whole_number_and_a_unit() {
        assert_eq!(of_text("512MiB"), Ok(512 << 20));
        assert_eq!(of_text(" 1 kB "), Ok(1_000));
        assert_eq!(of_text("7B"), Ok(7));
        for wrong in ["", "512", "MiB", "-1MiB", "+1MiB", "1.5GiB", "1 parsec"] {
            assert_eq!(of_text(wrong), Err(Wrong::NotUnderstood), "{wrong}");
        }
        for large in ["99999999TiB", "99999999999999999999B"] {
            assert_eq!(of_text(large), Err(Wrong::TooLarge), "{large}");
        }
        assert_eq!(of_text("0 GB"), Err(Wrong::Zero));
    }
}
