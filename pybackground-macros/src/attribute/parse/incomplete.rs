//! Half typed functions, as an editor sees them.
//!
//! The compiler reports a missing type itself, continues, and passes the function to the attribute. If
//! the attribute returns the function as it is, then the compiler recognizes its own error, and the
//! user sees one error. An editor keeps types and completions inside the body.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Token, Type};

use crate::attribute::tokens::is_punct;

/// The item with `_` in the place of each type of a parameter that cannot be parsed, and of a result
/// type that is missing; `None` if there are none.
pub(super) fn filled(item: TokenStream) -> Option<TokenStream> {
    let mut trees: Vec<_> = item.into_iter().collect();
    let at = parameters(&trees)?;
    let TokenTree::Group(group) = &trees[at] else {
        return None;
    };
    let parameters = fill_parameters(group);
    let needs_result = is_punct(trees.get(at + 1), &['-'])
        && is_punct(trees.get(at + 2), &['>'])
        && trees.get(at + 3).is_none_or(follows_result);
    if !needs_result && parameters.is_none() {
        return None;
    }
    if let Some(parameters) = parameters {
        trees[at] = TokenTree::Group(Group::new(Delimiter::Parenthesis, parameters));
    }
    if needs_result {
        trees.insert(at + 3, placeholder());
    }
    Some(trees.into_iter().collect())
}

fn placeholder() -> TokenTree {
    TokenTree::Ident(Ident::new("_", Span::call_site()))
}

/// Where the parentheses of a function's parameters are.
fn parameters(trees: &[TokenTree]) -> Option<usize> {
    let keyword =
        trees.iter().position(|tree| matches!(tree, TokenTree::Ident(word) if word == "fn"))?;
    let mut depth = 0_u32;
    (keyword + 1..trees.len()).find(|&at| {
        depth = depth_after(depth, trees, at);
        matches!(&trees[at], TokenTree::Group(group)
            if depth == 0 && group.delimiter() == Delimiter::Parenthesis)
    })
}

/// How many `<` are open behind the tree at `at`. The arrow of a function type closes none.
fn depth_after(depth: u32, trees: &[TokenTree], at: usize) -> u32 {
    let is_arrow = at.checked_sub(1).is_some_and(|before| is_punct(trees.get(before), &['-', '=']));
    match &trees[at] {
        TokenTree::Punct(punct) if punct.as_char() == '<' => depth + 1,
        TokenTree::Punct(punct) if punct.as_char() == '>' && !is_arrow => depth.saturating_sub(1),
        _ => depth,
    }
}

fn follows_result(tree: &TokenTree) -> bool {
    match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Ident(word) => word == "where",
        other => is_punct(Some(other), &[';']),
    }
}

// Input:  (text: , n: u8)
// Output: text: _ , n: u8
fn fill_parameters(group: &Group) -> Option<TokenStream> {
    let trees: Vec<_> = group.stream().into_iter().collect();
    let (mut output, mut has_gaps) = (TokenStream::new(), false);
    for parameter in split_at_commas(&trees) {
        match unparsed_type(parameter) {
            Some(colon) => {
                let comma = parameter.last().filter(|last| is_punct(Some(last), &[',']));
                output.extend(parameter[..=colon].iter().cloned());
                output.extend([placeholder()]);
                output.extend(comma.cloned());
                has_gaps = true;
            }
            None => output.extend(parameter.iter().cloned()),
        }
    }
    has_gaps.then_some(output)
}

/// The parameters, each with the comma behind it.
fn split_at_commas(trees: &[TokenTree]) -> Vec<&[TokenTree]> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for at in 0..trees.len() {
        depth = depth_after(depth, trees, at);
        if depth == 0 && is_punct(trees.get(at), &[',']) {
            parts.push(&trees[start..=at]);
            start = at + 1;
        }
    }
    if start < trees.len() {
        parts.push(&trees[start..]);
    }
    parts
}

/// The position of the colon before a type that cannot be parsed.
fn unparsed_type(parameter: &[TokenTree]) -> Option<usize> {
    let is_path = |at: usize| {
        is_punct(parameter.get(at + 1), &[':'])
            || at.checked_sub(1).is_some_and(|before| is_punct(parameter.get(before), &[':']))
    };
    let colon =
        (0..parameter.len()).find(|&at| is_punct(parameter.get(at), &[':']) && !is_path(at))?;
    let ty = parameter[colon + 1..].iter().cloned().collect();
    let parse = |input: syn::parse::ParseStream<'_>| {
        input.parse::<Type>()?;
        input.parse::<Option<Token![,]>>()
    };
    Parser::parse2(parse, ty).is_err().then_some(colon)
}
