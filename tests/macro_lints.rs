//! The expansion of `#[background]` triggers no lint. The compiler and Clippy build this file with nearly
//! all lints denied. `tests/ui` shows that lints still fire on the user's own code.

#![forbid(unsafe_code, warnings, missing_docs, unused, rust_2018_idioms, future_incompatible)]
#![forbid(clippy::all, clippy::pedantic)]
#![deny(clippy::nursery)]
#![deny(
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    keyword_idents,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    if_let_rescope,
    impl_trait_overcaptures,
    impl_trait_redundant_captures,
    meta_variable_misuse,
    missing_copy_implementations,
    non_ascii_idents,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    tail_expr_drop_order,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use pybackground::{Lazy, background};

/// Every option, every kind of parameter, on one line.
#[background(timeout = 60.0, limit = 2, name = "all", compute)]
fn all(
    text: &str,
    (a, _): (u8, u8),
    mut list: Vec<u8>,
    _unused: u8,
    _: (),
    [first, ..]: &[u8; 32],
) -> usize {
    list.push(a + first);
    list.len() + text.len()
}

/// Timeout as an expression.
#[background(timeout = Duration::from_secs(60))]
fn expression() -> &'static str {
    "expression"
}

/// Nothing.
#[background]
fn nothing() {}

/// A statement.
#[background]
fn statement(list: Vec<u8>) {
    drop(list);
}

/// Unit in, unit out.
#[background]
fn unit((): ()) {}

/// Never returns.
///
/// # Panics
///
/// Always.
#[background]
fn never(number: u8) -> ! {
    panic!("{number}")
}

/// Fails at times.
///
/// # Errors
///
/// If `text` is no number.
#[background]
fn fails(text: &str) -> Result<u8, std::num::ParseIntError> {
    let number = text.parse()?;
    Ok(number)
}

/// Generic.
#[background]
fn generic<T: Display + Clone + Send + 'static, const N: usize>(
    values: [T; N],
    more: &T,
) -> impl Display {
    format!("{} {more}", values[0])
}

/// Opaque in and out.
#[background]
fn opaque(
    numbers: impl Iterator<Item = u8> + Send + 'static,
) -> Result<impl Iterator<Item = u8>, String> {
    Ok(numbers.map(|number| number + 1))
}

/// Asynchronous.
#[background]
async fn asynchronous(text: &str, _unused: u8, mut list: Vec<u8>) -> usize {
    std::future::ready(()).await;
    list.push(1);
    text.len() + list.len()
}

/// Asynchronous, without anything.
#[background]
async fn asynchronous_nothing() {
    std::future::ready(()).await;
}

/// Asynchronous, never returns.
///
/// # Panics
///
/// Always.
#[background]
async fn asynchronous_never() -> ! {
    std::future::ready(()).await;
    panic!("never")
}

/// Diverges without saying so.
///
/// # Panics
///
/// Always.
#[background]
fn diverges(number: u8) -> Result<u8, String> {
    panic!("{number}")
}

/// Diverges without saying so.
///
/// # Panics
///
/// Always.
#[background]
async fn asynchronous_diverges(number: u8) -> Result<u8, String> {
    std::future::ready(()).await;
    panic!("{number}")
}

/// A type.
#[derive(Clone, Debug)]
struct Type(u8);

/// A trait.
trait Trait {
    /// Declared.
    #[background]
    fn declared(&self, number: u8) -> u8;
    /// Declared as opaque.
    #[background]
    fn declared_opaque(&self) -> impl Display;
    /// Declared as asynchronous.
    #[background]
    async fn declared_async(&self, text: &str) -> usize;
    /// Provided.
    #[background]
    fn provided(&self) -> u8
    where
        Self: Clone + Send + 'static,
    {
        let _ = self;
        1
    }
}

impl Trait for Type {
    #[background]
    fn declared(&self, number: u8) -> u8 {
        self.0 + number
    }
    #[background]
    fn declared_opaque(&self) -> impl Display {
        format!("{self:?}")
    }
    #[background]
    async fn declared_async(&self, text: &str) -> usize {
        std::future::ready(()).await;
        text.len() + usize::from(self.0)
    }
}

