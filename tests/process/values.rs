//! Arguments and results of functions of every shape.

mod common;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use common::watchdog;
use pybackground::{Lazy, background};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    article: String,
    pieces: u32,
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[background(process)]
fn nothing() {}

#[background(process)]
fn by_value(order: Order, (add, _): (u32, u8), mut counts: Vec<u32>) -> (Order, Vec<u32>) {
    counts.push(add);
    (order, counts)
}

#[background(process)]
fn by_reference(text: &str, order: &Order, path: &Path, numbers: &[u32]) -> String {
    format!("{text} {} {} {}", order.article, path.display(), numbers.iter().sum::<u32>())
}

#[background(process)]
fn nested(map: BTreeMap<String, Option<Order>>, cow: Cow<'static, str>) -> Result<usize, String> {
    let order = map.get(&*cow).ok_or_else(|| format!("no {cow}"))?;
    Ok(order.as_ref().map_or(0, |order| order.article.len()))
}

struct Shop;

trait Sells {
    fn price(article: &str) -> Lazy<usize>;
}

impl Shop {
    #[background(process)]
    fn stock(article: String) -> PathBuf {
        PathBuf::from(article)
    }
}

impl Sells for Shop {
    #[background(process, name = "the price")]
    fn price(article: &str) -> usize {
        article.len()
    }
}

/// Two functions of one name, at one line of the program.
macro_rules! twice {
    ($($module:ident $value:expr;)*) => {$(
        mod $module {
            #[pybackground::background(process)]
            pub(crate) fn value() -> u32 { $value }
        }
    )*};
}

twice! { one 1; two 2; }

/// `Serialize` writes `id`, and `Deserialize` does not read it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    #[serde(skip_deserializing)]
    id: u32,
    count: u32,
}

/// `Serialize` leaves out what `Deserialize` reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Page {
    number: u8,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<u8>,
}

#[background(process)]
fn count(row: Row, _next: Vec<u8>) -> u32 {
    row.count
}

#[background(process)]
fn row() -> Row {
    Row { id: 1, count: 2 }
}

#[background(process)]
fn note(page: &Page, next: Vec<u8>) -> (Option<u8>, Vec<u8>) {
    (page.note, next)
}

#[background(process)]
fn length((path, _): (PathBuf, u8)) -> usize {
    path.as_os_str().len()
}

#[background(process)]
fn no_text() -> PathBuf {
    PathBuf::from(OsStr::from_bytes(b"\xff"))
}

const MEMORY: u64 = 64 << 20;

#[background(process, memory = MEMORY)]
fn fill(bytes: usize) -> usize {
    std::hint::black_box(vec![1_u8; bytes]).len()
}

/// A list of the user's with a name that this library could use.
mod plugins {
    #![allow(unsafe_code, reason = "the linker is text where the list is")]

    #[linkme::distributed_slice]
    pub(crate) static FUNCTIONS: [fn() -> u32];

    #[linkme::distributed_slice(FUNCTIONS)]
    fn seven() -> u32 {
        7
    }
}

#[test]
fn body_runs_in_another_process() {
    let _watchdog = watchdog();
    assert_ne!(pid(), std::process::id());
    Lazy::into_inner(nothing());
}

#[test]
fn arguments_and_results_of_all_kinds_arrive() {
    let _watchdog = watchdog();
    let order = Order { article: "tea".into(), pieces: 2 };
    let (same, counts) = Lazy::into_inner(by_value(order.clone(), (7, 0), vec![1]));
    assert_eq!((&same, counts), (&order, vec![1, 7]));
    assert_eq!(by_reference("a", &order, Path::new("/b"), &[1, 2]), "a tea /b 3");
    let map = BTreeMap::from([("one".to_owned(), Some(order))]);
    assert_eq!(Lazy::into_inner(nested(map.clone(), "one".into())), Ok(3));
    assert_eq!(Lazy::into_inner(nested(map, "two".into())), Err("no two".to_owned()));
}

#[test]
fn child_finds_functions_wherever_they_are_defined() {
    fn outer() -> Lazy<u32> {
        #[background(process)]
        fn pid() -> u32 {
            1
        }
        pid()
    }
    let _watchdog = watchdog();
    assert_eq!(Shop::stock("x".into()), PathBuf::from("x"));
    assert_eq!(Shop::price("tea"), 3);
    assert_eq!(outer(), 1);
    assert_eq!((*one::value(), *two::value()), (1, 2));
}

