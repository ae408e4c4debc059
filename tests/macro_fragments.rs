//! `#[background]` on functions that `macro_rules!` makes. Fragments are invisible groups, whose precedence
//! the attribute keeps.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use pybackground::{Lazy, background};

macro_rules! function {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[background]
        $vis fn $name($($arg: $ty),*) -> $ret $body
    };
}

function! {
    /// Documented.
    #[inline]
    pub(crate) fn add(a: u8, b: &u8) -> u8 { a + b }
}
function!(
    fn text(text: &str, object: Box<dyn Fn(&str) -> usize + Send>) -> usize {
        object(text)
    }
);

#[test]
fn visibility_names_types_and_block_may_be_fragments() {
    assert_eq!(add(1, &2), 3);
    assert_eq!(text("abc", Box::new(str::len)), 3);
}

macro_rules! precedence {
    ($free:ident, $method:ident, $asynchronous:ident: $a:expr, $b:expr) => {
        #[background]
        fn $free(x: i32) -> i32 {
            #![allow(clippy::all)]
            x * $a * $b
        }

        impl Number {
            #[background]
            fn $method(&self) -> i32 {
                let x = self.0 * $a;
                x * $b + { 0 * $a }
            }
        }

        #[background]
        async fn $asynchronous(x: &i32) -> i32 {
            x * $a * $b
        }
    };
}

#[derive(Clone)]
struct Number(i32);

precedence!(sums, sums_method, sums_async: 2 + 3, 4 - 10);
precedence!(conditions, conditions_method, conditions_async: if true { 5 } else { 0 }, -6);
precedence!(casts, casts_method, casts_async: 5_u8 as i32, !5);
precedence!(calls, calls_method, calls_async: i32::from(5_u8), [-6][0]);
precedence!(blocks, blocks_method, blocks_async: { 5 }, Number(-6).0);

#[test]
fn expressions_keep_their_precedence() {
    for call in [sums(2), conditions(2), casts(2), calls(2), blocks(2)] {
        assert_eq!(call, -60);
    }
    let number = Number(2);
    let methods = [
        number.sums_method(),
        number.conditions_method(),
        number.casts_method(),
        number.calls_method(),
        number.blocks_method(),
    ];
    for call in methods {
        assert_eq!(call, -60);
    }
    let asynchronous =
        [sums_async(&2), conditions_async(&2), casts_async(&2), calls_async(&2), blocks_async(&2)];
    for call in asynchronous {
        assert_eq!(call, -60);
    }
}

macro_rules! in_method {
    ($name:ident($self:ident) $e:expr) => {
        #[background]
        fn $name(&$self) -> i32 {
            2 * $e
        }
    };
    ($name:ident($self:ident) stmt $s:stmt; $p:pat = $l:literal; $c:expr => $b:block) => {
        #[background]
        fn $name(&$self) -> i32 {
            $s;
            let $p = $l;
            if $c $b
            $l
        }
    };
}

impl Number {
    in_method!(operators(self) self.0 + self.0);
    in_method!(alone(self) self.0);
    in_method!(negative(self) - self.0);
    in_method!(closure(self)(|| self.0 + 1)());
    in_method!(matching(self) match self { Number(n) => *n } + 1);
    in_method!(statement(self) stmt let local = self.0; first = -1; first == -1 => { return local + self.0; });
}

#[test]
fn expressions_with_self_keep_their_precedence() {
    let number = Number(3);
    assert_eq!(number.operators(), 12);
    assert_eq!(number.alone(), 6);
    assert_eq!(number.negative(), -6);
    assert_eq!(number.closure(), 8);
    assert_eq!(number.matching(), 8);
    assert_eq!(number.statement(), 6);
}

macro_rules! types {
    ($name:ident<$t:ident: $bound:path> $reference:ty, $object:ty, $lt:lifetime, $life:ty, $ret:ty) => {
        #[background]
        fn $name<$t: $bound + Clone + Send + $lt>(
            reference: $reference,
            object: &Box<$object>,
            life: &$lt $life,
            generic: $t,
        ) -> Option<$ret> {
            let object: &Box<$object> = object;
            Some((reference.len() + object.to_string().len() + life.len() + generic.to_string().len()) as $ret)
        }
    };
}

#[derive(Debug)]
struct Unclonable;

trait Object: std::fmt::Display + Send {}
impl Object for Unclonable {}
impl std::fmt::Display for Unclonable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unclonable")
    }
}
impl Clone for Box<dyn Object> {
    fn clone(&self) -> Self {
        Box::new(Unclonable)
    }
}

types!(typed<T: std::fmt::Display> &str, dyn Object, 'static, str, u64);

#[test]
fn types_lifetimes_and_paths_may_be_fragments() {
    let object: Box<dyn Object> = Box::new(Unclonable);
    assert_eq!(*typed("ab", &object, "abc", 'x'), Some(2 + 10 + 3 + 1));
}

macro_rules! items {
    ($($item:item)*) => { $( #[background] $item )* };
}

items! {
    fn whole(number: u8) -> u8 { number + 1 }
    async fn whole_async(text: &str) -> usize { text.len() }
}

macro_rules! options {
    ($name:ident, $timeout:expr, $limit:expr, $text:literal) => {
        #[background(timeout = $timeout, limit = $limit, name = $text)]
        fn $name() -> u8 {
            1
        }
    };
}
options!(literal_options, 60.0, 1, "one");
options!(expression_options, 30.0 * if true { 2.0 } else { 0.0 }, 1 + 1, "two");
options!(negated_twice, -(-60.0), { 3 }, "three");

#[test]
fn whole_items_and_options_may_be_fragments() {
    assert_eq!(whole(1), 2);
    assert_eq!(whole_async("ab"), 2);
    assert_eq!(literal_options(), 1);
    assert_eq!(Lazy::function(&expression_options()), Some("two"));
    assert_eq!(negated_twice(), 1);
}

macro_rules! nested {
    ($name:ident: $($body:tt)*) => {
        function! { fn nested_function($name: u8) -> u8 { $($body)* } }
    };
}
nested!(number: number + 1);

macro_rules! hygienic {
    ($outer:ident) => {
        #[background]
        fn hygienic_names($outer: u8, x: u8) -> u8 {
            let inner = x * 10;
            inner + $outer
        }
    };
}
hygienic!(x);

#[test]
fn names_of_two_origins_stay_apart() {
    assert_eq!(nested_function(1), 2);
    assert_eq!(hygienic_names(1, 2), 21);
}
