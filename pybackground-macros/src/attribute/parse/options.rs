//! The arguments of the attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Lit, LitInt, LitStr, Path, Token};

use super::cache::Cache;
use super::memory::Memory;
use super::timeout;
use crate::attribute::messages;
use crate::attribute::report::Report;

/// The options in the attribute's parentheses. A refused option counts as not given.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) run_timeout: Option<Timeout>,
    /// The `compute` key itself.
    pub(crate) compute: Option<Ident>,
    /// The `own_stack` key itself.
    pub(crate) own_stack: Option<Ident>,
    /// The `process` key itself.
    pub(crate) process: Option<Ident>,
    /// The `remote` key itself.
    pub(crate) remote: Option<Ident>,
    /// The `retry` key itself, and its value.
    pub(crate) retry: Option<(Ident, u32)>,
    /// The `queue` key itself, and its value.
    pub(crate) queue: Option<(Ident, LitStr)>,
    /// The `memory` key itself, and its value.
    pub(crate) memory: Option<(Ident, Memory)>,
    pub(crate) limit: Option<Expr>,
    /// The `single_flight` key itself.
    pub(crate) single_flight: Option<Ident>,
    /// The `cache` key itself, and its value.
    pub(crate) cache: Option<(Ident, Cache)>,
    pub(crate) name: Option<LitStr>,
    pub(crate) runtime: Option<Path>,
    /// All keys, in order, for rules about keys.
    pub(crate) keys: Vec<Ident>,
}

/// The value of `timeout = ..` or `run_timeout = ..`.
pub(crate) enum Timeout {
    /// Known when the attribute is expanded.
    Literal(std::time::Duration),
    /// Evaluated by each call.
    Expression(Expr),
}

impl Options {
    /// Reads all valid options and reports all others.
    pub(crate) fn parse(arguments: TokenStream, report: &mut Report) -> Self {
        let mut options = Self::default();
        let parsed = Parser::parse2(
            |input: ParseStream<'_>| {
                while !input.is_empty() {
                    if let Err(error) = options.parse_option(input, report) {
                        report.push(error);
                        skip_option(input)?;
                    }
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            },
            arguments,
        );
        if let Err(error) = parsed {
            report.push(error);
        }
        options
    }

    /// The options whose values are evaluated at run time or by the compiler, with their names.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = (&'static str, TokenStream)> {
        let evaluated = |timeout: Option<&Timeout>| match timeout {
            Some(Timeout::Expression(timeout)) => Some(timeout.to_token_stream()),
            _ => None,
        };
        let memory = match &self.memory {
            Some((_, Memory::Expression(memory))) => Some(memory),
            _ => None,
        };
        let cache = self.cache.as_ref().map(|(_, cache)| cache);
        let options = [
            ("timeout", evaluated(self.timeout.as_ref())),
            ("run_timeout", evaluated(self.run_timeout.as_ref())),
            ("ttl", evaluated(cache.and_then(|cache| cache.ttl.as_ref()))),
            ("size", cache.and_then(|cache| Some(cache.size.as_ref()?.to_token_stream()))),
            ("limit", self.limit.as_ref().map(ToTokens::to_token_stream)),
            ("memory", memory.map(ToTokens::to_token_stream)),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// Whether the body runs elsewhere than in the process of its caller.
    pub(crate) fn leaves_process(&self) -> bool {
        self.process.is_some() || self.remote.is_some()
    }

    /// The key that lets equal calls share one, if there is one.
    pub(crate) fn sharing(&self) -> Option<&Ident> {
        self.cache.as_ref().map(|(key, _)| key).or(self.single_flight.as_ref())
    }

    fn parse_option(&mut self, input: ParseStream<'_>, report: &mut Report) -> syn::Result<()> {
        if !input.peek(syn::Ident::peek_any) {
            return Err(input.error(messages::NOT_A_KEY));
        }
        let key = input.call(Ident::parse_any)?;
        if self.keys.contains(&key) {
            return Err(syn::Error::new(key.span(), messages::duplicate_key(&key)));
        }
        self.keys.push(key.clone());
        match key.to_string().as_str() {
            "timeout" => {
                let value = value::<Expr>(&key, input, messages::TIMEOUT_NEEDS_VALUE)?;
                self.timeout = Some(Timeout::from_expression(value)?);
            }
            "run_timeout" => {
                let value = value::<Expr>(&key, input, messages::RUN_TIMEOUT_NEEDS_VALUE)?;
                self.run_timeout = Some(Timeout::from_expression(value)?);
            }
            "compute" => {
                if input.peek(Token![=]) || input.peek(syn::token::Paren) {
                    return Err(input.error(messages::COMPUTE_HAS_NO_VALUE));
                }
                self.compute = Some(key);
            }
            "own_stack" => {
                if input.peek(Token![=]) || input.peek(syn::token::Paren) {
                    return Err(input.error(messages::OWN_STACK_HAS_NO_VALUE));
                }
                self.own_stack = Some(key);
            }
            "process" => {
                if input.peek(Token![=]) || input.peek(syn::token::Paren) {
                    return Err(input.error(messages::PROCESS_HAS_NO_VALUE));
                }
                self.process = Some(key);
            }
            "remote" => {
                if input.peek(Token![=]) || input.peek(syn::token::Paren) {
                    return Err(input.error(messages::REMOTE_HAS_NO_VALUE));
                }
                self.remote = Some(key);
            }
            "retry" => {
                let value = value::<LitInt>(&key, input, messages::RETRY_NEEDS_VALUE)?;
                match value.base10_parse::<u32>() {
                    Ok(times) if times <= MOST_RETRIES && value.suffix().is_empty() => {
                        self.retry = Some((key, times));
                    }
                    _ => report.at(&value, messages::RETRY_NEEDS_VALUE),
                }
            }
            "queue" => {
                let value = value::<LitStr>(&key, input, messages::QUEUE_NEEDS_VALUE)?;
                if is_name_of_queue(&value.value()) {
                    self.queue = Some((key, value));
                } else {
                    report.at(&value, messages::QUEUE_NEEDS_VALUE);
                }
            }
            "single_flight" => {
                if input.peek(Token![=]) || input.peek(syn::token::Paren) {
                    return Err(input.error(messages::SINGLE_FLIGHT_HAS_NO_VALUE));
                }
                self.single_flight = Some(key);
            }
            "cache" => {
                self.cache = Some((key.clone(), Cache::default()));
                self.cache = Some((key, Cache::parse(input, report)?));
            }
            "memory" => {
                let value = value::<Expr>(&key, input, messages::MEMORY_NEEDS_VALUE)?;
                self.memory = Some((key, Memory::from_expression(value)?));
            }
            "limit" => {
                let value = value::<Expr>(&key, input, messages::LIMIT_NEEDS_VALUE)?;
                check_limit(&value, report);
                self.limit = Some(value);
            }
            "name" => {
                let value = value::<LitStr>(&key, input, messages::NAME_NEEDS_VALUE)?;
                if value.value().trim().is_empty() {
                    report.at(&value, messages::NAME_NEEDS_VALUE);
                }
                self.name = Some(value);
            }
            "crate" => {
                equals(&key, input, messages::CRATE_NEEDS_VALUE)?;
                let path = input.call(Path::parse_mod_style);
                let refusal =
                    |error: syn::Error| syn::Error::new(error.span(), messages::CRATE_NEEDS_VALUE);
                self.runtime = Some(path.map_err(refusal)?);
            }
            _ => return Err(syn::Error::new(key.span(), messages::unknown_key(&key))),
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("expected `,` before the next option"));
        }
        Ok(())
    }
}