#[test]
fn call_is_named_like_any_other() {
    let _watchdog = watchdog();
    let function = |call: &Lazy<PathBuf>| Lazy::function(call).unwrap();
    assert!(function(&Shop::stock(String::new())).ends_with("::Shop::stock"));
    assert_eq!(Lazy::function(&Shop::price("")), Some("the price"));
    assert_eq!(Lazy::called_at(&pid()).unwrap().line(), line!());
}

/// Returns the message of a codec failure.
fn refusal<T>(call: Lazy<T>) -> String {
    let error = Lazy::join(call).map(drop).unwrap_err();
    assert!(error.is_codec_failure(), "{error}");
    error.to_string()
}

#[test]
fn type_whose_two_sides_disagree_is_an_error() {
    let _watchdog = watchdog();
    let text = refusal(count(Row { id: 1, count: 2 }, vec![3]));
    assert!(text.contains("::count` ") && text.contains("`row: values::Row`: "), "{text}");
    assert!(text.contains("wrote more bytes (8) than") && text.contains("arguments"), "{text}");
    let text = refusal(row());
    assert!(text.contains("its result") && text.contains("`values::Row`: "), "{text}");
    // Nothing of the next argument is read as the end of this one.
    let text = refusal(note(&Page { number: 5, note: None }, vec![1]));
    assert!(text.contains("`page: values::Page`: "), "{text}");
    assert!(text.contains("more bytes than its `Serialize` wrote (1)"), "{text}");
    assert_eq!(note(&Page { number: 5, note: Some(0) }, vec![1]), (Some(0), vec![1]));
}

#[test]
fn serialize_that_refuses_says_why() {
    let _watchdog = watchdog();
    let text = refusal(length((PathBuf::from(OsStr::from_bytes(b"\xff")), 0)));
    assert!(text.contains("`(path, _): (std::path::PathBuf, u8)`: "), "{text}");
    assert!(text.contains("path contains invalid UTF-8 characters"), "{text}");
    let text = refusal(no_text());
    assert!(
        text.contains("its result") && text.contains("`std::path::PathBuf`: path con"),
        "{text}"
    );
}

/// Can be serialized, and refuses to be deserialized unless it is even.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Even(u32);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            number if number % 2 == 0 => Ok(Self(number)),
            number => Err(serde::de::Error::custom(format!("{number} is odd"))),
        }
    }
}

#[background(process)]
fn sum(numbers: Vec<Option<Even>>) -> u32 {
    numbers.into_iter().flatten().map(|Even(number)| number).sum()
}

#[background(process)]
fn even(number: u32) -> BTreeMap<u8, Even> {
    BTreeMap::from([(1, Even(number))])
}

#[test]
fn deserialize_that_refuses_says_why() {
    let _watchdog = watchdog();
    assert_eq!(sum(vec![Some(Even(4)), None, Some(Even(2))]), 6);
    let text = refusal(sum(vec![None, Some(Even(7))]));
    assert!(text.contains("its arguments") && text.contains("`numbers: "), "{text}");
    assert!(text.contains("values::Even") && text.contains(": 7 is odd"), "{text}");
    assert_eq!(Lazy::into_inner(even(8))[&1], Even(8));
    let text = refusal(even(9));
    assert!(text.contains("its result") && text.contains(": 9 is odd"), "{text}");
}

#[test]
fn values_that_look_alike_stay_apart() {
    #[allow(clippy::option_option, reason = "formats may confuse the two")]
    #[background(process)]
    fn same(nested: [Option<Option<u8>>; 3], units: (Option<()>, Option<()>)) -> String {
        format!("{nested:?} {units:?}")
    }
    let _watchdog = watchdog();
    let text = same([None, Some(None), Some(Some(0))], (None, Some(())));
    assert_eq!(text, "[None, Some(None), Some(Some(0))] (None, Some(()))");
}

#[test]
fn list_of_functions_is_separate_from_the_users_lists() {
    let _watchdog = watchdog();
    assert_ne!(pid(), std::process::id());
    assert_eq!(plugins::FUNCTIONS.iter().map(|function| function()).sum::<u32>(), 7);
}

#[test]
#[cfg(target_os = "linux")]
fn constant_sets_the_memory_limit() {
    let _watchdog = watchdog();
    assert_eq!(fill(1000), 1000);
    let error = Lazy::join(fill(1 << 30)).unwrap_err();
    assert!(error.to_string().contains("67108864 bytes"), "{error}");
}
