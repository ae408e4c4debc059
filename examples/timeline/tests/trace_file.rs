//! The file for Perfetto: what its format asks for holds for a real run.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, str};

use serde_json::Value;

/// Makes the paper; returns what it printed and the events of its file.
fn paper(name: &str) -> (String, Vec<Value>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let paper = Command::new(env!("CARGO_BIN_EXE_timeline"))
        .arg(&folder)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(paper.status.success());
    let file = fs::read_to_string(folder.join("timeline.json")).unwrap();
    let mut file: Value = serde_json::from_str(&file).expect("the file is JSON");
    let events = file["traceEvents"].as_array_mut().expect("it has events");
    (str::from_utf8(&paper.stdout).unwrap().to_owned(), std::mem::take(events))
}

fn is<'a>(kind: &'a str, category: &'a str) -> impl Fn(&&Value) -> bool + 'a {
    move |event| event["ph"] == kind && event["cat"] == category
}

/// Nanoseconds, of which the file has whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "a run of a second")]
fn nanos(micros: &Value) -> i64 {
    (micros.as_f64().expect("a number") * 1000.0).round() as i64
}

#[test]
fn what_is_on_a_track_is_beside_or_inside_what_else_is() {
    let (_, events) = paper("nesting");
    let mut tracks = HashMap::<i64, Vec<(i64, i64)>>::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let (begin, length) = (nanos(&event["ts"]), nanos(&event["dur"]));
        assert!(begin >= 0 && length >= 0, "{event}");
        tracks.entry(event["tid"].as_i64().unwrap()).or_default().push((begin, begin + length));
    }
    assert!(tracks.len() > 2);
    for (track, mut bodies) in tracks {
        bodies.sort_by_key(|(begin, end)| (*begin, -*end));
        let mut open = Vec::<i64>::new();
        for (begin, end) in bodies {
            while open.last().is_some_and(|around| *around <= begin) {
                open.pop();
            }
            let around = open.last().copied().unwrap_or(i64::MAX);
            assert!(end <= around, "on track {track}, {begin} to {end} sticks out of {around}");
            open.push(end);
        }
    }
}

#[test]
fn what_begins_ends_and_each_track_has_a_name() {
    let (_, events) = paper("pairs");
    for (first, second, category) in [("b", "e", "queue"), ("s", "f", "call"), ("s", "f", "wait")] {
        let times = |kind| {
            let ids = events.iter().filter(is(kind, category));
            ids.map(|e| (e["id"].to_string(), nanos(&e["ts"]))).collect::<HashMap<_, _>>()
        };
        let (begins, ends) = (times(first), times(second));
        assert!(!begins.is_empty() && begins.len() == ends.len(), "{category}");
        assert!(
            begins.iter().all(|(id, begin)| ends[id] >= *begin),
            "{category}: {begins:?} {ends:?}"
        );
    }
    let named: Vec<&Value> =
        events.iter().filter(|e| e["name"] == "thread_name").map(|e| &e["tid"]).collect();
    assert!(events.iter().all(|event| named.contains(&&event["tid"])));
}

#[test]
fn the_paper_shows_every_kind_of_end() {
    let (printed, events) = paper("ends");
    assert!(printed.contains("3126 letters") && printed.contains("times as fast"), "{printed}");
    let outcome_of = |name: &str| {
        let mut bodies = events.iter().filter(is("X", "body"));
        let body = bodies.find(|e| e["name"].as_str().is_some_and(|path| path.ends_with(name)));
        body.unwrap_or_else(|| panic!("no body of {name}"))["args"].clone()
    };
    assert_eq!(outcome_of("::page")["outcome"], "ok");
    assert_eq!(outcome_of("::weather")["outcome"], "timeout");
    assert!(outcome_of("::weather")["notes"].as_str().unwrap().contains("runs on"));
    assert_eq!(outcome_of("::crossword")["outcome"], "panicked");
    let notes = outcome_of("::crossword")["notes"].as_str().unwrap().to_owned();
    assert_eq!(notes, "the body panicked: 17 across has no answer");
    assert!(
        events.iter().filter(is("X", "wait")).count() > 4,
        "the main thread waits, and pages do"
    );
}
