//! Invisible groups: what `macro_rules!` puts around a fragment (`$e:expr`) that it passes on.
//!
//! They keep `$a * 2` from being `1 + 1 * 2` as long as nobody touches them. But the compiler
//! ignores those that a procedural macro builds, and to change a token inside a group is to build
//! it anew. So where that has to be, visible parentheses take their place; where the fragment could
//! not be torn apart anyway, or is no expression or type at all, nothing does.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

/// What items and statements begin with. Parentheses around them would be an error.
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

/// For tokens that were parsed and printed, which builds every group anew.
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

/// For tokens that were taken out of their group one by one, but not what is inside of them.
pub(super) fn parenthesized_at_top(tokens: TokenStream) -> TokenStream {
    let visible = |tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            rebuilt(&group, group.stream())
        }
        other => other.into(),
    };
    tokens.into_iter().map(visible).collect()
}

/// `group` with other content, visible if it was invisible and has to be something.
pub(super) fn rebuilt(group: &Group, content: TokenStream) -> TokenStream {
    let delimiter = match group.delimiter() {
        Delimiter::None if !falls_apart(&content) => return content,
        Delimiter::None => Delimiter::Parenthesis,
        visible => visible,
    };
    let mut rebuilt = Group::new(delimiter, content);
    rebuilt.set_span(if group.delimiter() == Delimiter::None {
        // Hidden from the lint about needless parentheses.
        Span::mixed_site().located_at(group.span())
    } else {
        group.span()
    });
    TokenStream::from(TokenTree::Group(rebuilt))
}

fn holds_invisible(group: &Group) -> bool {
    group.delimiter() == Delimiter::None
        || group.stream().into_iter().any(|tree| match tree {
            TokenTree::Group(inner) => holds_invisible(&inner),
            _ => false,
        })
}

/// Whether an operator beside the fragment could take hold of only a part of it.
fn falls_apart(content: &TokenStream) -> bool {
    let trees: Vec<_> = content.clone().into_iter().collect();
    let [first, .., last] = trees.as_slice() else {
        return false;
    };
    match first {
        TokenTree::Ident(opener) if OPENERS.iter().any(|keyword| opener == keyword) => {
            // A closure or a type may begin so as well, and an `async` block.
            return is_async_block(&trees) || is_impl_type(&trees);
        }
        // A lifetime, an attribute, a qualified path.
        TokenTree::Punct(punct) if matches!(punct.as_char(), '\'' | '#' | '<') => return false,
        _ => {}
    }
    // `Vec<T>`: no expression ends like this.
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
