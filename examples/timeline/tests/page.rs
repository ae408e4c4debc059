//! The page in a browser: what a person sees, as far as it can be counted.
//!
//! Where there is no Chromium these tests say so, and pass.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use timeline::{Call, Run, Step, Thread, Wait, page};

const MS: u64 = 1_000_000;

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths)
        .find_map(|folder| names.map(|name| folder.join(name)).into_iter().find(|p| p.is_file()));
    if found.is_none() {
        eprintln!("skipped: there is no Chromium here to open the page with");
    }
    found
}

/// A folder of this test's.
fn folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{number}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Opens a page and returns what the browser prints; the page's scripts may not complain.
fn open(chromium: &Path, folder: &Path, page: &str, address: &str, arguments: &[&str]) -> String {
    let file = folder.join("timeline.html");
    fs::write(&file, page).unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"])
        .args(["--virtual-time-budget=5000", "--window-size=1280,900", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}{address}", file.display()))
        .stdin(Stdio::null())
        .output()
        .expect("the browser can be started");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("CONSOLE"), "the page complains: {log}");
    String::from_utf8(output.stdout).unwrap()
}

/// The page's elements once its scripts have run, without the scripts themselves.
fn elements(page: &str, address: &str) -> Option<String> {
    let dom = open(&chromium()?, &folder(), page, address, &["--dump-dom"]);
    let body = &dom[dom.find("<body>").expect("the page was loaded")..];
    let end = body.find("<script").unwrap();
    Some(body[..end].to_owned())
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// What can be read of some element, without the marks in it.
fn text_of(elements: &str, start: &str, end: &str) -> String {
    let from = elements.find(start).unwrap_or_else(|| panic!("no {start} in {elements}"));
    let part = &elements[from..];
    let part = &part[..part.find(end).unwrap()];
    let mut text = String::new();
    for piece in part.split('<') {
        text.push_str(piece.split_once('>').map_or("", |(_, after)| after));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn thread(name: &str) -> Thread {
    Thread { name: name.to_owned(), is_background: name.starts_with("background-") }
}

fn call(function: &str, called: u64, steps: &[(usize, u64, u64)]) -> Call {
    let step = |&(thread, begin, end)| Step { thread, begin: begin * MS, end: Some(end * MS) };
    let steps: Vec<Step> = steps.iter().map(step).collect();
    Call {
        function: function.to_owned(),
        location: "src/main.rs:7:9".to_owned(),
        called: called * MS,
        ended: steps.last().and_then(|step| step.end),
        outcome: "ok".to_owned(),
        ran: "on a thread".to_owned(),
        steps,
        ..Call::default()
    }
}

/// A page waits for its picture; a cover is cancelled before it starts; the weather runs on.
fn small_run() -> Run {
    let weather = Call {
        ended: Some(30 * MS),
        outcome: "timeout".to_owned(),
        notes: vec!["the body runs on although its call has timed out".to_owned()],
        ..call("app::weather", 0, &[(3, 1, 55)])
    };
    let cover = Call {
        ended: Some(12 * MS),
        outcome: "cancelled".to_owned(),
        ran: String::new(),
        ..call("app::cover", 2, &[])
    };
    let picture = Call { parent: Some(0), caller: 1, ..call("app::picture", 10, &[(2, 15, 40)]) };
    let wait = Wait {
        thread: 1,
        by: Some(0),
        on: Some(1),
        location: "src/main.rs:8:5".to_owned(),
        begin: 20 * MS,
        end: Some(40 * MS),
        outcome: "ended".to_owned(),
    };
    Run {
        threads: ["main", "background-0", "background-1", "background-2"].map(thread).into(),
        calls: vec![call("app::page", 0, &[(1, 5, 50)]), picture, weather, cover],
        waits: vec![wait],
    }
}

#[test]
fn each_body_is_a_bar_and_each_function_in_the_legend() {
    let Some(page) = elements(&page::of(&small_run(), "Small"), "") else { return };
    assert_eq!(count(&page, "<g class=\"bar\""), 4, "three bodies, and one that never was");
    assert_eq!(count(&page, "class=\"body\""), 3);
    assert_eq!(count(&page, "class=\"hatch\" y"), 1, "one wait");
    assert_eq!(count(&page, "class=\"late\" y"), 1, "one runs on");
    assert_eq!(count(&page, "aria-pressed=\"true\""), 4);
    assert!(page.contains("never ran") && page.contains("background-2"), "{page}");
    let head = text_of(&page, "<header>", "</header>");
    assert!(head.starts_with("Small 4 calls of 4 functions · 1 timed out · 1 cancelled"), "{head}");
    assert!(head.contains("elapsed 55 ms") && head.contains("sum of the bodies 104 ms"), "{head}");
    assert!(head.contains("speed-up 1.9×") && head.contains("threads 3"), "{head}");
}

#[test]
fn the_card_tells_all_of_a_body() {
    let Some(page) = elements(&page::of(&small_run(), "Small"), "#call=0") else { return };
    let card = text_of(&page, "<aside", "</aside>");
    for part in [
        "page ok app::page",
        "called at src/main.rs:7:9",
        "called by main",
        "queued 5 ms",
        "ran 45 ms, on a thread",
        "waited 20 ms",
        "for picture 20 ms",
        "thread background-0",
    ] {
        assert!(card.contains(part), "no `{part}` in: {card}");
    }
    assert_eq!(count(&page, "chosen"), 2, "the bar and the wait on it");
}

#[test]
fn the_card_tells_what_went_wrong_and_who_called() {
    let Some(page) = elements(&page::of(&small_run(), "Small"), "#call=2") else { return };
    let card = text_of(&page, "<aside", "</aside>");
    assert!(card.starts_with("weather timed out"), "{card}");
    assert!(card.ends_with("the body runs on although its call has timed out"), "{card}");
    let page = elements(&page::of(&small_run(), "Small"), "#call=1&zoom").unwrap();
    let card = text_of(&page, "<aside", "</aside>");
    assert!(card.contains("called by page"), "{card}");
}

#[test]
fn a_run_without_calls_says_so() {
    let Some(page) = elements(&page::of(&Run::default(), "Nothing"), "") else { return };
    assert_eq!(count(&page, "<g class=\"bar\""), 0);
    assert!(page.contains("<p id=\"empty\">"), "it is not hidden: {page}");
    assert_eq!(text_of(&page, "<header>", "</header>"), "Nothing");
}

#[test]
fn one_call_is_drawn_and_so_are_two_thousand() {
    let run = |calls: usize| Run {
        threads: (0..20).map(|at| thread(&format!("background-{at}"))).collect(),
        calls: (0..calls)
            .map(|at| {
                let (row, begin) = (at % 20, at as u64 / 20);
                call(&format!("app::f{}", at % 13), 0, &[(row, begin, begin + 1)])
            })
            .collect(),
        ..Run::default()
    };
    for calls in [1, 2000] {
        let Some(page) = elements(&page::of(&run(calls), "Many"), "") else { return };
        assert_eq!(count(&page, "<g class=\"bar\""), calls);
    }
}

#[test]
fn texts_are_texts_whatever_is_in_them() {
    let mut run = small_run();
    run.calls[0].function = "</script><img src=x onerror=alert(1)>{{style}}".to_owned();
    run.calls[2].notes = vec!["<b>bold</b> \u{2028} \" ' \\".to_owned()];
    let page = page::of(&run, "<i>&amp;{{run}}");
    let Some(page) = elements(&page, "#call=2") else { return };
    assert_eq!(count(&page, "<g class=\"bar"), 4);
    assert!(!page.contains("<img") && !page.contains("<b>bold"), "{page}");
}

#[test]
fn the_paper_fills_the_page() {
    let Some(chromium) = chromium() else { return };
    let folder = folder();
    let paper = Command::new(env!("CARGO_BIN_EXE_timeline"))
        .arg(&folder)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(paper.status.success());
    let page = fs::read_to_string(folder.join("timeline.html")).unwrap();
    let dom = open(&chromium, &folder, &page, "", &["--dump-dom"]);
    let bodies = fs::read_to_string(folder.join("timeline.json")).unwrap();
    assert_eq!(count(&dom, "class=\"body\""), count(&bodies, "\"cat\":\"body\""));
    let picture = folder.join("timeline.png");
    open(&chromium, &folder, &page, "", &[&format!("--screenshot={}", picture.display())]);
    let picture = fs::read(picture).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
}
