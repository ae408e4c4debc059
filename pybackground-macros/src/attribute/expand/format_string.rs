//! `self` in a format string, `"{self:?}"`, is a variable that no token shows.

use proc_macro2::{Literal, Span, TokenStream, TokenTree};

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

// Input:  write!    f, "{self} of {}", n
// Output: Some( f, "{__self} of {}", n )
/// The arguments of a macro call with `self` renamed in its format string, if that is needed.
pub(super) fn renamed(macro_name: &str, arguments: TokenStream) -> Option<TokenStream> {
    // In any other macro a string is only a string.
    let before = FORMATTING
        .iter()
        .position(|names| names.contains(&macro_name))?;
    let mut trees: Vec<_> = arguments.into_iter().collect();
    let format = first_lone_string(&trees, before)?;
    let TokenTree::Literal(literal) = &trees[format] else {
        return None;
    };
    let mut renamed: Literal = rename_placeholders(&literal.to_string())?.parse().ok()?;
    // The names in a format string mean what its literal's span says.
    renamed.set_span(literal.span().resolved_at(Span::mixed_site()));
    trees[format] = TokenTree::Literal(renamed);
    Some(trees.into_iter().collect())
}

/// The first argument from `skip` on that is a string and nothing else.
fn first_lone_string(trees: &[TokenTree], skip: usize) -> Option<usize> {
    let is_comma =
        |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut start = 0;
    for (number, argument) in trees.split(is_comma).enumerate() {
        if let ([TokenTree::Literal(literal)], true) = (argument, number >= skip) {
            let source = literal.to_string();
            if source.starts_with('"') || source.starts_with("r\"") || source.starts_with("r#") {
                return Some(start);
            }
        }
        start += argument.len() + 1;
    }
    None
}

// Input:  "{self:?} {{self}} {0}"
// Output: Some("{__self:?} {{self}} {0}")
/// Works on the literal as it is written; only `\u{..}` has braces that are no placeholder's.
fn rename_placeholders(source: &str) -> Option<String> {
    let mut output = String::with_capacity(source.len() + 2);
    let mut rest = source;
    let mut is_changed = false;
    while let Some(brace) = rest.find('{') {
        let (before, after) = rest.split_at(brace + 1);
        output.push_str(before);
        rest = after;
        if before.ends_with("\\u{") {
            continue;
        }
        if let Some(escaped) = rest.strip_prefix('{') {
            output.push('{');
            rest = escaped;
        } else if let Some(spec) = rest.trim_start().strip_prefix("self")
            && spec.trim_start().starts_with([':', '}'])
        {
            output.push_str("__self");
            rest = spec;
            is_changed = true;
        }
    }
    output.push_str(rest);
    is_changed.then_some(output)
}
