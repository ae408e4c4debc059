//! Timeouts that are literals, which are read, or refused, at compile time.
//!
//! The runtime converts other timeouts by the same rules (its `IntoTimeout`). The test `macro_options`
//! compares the two.

use std::time::Duration;

use syn::{Expr, Lit, Path, UnOp};

use crate::attribute::messages;

/// The suffixes of the numbers that can be a timeout.
const INTEGERS: [&str; 5] = ["", "i32", "i64", "u32", "u64"];
const FLOATS: [&str; 3] = ["", "f32", "f64"];

/// Returns the length of a literal timeout, or `None` for another expression.
///
/// # Errors
///
/// Returns an error at a literal that is not a length of time.
pub(super) fn literal(expression: &Expr) -> syn::Result<Option<Duration>> {
    let (negative, value) = match visible(expression) {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => (true, visible(&unary.expr)),
        other => (false, other),
    };
    let shown = |digits: &str| format!("{}{digits}", if negative { "-" } else { "" });
    let known = match value {
        Expr::Path(path) => match non_finite(&path.path) {
            Some(name) => Err(messages::timeout_not_finite(&shown(name))),
            None => return Ok(None),
        },
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) if INTEGERS.contains(&number.suffix()) => {
                whole_seconds(negative, number.base10_digits())
            }
            Lit::Float(number) if FLOATS.contains(&number.suffix()) => {
                let digits = shown(number.base10_digits());
                seconds(&digits, number.suffix())
            }
            Lit::Str(text) if !negative => text_duration(&text.value()),
            other => Err(messages::timeout_not_understood(&shown(&format!("`{}`", source(other))))),
        },
        _ => return Ok(None),
    };
    known.map(Some).map_err(|refusal| syn::Error::new_spanned(expression, refusal))
}

/// The expression without its parentheses and invisible groups.
pub(super) fn visible(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => visible(&group.expr),
        Expr::Paren(paren) => visible(&paren.expr),
        other => other,
    }
}

/// Whether this is the number 0, as a literal.
pub(super) fn is_zero(expression: &Expr) -> bool {
    match visible(expression) {
        Expr::Lit(literal) => matches!(&literal.lit, Lit::Int(n) if n.base10_digits() == "0"),
        _ => false,
    }
}

// Input:  5
// Output: 5 s
fn whole_seconds(negative: bool, digits: &str) -> Result<Duration, String> {
    if negative && digits != "0" {
        return Err(messages::timeout_negative(&format!("-{digits}")));
    }
    // The compiler refuses a literal that its type cannot hold.
    Ok(digits.parse().map_or(Duration::MAX, Duration::from_secs))
}

// Input:  1.5
// Output: 1.5 s
fn seconds(digits: &str, suffix: &str) -> Result<Duration, String> {
    let seconds = match suffix {
        "f32" => digits.parse::<f32>().map(f64::from),
        _ => digits.parse::<f64>(),
    };
    match seconds {
        Ok(seconds) => from_seconds(seconds, digits),
        Err(_) => Err(messages::timeout_not_understood(digits)),
    }
}

// Input:  "250ms"
// Output: 0.25 s
fn text_duration(text: &str) -> Result<Duration, String> {
    let shown = format!("{text:?}");
    let trimmed = text.trim();
    let unit_start = trimmed.find(char::is_alphabetic).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(unit_start);
    match (number.trim_end().parse::<f64>(), scale(unit)) {
        (Ok(number), Some(scale)) => from_seconds(number * scale, &shown),
        _ => Err(messages::timeout_not_understood(&shown)),
    }
}

fn from_seconds(seconds: f64, shown: &str) -> Result<Duration, String> {
    if !seconds.is_finite() {
        return Err(messages::timeout_not_finite(shown));
    }
    if seconds < 0.0 {
        return Err(messages::timeout_negative(shown));
    }
    // A `Duration` cannot hold more: the timeout never expires.
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn scale(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    })
}

fn non_finite(path: &Path) -> Option<&'static str> {
    let last = &path.segments.last()?.ident;
    ["NAN", "INFINITY", "NEG_INFINITY"].into_iter().find(|name| last == name)
}

fn source(literal: &Lit) -> String {
    quote::ToTokens::to_token_stream(literal).to_string()
}
