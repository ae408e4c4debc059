//! Parameters of `#[background]` functions: every kind reaches the body as its type says.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pybackground::background;

mod owned {
    use super::*;

    #[background]
    fn add(a: i32, b: i32) -> i32 {
        a + b
    }

    #[background]
    fn longest(words: Vec<String>) -> Option<String> {
        words.into_iter().max_by_key(String::len)
    }

    #[background]
    fn nothing() {}

    #[test]
    fn values_move_to_the_body() {
        assert_eq!(add(1, 2), 3);
        assert_eq!(*longest(vec!["a".into(), "abc".into()]), Some("abc".into()));
        assert_eq!(*nothing(), ());
    }

    #[background]
    fn forever(text: &'static str, numbers: &'static [u8]) -> (&'static str, &'static u8) {
        (text, &numbers[0])
    }

    #[background]
    fn declared_forever<'a: 'static, 'b>(
        text: &'a str,
        cow: Cow<'a, str>,
        more: Cow<'b, str>,
    ) -> &'a str
    where
        'b: 'static,
    {
        if cow == more { text } else { "" }
    }

    #[background]
    fn forever_and_mutable(number: &'static mut u8) -> &'static u8 {
        *number += 1;
        number
    }

    #[test]
    fn static_references_move_without_a_copy() {
        let text: &'static str = "text";
        let (same, first) = *forever(text, &[7, 8]);
        assert!(std::ptr::eq(text, same));
        assert_eq!(*first, 7);
        assert!(std::ptr::eq(text, *declared_forever(text, "x".into(), "x".into())));
        assert_eq!(**forever_and_mutable(Box::leak(Box::new(1))), 2);
    }

    struct Wrapper(*const u8);
    // A wrapper that is `Send` although its field is not: the field alone must not be captured.
    #[derive(Clone)]
    struct Addressed<T>(Arc<T>);

    #[background]
    fn field_of(Addressed(inner): Addressed<u8>, other: Addressed<u8>) -> u8 {
        *inner + *other.0
    }

    #[test]
    fn argument_moves_as_a_whole() {
        let _ = Wrapper(std::ptr::null()).0;
        assert_eq!(field_of(Addressed(Arc::new(1)), Addressed(Arc::new(2))), 3);
    }
}

mod borrowed {
    use super::*;

    #[background]
    fn len(text: &str) -> usize {
        text.len()
    }

    #[background]
    fn sum(numbers: &[u32]) -> u32 {
        numbers.iter().sum()
    }

    #[background]
    fn extension(path: &Path) -> Option<PathBuf> {
        path.extension().map(PathBuf::from)
    }

    #[background]
    fn get(map: &HashMap<String, u8>, key: &String) -> Option<u8> {
        map.get(key).copied()
    }

    #[background]
    #[expect(unused_parens)]
    fn parenthesized(text: (&str)) -> usize {
        text.len()
    }

    #[background]
    fn named<'a, 'b>(a: &'a str, b: &'b [&'static str]) -> usize {
        let a: &str = a;
        a.len() + b.len()
    }

    #[background]
    fn boxed(closure: &Arc<dyn Fn(&str) -> usize + Send + Sync>) -> usize {
        closure("four")
    }

    #[test]
    fn caller_keeps_a_lent_value() {
        let text = String::from("text");
        let length = len(&text);
        drop(text);
        assert_eq!(length, 4);
        assert_eq!(sum(&[1, 2, 3]), 6);
        assert_eq!(*extension("a.rs".as_ref()), Some("rs".into()));
        assert_eq!(*get(&HashMap::from([("a".into(), 1)]), &"a".into()), Some(1));
        assert_eq!(parenthesized("abc"), 3);
        assert_eq!(named("ab", &["c"]), 3);
        let closure: Arc<dyn Fn(&str) -> usize + Send + Sync> = Arc::new(str::len);
        assert_eq!(boxed(&closure), 4);
    }

    #[derive(Default)]
    struct Counted(Arc<AtomicUsize>);

    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::SeqCst);
            Self(self.0.clone())
        }
    }

    #[background]
    fn count(counted: &Counted) -> usize {
        counted.0.load(Ordering::SeqCst)
    }

    #[test]
    fn call_copies_once_before_it_returns() {
        let counted = Counted::default();
        let seen = count(&counted);
        assert_eq!(counted.0.load(Ordering::SeqCst), 1);
        assert_eq!(seen, 1);
    }

    // Only the copy has to be `Send`, which for `str` and slices is another type.
    #[background]
    fn not_sync(cell: &Cell<u8>) -> u8 {
        cell.get()
    }

    #[test]
    fn lent_value_need_not_be_sync() {
        assert_eq!(not_sync(&Cell::new(5)), 5);
    }
}

mod patterns {
    use super::*;

    struct Point {
        x: i32,
        y: i32,
    }

    struct Unit;

    #[background]
    fn tuple((a, b): (u8, u8), [c, .., d]: [u8; 4]) -> [u8; 4] {
        [a, b, c, d]
    }

    #[background]
    fn fields(Point { x, y: renamed }: Point) -> i32 {
        x - renamed
    }