impl Timeout {
    pub(super) fn from_expression(expression: Expr) -> syn::Result<Self> {
        Ok(match timeout::literal(&expression)? {
            Some(duration) => Self::Literal(duration),
            None => Self::Expression(expression),
        })
    }
}

/// More repetitions than any call needs.
const MOST_RETRIES: u32 = 100;

fn is_name_of_queue(name: &str) -> bool {
    let is_sign =
        |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || b"-_".contains(&sign);
    (1..=32).contains(&name.len()) && name.bytes().all(is_sign)
}

/// Parses `= value`, or reports `refusal`.
pub(super) fn value<T: syn::parse::Parse>(
    key: &Ident,
    input: ParseStream<'_>,
    refusal: &str,
) -> syn::Result<T> {
    equals(key, input, refusal)?;
    if input.is_empty() {
        return Err(syn::Error::new(key.span(), refusal));
    }
    let ahead = input.fork();
    match ahead.parse::<T>() {
        Ok(_) => input.parse(),
        // The refusal explains more than the parser's error.
        Err(error) => Err(syn::Error::new(error.span(), refusal)),
    }
}

fn equals(key: &Ident, input: ParseStream<'_>, refusal: &str) -> syn::Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_some() {
        return Ok(());
    }
    Err(syn::Error::new(key.span(), refusal))
}

/// Skips to the comma after an option. A comma inside its value does not count: `a = f::<A, B>()`.
fn skip_option(input: ParseStream<'_>) -> syn::Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_some() && input.fork().parse::<Expr>().is_ok() {
        input.parse::<Expr>()?;
    }
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Reports what can be seen to be no limit.
fn check_limit(value: &Expr, report: &mut Report) {
    match timeout::visible(value) {
        _ if timeout::is_zero(value) => report.at(value, messages::LIMIT_IS_ZERO),
        Expr::Lit(literal) if !is_number_of_calls(&literal.lit) => {
            report.at(value, messages::LIMIT_NEEDS_VALUE);
        }
        Expr::Reference(_) => report.at(value, messages::LIMIT_BY_REFERENCE),
        Expr::Call(call) if is_new_limit(&call.func) => {
            report.at(value, messages::LIMIT_IS_NOT_SHARED);
        }
        _ => {}
    }
}

/// Whether this literal is a `usize`.
fn is_number_of_calls(literal: &Lit) -> bool {
    matches!(literal, Lit::Int(number) if ["", "usize"].contains(&number.suffix()))
}

/// Whether this is `Limit::new`, by any path.
fn is_new_limit(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let mut names = path.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|name| name == "new") && names.next().is_some_and(|ty| ty == "Limit")
}
