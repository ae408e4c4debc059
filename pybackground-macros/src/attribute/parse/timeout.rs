//! Timeouts that are literals: how long they are is settled, or refused, while compiling.
//!
//! The runtime reads a timeout that is an expression by the same rules (its `IntoTimeout`); the
//! test `macro_timeout` holds the two together.

use std::time::Duration;

use syn::{Expr, Lit, Path, UnOp};

use crate::attribute::messages;

/// How long a literal timeout is, or `None` for an expression.
///
/// # Errors
///
/// A literal that no duration can be made of, refused where it stands.
pub(super) fn literal(expression: &Expr) -> syn::Result<Option<Duration>> {
    let (negative, value) = match visible(expression) {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => (true, visible(&unary.expr)),
        other => (false, other),
    };
    let refuse = |message: String| Err(syn::Error::new_spanned(expression, message));
    let shown = |digits: &str| format!("{}{digits}", if negative { "-" } else { "" });
    match value {
        Expr::Path(path) => match non_finite(&path.path) {
            Some(name) => refuse(messages::timeout_not_finite(&shown(name))),
            None => Ok(None),
        },
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) if known_suffix(number.suffix()) => {
                seconds(&shown(number.base10_digits())).or_else(refuse)
            }
            Lit::Float(number) if known_suffix(number.suffix()) => {
                seconds(&shown(number.base10_digits())).or_else(refuse)
            }
            Lit::Str(text) if !negative => text_duration(&text.value()).or_else(refuse),
            other => refuse(messages::timeout_not_understood(&shown(&format!(
                "`{}`",
                source(other)
            )))),
        },
        _ => Ok(None),
    }
}

/// The expression without the parentheses and the invisible groups around it.
pub(super) fn visible(expression: &Expr) -> &Expr {
    match expression {
        Expr::Group(group) => visible(&group.expr),
        Expr::Paren(paren) => visible(&paren.expr),
        other => other,
    }
}

// Input:  "1.5"
// Output: 1.5 s
fn seconds(number: &str) -> Result<Option<Duration>, String> {
    duration(number, 1.0, number)
}

// Input:  "250ms"
// Output: 0.25 s
fn text_duration(text: &str) -> Result<Option<Duration>, String> {
    let shown = format!("{text:?}");
    let trimmed = text.trim();
    let unit_start = trimmed.find(char::is_alphabetic).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(unit_start);
    let Some(scale) = scale(unit) else {
        return Err(messages::timeout_not_understood(&shown));
    };
    duration(number.trim_end(), scale, &shown)
}

fn duration(number: &str, scale: f64, shown: &str) -> Result<Option<Duration>, String> {
    let Ok(number) = number.parse::<f64>() else {
        return Err(messages::timeout_not_understood(shown));
    };
    let seconds = number * scale;
    if !number.is_finite() {
        return Err(messages::timeout_not_finite(shown));
    }
    if seconds < 0.0 {
        return Err(messages::timeout_negative(shown));
    }
    // What is too long for a `Duration` never comes.
    Ok(Some(
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
    ))
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

fn known_suffix(suffix: &str) -> bool {
    matches!(suffix, "" | "f32" | "f64" | "i32" | "i64" | "u32" | "u64")
}

fn non_finite(path: &Path) -> Option<&'static str> {
    let last = &path.segments.last()?.ident;
    ["NAN", "INFINITY", "NEG_INFINITY"]
        .into_iter()
        .find(|name| last == name)
}

fn source(literal: &Lit) -> String {
    quote::ToTokens::to_token_stream(literal).to_string()
}