impl Type {
    /// By value, and changed.
    #[background]
    fn changed(mut self) -> Self {
        self.0 += 1;
        self
    }
    /// Shared.
    #[background]
    #[must_use]
    fn shared(self: Arc<Self>) -> u8 {
        self.0
    }
    /// A reference that the body may rebind; `mut &self` cannot be written.
    #[background]
    fn rebound(mut self: &Self, other: &'static Self) -> u8 {
        if self.0 == 0 {
            self = other;
        }
        self.0
    }
    /// Lent.
    #[background]
    fn lent(self: &Arc<Self>, other: &Self) -> u8 {
        self.0 + other.0
    }
}

/// Everything that is public in a library.
pub mod library {
    use pybackground::background;

    /// A public type.
    #[derive(Clone, Debug)]
    pub struct Public(pub String);

    impl Public {
        /// A public method.
        #[background]
        pub fn method(&self, text: &str) -> String {
            format!("{self:?} {text}")
        }
        /// A public constructor.
        #[background]
        pub async fn new() -> Self {
            std::future::ready(Self(String::new())).await
        }
    }

    /// A public function.
    #[background]
    pub fn function(text: &str) -> String {
        text.to_owned()
    }
}

macro_rules! made_by_macro {
    ($name:ident, $ty:ty, $e:expr) => {
        /// Made by a macro.
        #[background]
        fn $name(x: $ty) -> $ty {
            x + $e
        }
    };
}
made_by_macro!(made, u8, 1 + 1);

/// Lints that few people turn on.
#[deny(
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::default_numeric_fallback,
    clippy::else_if_without_else,
    clippy::exhaustive_structs,
    clippy::impl_trait_in_params,
    clippy::implicit_return,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::missing_docs_in_private_items,
    clippy::missing_inline_in_public_items,
    clippy::missing_trait_methods,
    clippy::mod_module_files,
    clippy::multiple_inherent_impl,
    clippy::multiple_unsafe_ops_per_block,
    clippy::pattern_type_mismatch,
    clippy::question_mark_used,
    clippy::same_name_method,
    clippy::semicolon_inside_block,
    clippy::semicolon_outside_block,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::single_call_fn,
    clippy::std_instead_of_core,
    clippy::unused_trait_names,
    clippy::unwrap_used
)]
pub mod restricted {
    use core::future::{Ready, ready};

    use pybackground::{Lazy, Limit, background};

    /// The limit of a function.
    const MOST: usize = 2;

    /// The limit of several.
    static SHARED: Limit = Limit::new(2);

    /// Every kind of binding.
    #[background(timeout = 60.0, limit = 2, compute)]
    #[inline]
    pub fn bindings((a, _): (u8, u8), mut list: Vec<u8>, lent: &str, _unused: u8, _: u8) -> usize {
        list.push(a);
        return list.len().saturating_add(lent.len());
    }

    /// Waits for its argument.
    #[background]
    #[inline]
    pub fn nested(number: u8) -> Lazy<usize> {
        return bindings((number, 0), Vec::new(), "a", 0, 0);
    }

    /// Waits for its inputs.
    #[background(limit = MOST, run_timeout = 60, own_stack)]
    #[inline]
    pub fn inputs(#[lazy] number: usize, text: &str, #[lazy] list: Vec<u8>) -> usize {
        return number.saturating_add(list.len()).saturating_add(text.len());
    }

    /// Shared by equal calls.
    #[background(single_flight, limit = SHARED)]
    #[inline]
    pub fn shared(number: usize, text: &str) -> usize {
        return number.saturating_add(text.len());
    }

    /// Shared by equal calls.
    #[background(single_flight)]
    #[inline]
    pub async fn shared_async(number: usize, text: &str) -> usize {
        ready(()).await;
        return number.saturating_add(text.len());
    }

    /// A call whose value is a call.
    #[background]
    #[inline]
    pub async fn call_in_async(number: u8) -> Lazy<usize> {
        ready(()).await;
        return bindings((number, 0), Vec::new(), "a", 0, 0);
    }

    /// A call whose value is a future.
    #[background]
    #[inline]
    pub async fn future_in_async() -> Ready<u8> {
        ready(()).await;
        return ready(1);
    }

