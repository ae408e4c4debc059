//! A `Lazy` and a `Shared` are written as their value, and read as one that is ready.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::mpsc::channel;
use std::time::Duration;

use pybackground::{Lazy, Shared, background, spawn};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[background]
fn fails(page: u32) -> u32 {
    panic!("no page {page}")
}

/// Generic over what its fields are in, so that both forms can be put side by side.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Page<Number, Text, Map> {
    #[serde(default)]
    number: Number,
    title: Option<Text>,
    lines: Vec<Text>,
    links: Map,
}

type Plain = Page<u32, String, BTreeMap<String, u32>>;
type Called = Page<Lazy<u32>, Lazy<String>, BTreeMap<Lazy<String>, Lazy<u32>>>;
type Held = Page<Shared<u32>, Shared<String>, BTreeMap<Shared<String>, Shared<u32>>>;

/// A page whose parts come out of `part` and `word`.
fn page<Number, Text: Ord>(
    part: fn(u32) -> Number,
    word: fn(&'static str) -> Text,
) -> Page<Number, Text, BTreeMap<Text, Number>> {
    Page {
        number: part(7),
        title: Some(word("title")),
        lines: ["one", "two"].map(word).into(),
        links: BTreeMap::from([(word("next"), part(8)), (word("last"), part(9))]),
    }
}

fn plain() -> Plain {
    page(|n| n, str::to_owned)
}

fn called() -> Called {
    page(|n| spawn(move || n), |word| spawn(|| word.to_owned()))
}

fn held() -> Held {
    page(|n| spawn(move || n).into(), |word| spawn(|| word.to_owned()).into())
}

#[test]
fn what_is_written_is_what_the_value_writes() {
    let json = serde_json::to_string(&plain()).unwrap();
    assert_eq!(serde_json::to_string(&called()).unwrap(), json);
    assert_eq!(serde_json::to_string(&held()).unwrap(), json);
    let bytes = postcard::to_stdvec(&plain()).unwrap();
    assert_eq!(postcard::to_stdvec(&called()).unwrap(), bytes);
    assert_eq!(postcard::to_stdvec(&held()).unwrap(), bytes);
}

#[test]
fn what_is_read_is_ready() {
    fn read<P: DeserializeOwned>() -> [P; 2] {
        let json = serde_json::to_string(&plain()).unwrap();
        let bytes = postcard::to_stdvec(&plain()).unwrap();
        [serde_json::from_str(&json).unwrap(), postcard::from_bytes(&bytes).unwrap()]
    }

    for page in read::<Called>() {
        assert!(Lazy::is_ready(&page.number) && page.lines.iter().all(Lazy::is_ready));
        assert_eq!(Lazy::called_at(&page.number), None);
        assert_eq!(page, called());
    }
    for page in read::<Held>() {
        assert!(Shared::is_ready(&page.number) && page.lines.iter().all(Shared::is_ready));
        assert_eq!(page, held());
    }
}

#[test]
fn nothing_where_a_value_may_be_missing_is_nothing() {
    let missing = r#"{"title": null, "lines": [], "links": {}}"#;
    let page: Called = serde_json::from_str(missing).unwrap();
    assert_eq!(page.number, 0, "by `Default`");
    assert!(page.title.is_none());
    assert_eq!(serde_json::from_str::<Lazy<Option<u32>>>("null").unwrap(), None);
    assert_eq!(serde_json::to_string(&spawn(|| None::<u32>)).unwrap(), "null");
}

#[test]
fn what_is_read_may_borrow() {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        text: Lazy<&'a str>,
        #[serde(borrow)]
        shared: Shared<&'a [u8]>,
    }

    let bytes = postcard::to_stdvec(&("text", b"bytes".as_slice())).unwrap();
    let line: Line<'_> = postcard::from_bytes(&bytes).unwrap();
    assert_eq!((*line.text, *line.shared), ("text", b"bytes".as_slice()));
    assert!(bytes.as_ptr_range().contains(&line.text.as_ptr()));
    let text: Lazy<&str> = serde_json::from_str("\"text\"").unwrap();
    assert_eq!(text, "text");
}

#[test]
fn to_write_it_waits_for_the_value() {
    let (send, receive) = channel();
    let call = spawn(move || receive.recv().unwrap());
    std::thread::scope(|scope| {
        let written = scope.spawn(|| serde_json::to_string(&call).unwrap());
        send.send(7).unwrap();
        assert_eq!(written.join().unwrap(), "7");
    });
}

#[test]
fn a_call_without_a_value_is_an_error_of_the_serializer_not_a_panic() {
    fn refused(call: impl Serialize + Debug) -> String {
        postcard::to_stdvec(&call).unwrap_err();
        serde_json::to_string(&[call]).unwrap_err().to_string()
    }

    let (panicked, line) = (fails(7), line!());
    let told = refused(panicked);
    for part in ["fails", "no page 7", &format!("{}:{line}:", file!())] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(refused(Lazy::share(fails(8))).contains("no page 8"));
    let (_never, receive) = channel::<u32>();
    let late = Lazy::with_timeout(spawn(move || receive.recv().unwrap()), Duration::from_millis(5));
    assert!(refused(late).contains("timed out"));
}

#[test]
fn what_is_no_value_is_told_as_the_value_does() {
    let text = r#""seven""#;
    let own = serde_json::from_str::<u32>(text).unwrap_err();
    let told = serde_json::from_str::<Lazy<u32>>(text).unwrap_err();
    assert_eq!(told.to_string(), own.to_string());
}
