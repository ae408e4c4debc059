//! `self` in a format string, `"{self:?}"`, is a variable that no token shows.

use proc_macro2::{Literal, Spacing, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::Token;

use super::names;
use crate::attribute::tokens::is_punct;

/// The macros of std, log, tracing, anyhow and eyre that format, by how many arguments stand before
/// the format string at least.
const FORMATTING: [&[&str]; 3] = [
    &[
        "anyhow",
        "bail",
        "debug",
        "eprint",
        "eprintln",
        "error",
        "event",
        "eyre",
        "format",
        "format_args",
        "info",
        "log",
        "panic",
        "print",
        "println",
        "todo",
        "trace",
        "unimplemented",
        "unreachable",
        "warn",
    ],
    &["assert", "debug_assert", "ensure", "write", "writeln"],
    &[
        "assert_eq",
        "assert_matches",
        "assert_ne",
        "debug_assert_eq",
        "debug_assert_matches",
        "debug_assert_ne",
    ],
];

// Input:  write!    f, "{self} of {n}"
// Output: Some( , self = __self )
/// What is to be added to the arguments of a macro call whose format string captures `self`. The
/// string itself stays as it is: its span is what the other names in it mean.
pub(super) fn receiver_argument(macro_name: &str, arguments: &TokenStream) -> Option<TokenStream> {
    // In any other macro a string is only a string.
    let before = FORMATTING.iter().position(|names| names.contains(&macro_name))?;
    let trees: Vec<_> = arguments.clone().into_iter().collect();
    let format = first_lone_string(&trees, before)?;
    if !captures_self(&format.to_string()) || is_given_self(&trees) {
        return None;
    }
    let span = names::mixed(format.span());
    let comma = (!trees.last().is_some_and(is_comma)).then(|| Token![,](span));
    let (name, receiver) = (Token![self](span), names::receiver(span));
    Some(quote_spanned!(span=> #comma #name = #receiver))
}

/// The first argument from `skip` on that is a string and nothing else.
fn first_lone_string(trees: &[TokenTree], skip: usize) -> Option<&Literal> {
    trees.split(is_comma).skip(skip).find_map(|argument| match argument {
        [TokenTree::Literal(literal)] => {
            let source = literal.to_string();
            let openings = ["\"", "r\"", "r#"];
            openings.iter().any(|opening| source.starts_with(opening)).then_some(literal)
        }
        _ => None,
    })
}

/// Whether there is an argument for it already: `"{self}", self = ..`.
fn is_given_self(trees: &[TokenTree]) -> bool {
    trees.split(is_comma).any(|argument| {
        matches!(argument, [TokenTree::Ident(name), TokenTree::Punct(equals), ..]
            if name == "self" && equals.as_char() == '=' && equals.spacing() == Spacing::Alone)
    })
}

fn is_comma(tree: &TokenTree) -> bool {
    is_punct(Some(tree), &[','])
}

/// Whether a literal, as it is written, has a placeholder like `{self}` or `{self:?}`.
fn captures_self(source: &str) -> bool {
    let mut rest = source;
    while let Some(brace) = rest.find('{') {
        let (before, after) = rest.split_at(brace + 1);
        rest = after;
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
        } else if let Some(spec) = rest.trim_start().strip_prefix("self")
            // Other braces than of a placeholder are only in `\u{..}`.
            && !before.ends_with("\\u{")
            && spec.trim_start().starts_with([':', '}'])
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::captures_self;

    #[test]
    fn a_placeholder_is_told_from_other_braces() {
        for source in ["{self}", "a {self:?}", "{{{self}", "{ self }", "{self:>5}", "{a}{self}"] {
            assert!(captures_self(source), "{source}");
        }
        for source in
            ["self", "{{self}}", "{selfish}", "{}", "{0:?} self}", "{", "{self", "{self.x}"]
        {
            assert!(!captures_self(source), "{source}");
        }
    }
}
