//! The value of `cache`: nothing, or `(size = .., ttl = ..)`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, Ident, Token, parenthesized, token};

use super::options::{Timeout, value};
use super::timeout;
use crate::attribute::messages;
use crate::attribute::report::Report;

/// The value of `cache`.
#[derive(Default)]
pub(crate) struct Cache {
    /// How many values are kept, if it is not the usual number.
    pub(crate) size: Option<Expr>,
    /// How long each is kept.
    pub(crate) ttl: Option<Timeout>,
}

impl Cache {
    /// Parses what follows the key.
    pub(super) fn parse(input: ParseStream<'_>, report: &mut Report) -> syn::Result<Self> {
        let mut cache = Self::default();
        if input.peek(Token![=]) {
            return Err(input.error(messages::CACHE_NEEDS_PARENTHESES));
        }
        if !input.peek(token::Paren) {
            return Ok(cache);
        }
        let content;
        parenthesized!(content in input);
        while !content.is_empty() {
            if let Err(error) = cache.parse_value(&content, report) {
                // What is left in the parentheses is no further mistake.
                content.parse::<TokenStream>()?;
                return Err(error);
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }
        Ok(cache)
    }

    fn parse_value(&mut self, input: ParseStream<'_>, report: &mut Report) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(messages::CACHE_HAS_TWO_VALUES));
        }
        let key = input.call(Ident::parse_any)?;
        if key == "size" && self.size.is_none() {
            let size = value::<Expr>(&key, input, messages::CACHE_SIZE_NEEDS_VALUE)?;
            if timeout::is_zero(&size) {
                report.at(&size, messages::CACHE_SIZE_IS_ZERO);
            }
            self.size = Some(size);
        } else if key == "ttl" && self.ttl.is_none() {
            let ttl = value::<Expr>(&key, input, messages::CACHE_TTL_NEEDS_VALUE)?;
            self.ttl = Some(Timeout::from_expression(ttl)?);
        } else {
            return Err(syn::Error::new(key.span(), messages::CACHE_HAS_TWO_VALUES));
        }
        Ok(())
    }
}
