//! What goes to another process and comes back, from functions of every shape that can go there.

mod common;

use std::borrow::Cow;
use std::collections::BTreeMap;
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

/// Two functions of one name, at one place of the program.
macro_rules! twice {
    ($($module:ident $value:expr;)*) => {$(
        mod $module {
            #[pybackground::background(process)]
            pub(crate) fn value() -> u32 { $value }
        }
    )*};
}

twice! { one 1; two 2; }

#[test]
fn a_body_runs_in_another_process() {
    let _watchdog = watchdog();
    assert_ne!(pid(), std::process::id());
    Lazy::into_inner(nothing());
}

#[test]
fn arguments_and_results_of_all_kinds_cross() {
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
fn each_function_is_found_wherever_it_is() {
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
fn a_call_is_named_as_any_other() {
    let _watchdog = watchdog();
    let function = |call: &Lazy<PathBuf>| Lazy::function(call).unwrap();
    assert!(function(&Shop::stock(String::new())).ends_with("::Shop::stock"));
    assert_eq!(Lazy::function(&Shop::price("")), Some("the price"));
    assert_eq!(Lazy::called_at(&pid()).unwrap().line(), line!());
}