    #[background]
    fn mutable(mut list: Vec<u8>, mut number: u8) -> Vec<u8> {
        number += 1;
        list.push(number);
        list
    }

    #[background]
    fn by_reference(ref text: String, ref mut list: Vec<u8>, &byte: &u8) -> usize {
        list.push(byte);
        text.len() + list.len()
    }

    #[background]
    fn at(whole @ (first, _): (u8, u8), all @ [.., last]: [u8; 2]) -> (u8, u8, u8, [u8; 2]) {
        (whole.1, first, last, all)
    }

    #[background]
    fn ignored(_: String, _named: u8, _: &str, (): (), Unit: Unit) -> &'static str {
        "ignored"
    }

    #[background]
    fn through_references((a, b): &(String, String), [first, rest @ ..]: &[u8; 3]) -> usize {
        a.len() + b.len() + usize::from(*first) + rest.len()
    }

    #[background]
    fn raw(r#type: u8, r#match: &str) -> String {
        format!("{type} {}", r#match)
    }

    #[background(timeout = std::convert::identity(60.0))]
    fn r#loop(r#fn: u8) -> u8 {
        r#fn
    }

    #[test]
    fn every_pattern_binds() {
        assert_eq!(*tuple((1, 2), [3, 0, 0, 4]), [1, 2, 3, 4]);
        assert_eq!(fields(Point { x: 5, y: 3 }), 2);
        assert_eq!(*mutable(vec![1], 1), [1, 2]);
        assert_eq!(by_reference("ab".into(), vec![1], &2), 4);
        assert_eq!(*at((1, 2), [3, 4]), (2, 1, 4, [3, 4]));
        assert_eq!(*ignored(String::new(), 1, "", (), Unit), "ignored");
        assert_eq!(through_references(&("a".into(), "bc".into()), &[1, 0, 0]), 6);
        assert_eq!(raw(1, "2"), "1 2");
        assert_eq!(r#loop(1), 1);
    }
}

mod generic {
    use super::*;

    #[background]
    fn show<T: Display + Send + 'static>(value: T) -> String {
        value.to_string()
    }

    #[background]
    fn show_all<T>(values: &[T], with: &T) -> String
    where
        T: Debug + Clone + Send + 'static,
    {
        format!("{values:?} {with:?}")
    }

    #[background]
    fn array<const N: usize, T: Copy + Send + 'static>(value: T) -> [T; N] {
        [value; N]
    }

    #[background]
    fn unsized_too<T: ?Sized + ToOwned + Display>(value: &T) -> String
    where
        T::Owned: Send + 'static,
    {
        value.to_string()
    }

    #[background]
    fn opaque(
        label: impl AsRef<str> + Send + 'static,
        numbers: impl IntoIterator<Item = u8> + Send + 'static,
        function: impl Fn(&str) -> usize + Send + 'static,
    ) -> usize {
        function(label.as_ref()) + numbers.into_iter().count()
    }

    #[background]
    fn lent_opaque(value: &(impl Display + Clone + Send + 'static)) -> String {
        value.to_string()
    }

    // A type parameter that no argument and no result is made of needs no bound.
    #[background]
    fn only_named<T>() -> &'static str {
        std::any::type_name::<T>()
    }

    #[background]
    fn functions(
        pointer: fn(&str) -> &str,
        object: Box<dyn for<'a> Fn(&'a str) -> &'a str + Send>,
    ) -> bool {
        pointer("a") == object("a")
    }

    #[test]
    fn generics_work_as_in_a_plain_function() {
        assert_eq!(show(1.5), "1.5");
        assert_eq!(show::<u8>(1), "1");
        assert_eq!(show_all(&[1, 2], &3), "[1, 2] 3");
        assert_eq!(*array::<3, _>('a'), ['a'; 3]);
        assert_eq!(unsized_too("text"), "text");
        assert_eq!(opaque("four", [1, 2], str::len), 6);
        assert_eq!(lent_opaque(&1), "1");
        assert_eq!(*only_named::<Rc<u8>>(), "alloc::rc::Rc<u8>");
        assert!(*functions(str::trim, Box::new(str::trim)));
    }
}

mod attributes {
    use super::*;

    #[background]
    fn configured(
        #[cfg(test)] a: u8,
        #[cfg(not(test))] a: &str,
        #[cfg(not(test))] b: u8,
        c: &str,
    ) -> usize {
        c.len() + usize::from(a)
    }

    #[background]
    fn lint(
        #[allow(unused_variables)] unused: u8,
        #[expect(unused_mut)] mut list: Vec<u8>,
    ) -> usize {
        list.len()
    }

    #[background]
    fn lint_on_never(#[allow(unused_variables)] unused: u8) -> ! {
        panic!("never")
    }

    #[test]
    fn attributes_of_parameters_keep_their_meaning() {
        assert_eq!(configured(1, "ab"), 3);
        assert_eq!(lint(1, vec![1]), 1);
        assert!(pybackground::Lazy::wait(&lint_on_never(1)).is_err());
    }
}
