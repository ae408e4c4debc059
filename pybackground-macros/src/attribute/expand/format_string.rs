//! `self` in a format string, as in `"{self:?}"`, which is not a token.

use proc_macro2::{Literal, Spacing, TokenStream, TokenTree};
use quote::quote_spanned;
use syn::Token;

use super::names;
use crate::attribute::tokens::is_punct;

/// The formatting macros of std, log, tracing, anyhow and eyre, by the least number of arguments before
/// the format string.
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
/// Returns an argument to add to a macro call whose format string captures `self`. The string does not
/// change, because its span resolves the other names in it.
pub(super) fn receiver_argument(macro_name: &str, arguments: &TokenStream) -> Option<TokenStream> {
    // Other macros do not format their strings.
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

/// Finds the first argument that is only a string, after `skip` arguments.
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

/// Whether the call has such an argument already: `"{self}", self = ..`.
fn is_given_self(trees: &[TokenTree]) -> bool {
    trees.split(is_comma).any(|argument| {
        matches!(argument, [TokenTree::Ident(name), TokenTree::Punct(equals), ..]
            if name == "self" && equals.as_char() == '=' && equals.spacing() == Spacing::Alone)
    })
}

fn is_comma(tree: &TokenTree) -> bool {
    is_punct(Some(tree), &[','])
}

/// Whether the source of a literal has a placeholder like `{self}` or `{self:?}`.
fn captures_self(source: &str) -> bool {
    let mut rest = source;
    while let Some(brace) = rest.find('{') {
        let (before, after) = rest.split_at(brace + 1);
        rest = after;
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
        } else if let Some(spec) = rest.trim_start().strip_prefix("self")
            // `\u{..}` has the only braces that are not a placeholder.
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
    fn placeholder_differs_from_other_braces() {
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