    /// A call whose value is an opaque future.
    #[background]
    #[inline]
    pub async fn opaque_in_async(number: u8) -> impl Future<Output = u8> + Send {
        ready(()).await;
        return ready(number);
    }
}

/// A call whose value is a call, as the last expression.
#[background]
async fn call_in_async(number: u8) -> Lazy<usize> {
    std::future::ready(()).await;
    on_one_line::expression("a", usize::from(number))
}

/// A call whose value is a future, as the last expression.
#[background]
async fn future_in_async(#[lazy] number: u8) -> std::future::Ready<u8> {
    std::future::ready(()).await;
    std::future::ready(number)
}

/// There are lints about braces on one line.
#[rustfmt::skip]
pub mod on_one_line {
    use pybackground::background;

    /// On one line.
    #[background]
    pub fn expression(text: &str, number: usize) -> usize { text.len() + number }

    /// On one line.
    #[background]
    pub fn statement(list: Vec<u8>) { drop(list); }

    /// On one line.
    #[background]
    pub fn block() -> u8 { { let number = 1; number + 1 } }

    /// On one line.
    #[background]
    pub async fn asynchronous(number: u8) -> u8 { std::future::ready(number).await }

    /// On one line.
    #[background]
    pub fn closure(number: u8) -> u8 { let same = || number; same() }
}

/// Polls a future that is ready.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("it is ready"),
    }
}

#[test]
fn expansion_triggers_no_lint() {
    assert_eq!(all("a", (1, 2), vec![], 0, (), &[1; 32]), 2);
    assert_eq!(*expression(), "expression");
    assert_eq!(*nothing(), ());
    assert_eq!(*statement(vec![]), ());
    assert_eq!(*unit(()), ());
    assert!(Lazy::join(never(1)).map(|_| ()).is_err());
    assert_eq!(*fails("1"), Ok(1));
    assert_eq!(generic([1], &2).to_string(), "1 2");
    assert_eq!(opaque([1].into_iter()).as_ref().map(|_| ()), Ok(()));
    assert_eq!(asynchronous("a", 1, vec![]), 2);
    assert_eq!(*asynchronous_nothing(), ());
    assert!(Lazy::join(asynchronous_never()).map(|_| ()).is_err());
    assert_eq!(Type(1).declared(1), 2);
    assert_eq!(Type(1).declared_opaque().to_string(), "Type(1)");
    assert_eq!(Type(1).declared_async("a"), 2);
    assert_eq!(Type(1).provided(), 1);
    assert_eq!(Type(1).changed().0, 2);
    assert_eq!(Type(0).rebound(&Type(5)), 5);
    assert!(Lazy::join(diverges(1)).is_err());
    assert!(Lazy::join(asynchronous_diverges(1)).is_err());
    assert_eq!(Arc::new(Type(1)).shared(), 1);
    assert_eq!(Arc::new(Type(1)).lent(&Type(2)), 3);
    assert_eq!(library::Public::new().method("a"), "Public(\"\") a");
    assert_eq!(library::function("a"), "a");
    assert_eq!(made(1), 3);
    assert_eq!(restricted::bindings((1, 2), vec![], "a", 0, 0), 2);
    assert_eq!(*restricted::nested(1), 2);
    assert_eq!(restricted::inputs(1, "a", vec![]), 2);
    assert_eq!(restricted::shared(1, "a"), 2);
    assert_eq!(restricted::shared_async(1, "a"), 2);
    assert_eq!(*restricted::call_in_async(1), 2);
    assert_eq!(block_on(Lazy::into_inner(restricted::future_in_async())), 1);
    assert_eq!(block_on(Lazy::into_inner(restricted::opaque_in_async(1))), 1);
    assert_eq!(*call_in_async(1), 2);
    assert_eq!(block_on(Lazy::into_inner(future_in_async(1))), 1);
    assert_eq!(on_one_line::expression("a", 1), 2);
    assert_eq!(*on_one_line::statement(vec![]), ());
    assert_eq!(on_one_line::block(), 2);
    assert_eq!(on_one_line::asynchronous(1), 1);
    assert_eq!(on_one_line::closure(1), 1);
}
