//! Replaces `self` in the body by a variable. The method's `self` stays in the caller, a closure cannot
//! have a parameter of that name, and a trait implementation cannot have a helper method.
//!
//! The replacement works on tokens, because a parser does not see every `self`: the arguments of a macro
//! call, a local `macro_rules!` and a format string are only tokens.

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

use super::{format_string, names};
use crate::attribute::groups;
use crate::attribute::tokens::is_punct;

// Input:  { self.total + self::FEE; println!("{self}"); fn f(&self) { self.g() } }
// Output: { __self.total + self::FEE; println!("{self}", self = __self); fn f(&self) { self.g() } }
pub(super) fn renamed(block: &Group) -> Group {
    let Some(content) = rename(block.stream(), Place::Code) else {
        return block.clone();
    };
    let mut renamed = Group::new(block.delimiter(), content);
    renamed.set_span(groups::span(block));
    renamed
}

/// The place of tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    /// Directly inside the parentheses of a macro call.
    MacroCall,
}

/// Returns the tokens with `self` renamed, or `None` without a `self`, so that unchanged tokens keep the
/// compiler's own groups.
fn rename(tokens: TokenStream, place: Place) -> Option<TokenStream> {
    let trees: Vec<_> = tokens.into_iter().collect();
    let mut output = TokenStream::new();
    let mut is_changed = false;
    let mut rest = trees.as_slice();
    while let Some((tree, after)) = rest.split_first() {
        let foreign = foreign(rest);
        if foreign > 0 {
            let (skipped, after) = rest.split_at(foreign);
            output.extend(skipped.iter().cloned());
            rest = after;
            continue;
        }
        let done = trees.len() - rest.len();
        match tree {
            TokenTree::Ident(ident)
                if ident == "self"
                    && !is_path(after)
                    && !(place == Place::MacroCall && is_argument_name(&trees[..done], after)) =>
            {
                output.extend([TokenTree::Ident(names::receiver(ident.span()))]);
                is_changed = true;
            }
            TokenTree::Group(group) => match rename_in_group(group, macro_name(&trees[..done])) {
                Some(renamed) => {
                    output.extend(renamed);
                    is_changed = true;
                }
                None if group.delimiter() == Delimiter::None => {
                    output.extend(groups::rebuilt(group, group.stream()));
                }
                None => output.extend([tree.clone()]),
            },
            other => output.extend([other.clone()]),
        }
        rest = after;
    }
    is_changed.then_some(output)
}

/// Returns the group with `self` renamed, or `None` without a `self`. If the group holds the arguments
/// of a macro call, `name` is the macro's name.
fn rename_in_group(group: &Group, name: Option<&Ident>) -> Option<TokenStream> {
    let content = group.stream();
    let added = name.and_then(|name| format_string::receiver_argument(&name.to_string(), &content));
    let place = if name.is_some() { Place::MacroCall } else { Place::Code };
    let renamed = rename(content.clone(), place);
    if renamed.is_none() && added.is_none() {
        return None;
    }
    let renamed = renamed.unwrap_or(content).into_iter();
    let content = renamed.chain(added.into_iter().flatten()).collect();
    Some(groups::rebuilt(group, content))
}

/// `self::`, a path to the module.
fn is_path(after: &[TokenTree]) -> bool {
    is_punct(after.first(), &[':']) && is_punct(after.get(1), &[':'])
}

/// `self = ..` as an argument of a macro: a named format argument, or a field of a span.
fn is_argument_name(before: &[TokenTree], after: &[TokenTree]) -> bool {
    (before.is_empty() || is_punct(before.last(), &[',']))
        && matches!(after.first(), Some(TokenTree::Punct(punct))
            if punct.as_char() == '=' && punct.spacing() == Spacing::Alone)
}

/// `name` if `before` ends in `name!`.
fn macro_name(before: &[TokenTree]) -> Option<&Ident> {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => Some(name),
        _ => None,
    }
}

/// How many of the next trees are an item in which `self` has another meaning.
fn foreign(trees: &[TokenTree]) -> usize {
    let TokenTree::Ident(keyword) = &trees[0] else {
        return 0;
    };
    let next = trees.get(1);
    match keyword.to_string().as_str() {
        // A function, not the type of a function pointer.
        "fn" if matches!(next, Some(TokenTree::Ident(_) | TokenTree::Punct(_))) => function(trees),
        // An import, not the captures of an `impl Trait + use<..>`.
        "use" if !is_punct(next, &['<']) => {
            let end = trees.iter().position(|tree| is_punct(Some(tree), &[';']));
            end.map_or(trees.len(), |end| end + 1)
        }
        // `pub(self)`, `pub(in self::x)`.
        "pub" if matches!(next, Some(TokenTree::Group(_))) => 2,
        // `extern crate self as name;`
        "crate" if matches!(next, Some(TokenTree::Ident(_))) => 2,
        _ => 0,
    }
}

/// The length of a function item: up to its body, or up to the semicolon of one without.
fn function(trees: &[TokenTree]) -> usize {
    let is_end = |&index: &usize| match &trees[index] {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            // Braces inside `<..>` are a constant in the signature: `-> Matrix<{ N + 1 }>`.
            !is_punct(trees.get(index + 1), &['>', ','])
        }
        other => is_punct(Some(other), &[';']),
    };
    (0..trees.len()).find(is_end).map_or(trees.len(), |end| end + 1)
}
