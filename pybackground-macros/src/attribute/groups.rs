//! Invisible groups, which `macro_rules!` puts around a fragment (`$e:expr`) that it passes on.
//!
//! They keep the precedence of `$a * 2` if `$a` is `1 + 1`. But the compiler ignores invisible groups that a
//! procedural macro makes, and a change of a token inside a group makes a new group. So visible
//! parentheses replace the group, unless the fragment keeps its precedence without them, or is neither
//! an expression nor a type.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

use super::tokens::is_punct;

/// The first words of items and statements, around which parentheses are an error.
const OPENERS: &[&str] = &[
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "pub",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "use",
];

/// Replaces invisible groups in tokens that were parsed and printed, which makes all groups anew.
// Input:  &⟦dyn A + B⟧
// Output: &(dyn A + B)
pub(super) fn parenthesized(tokens: TokenStream) -> TokenStream {
    let mut output = TokenStream::new();
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if holds_invisible(&group) => {
                output.extend(rebuilt(&group, parenthesized(group.stream())));
            }
            other => output.extend([other]),
        }
    }
    output
}

/// Replaces invisible groups in tokens that were taken out of their group, but not inside other groups.
pub(super) fn parenthesized_at_top(tokens: TokenStream) -> TokenStream {
    let visible = |tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            rebuilt(&group, group.stream())
        }
        other => other.into(),
    };
    tokens.into_iter().map(visible).collect()
}

/// Returns `group` with other content: visible if it was invisible and the content needs a group.
pub(super) fn rebuilt(group: &Group, content: TokenStream) -> TokenStream {
    let delimiter = match group.delimiter() {
        Delimiter::None if !falls_apart(&content) => return content,
        Delimiter::None => Delimiter::Parenthesis,
        visible => visible,
    };
    let mut rebuilt = Group::new(delimiter, content);
    rebuilt.set_span(if group.delimiter() == Delimiter::None {
        // The lint about needless parentheses ignores code of macros.
        Span::mixed_site().located_at(group.span())
    } else {
        span(group)
    });
    TokenStream::from(TokenTree::Group(rebuilt))
}

/// The span for a group that takes the place of `group`. Such a group has one span for both delimiters. If
/// the content ends in the middle of an expression, the compiler has reported that at the closing delimiter. It
/// reports the same again, and shows it once if the place is the same.
pub(super) fn span(group: &Group) -> Span {
    if is_half_typed(group.stream()) { group.span_close() } else { group.span() }
}

/// Whether the content of a group ends as `self.`, as `self.x as`, or as `let x = self.x`.
fn is_half_typed(content: TokenStream) -> bool {
    let is_end = |tree: &TokenTree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(Some(other), &[';', ',']),
    };
    let trees: Vec<_> = content.into_iter().collect();
    let last = trees.rsplit(is_end).next().unwrap_or_default();
    match last {
        [.., TokenTree::Punct(punct)] => !matches!(punct.as_char(), '?' | '>'),
        [.., TokenTree::Ident(word)] if word == "as" || word == "in" => true,
        [TokenTree::Ident(opener), ..] => {
            ["else", "for", "if", "let", "match", "while"].iter().any(|keyword| opener == keyword)
        }
        _ => false,
    }
}

fn holds_invisible(group: &Group) -> bool {
    group.delimiter() == Delimiter::None
        || group.stream().into_iter().any(|tree| match tree {
            TokenTree::Group(inner) => holds_invisible(&inner),
            _ => false,
        })
}

/// Whether an operator beside the content could bind to only a part of it.
fn falls_apart(content: &TokenStream) -> bool {
    let trees: Vec<_> = content.clone().into_iter().collect();
    let [first, .., last] = trees.as_slice() else {
        return false;
    };
    match first {
        TokenTree::Ident(opener) if OPENERS.iter().any(|keyword| opener == keyword) => {
            // An `async` block and a type may begin with these words too.
            return is_async_block(&trees) || is_impl_type(&trees);
        }
        // A lifetime, an attribute, a qualified path.
        TokenTree::Punct(punct) if matches!(punct.as_char(), '\'' | '#' | '<') => return false,
        _ => {}
    }
    // `Vec<T>`: an expression does not end like this.
    let ends_as_type = matches!(last, TokenTree::Punct(punct) if punct.as_char() == '>');
    !ends_as_type && !is_postfix_chain(&trees)
}

/// `a::b(c).d[e]?`: binds tighter than any operator.
fn is_postfix_chain(trees: &[TokenTree]) -> bool {
    let starts_well = match &trees[0] {
        TokenTree::Punct(punct) => punct.as_char() == ':',
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        TokenTree::Ident(_) | TokenTree::Literal(_) => true,
    };
    let continues_well = |pair: &[TokenTree]| match &pair[1] {
        // Two words in a row are `return x`, `dyn A`, `x as T`.
        TokenTree::Ident(_) | TokenTree::Literal(_) => matches!(&pair[0], TokenTree::Punct(_)),
        TokenTree::Punct(punct) => match punct.as_char() {
            '.' => punct.spacing() == Spacing::Alone,
            ':' | '?' | '!' => true,
            _ => false,
        },
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
    };
    starts_well && trees.windows(2).all(continues_well)
}

fn is_async_block(trees: &[TokenTree]) -> bool {
    matches!(trees, [TokenTree::Ident(opener), .., TokenTree::Group(_)] if opener == "async")
        && !trees.iter().any(|tree| matches!(tree, TokenTree::Ident(word) if word == "fn"))
}

fn is_impl_type(trees: &[TokenTree]) -> bool {
    matches!(trees, [TokenTree::Ident(opener), .., last] if opener == "impl"
        && !matches!(last, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace))
}
