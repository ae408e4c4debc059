//! The page in a browser: what a person sees and does.
//!
//! Where there is no Chromium these tests say so, and pass.

use std::path::{Path, PathBuf};
use std::time::Instant;

use timeline_tests::{Browser, Page, Program, folder, watchdog};

const SCENES: &str = env!("CARGO_BIN_EXE_scenes");

/// Runs a scene; returns its page.
fn page_of(scene: &[&str], folder: &Path) -> PathBuf {
    let path = folder.join(format!("{}.html", scene[0]));
    let (status, stderr) = Program::start(SCENES, scene, &path).end();
    assert!(status.success(), "{stderr}");
    path
}

fn open<'a>(browser: &'a Browser, path: &Path, width: u32, height: u32) -> Page<'a> {
    let page = browser.open(&format!("file://{}", path.display()), width, height);
    page.wait("timeline.ready || !timeline.model.made");
    page.frame();
    page
}

/// The place on the page of the middle of the first body of a function.
fn place(page: &Page<'_>, function: &str) -> (f64, f64) {
    let of = |what: &str| {
        page.number(&format!(
            "(() => {{ const {{ model, chart }} = timeline;
               const call = model.calls.find((call) => call.fn.name === '{function}' && call.bars.length);
               const bar = call.bars[0];
               const box = document.getElementById('canvas').getBoundingClientRect();
               return {what}; }})()"
        ))
    };
    (
        of("box.left + chart.x((bar.begin + Math.min(bar.end, chart.last)) / 2)"),
        of("box.top + chart.ruler - chart.offset + chart.layout.middle(bar)"),
    )
}

#[test]
fn page_shows_sums_functions_failures_and_what_was_never_used() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["small"], &folder), 1280, 1000);
    let sentence = page.text("sentence");
    assert_eq!(sentence, "8 calls of 5 functions · 1 panicked · 1 timed out");
    let sums = page.text("sums");
    assert!(sums.contains("elapsed") && sums.contains("speed-up"), "{sums}");
    let functions = page.text("functions");
    for name in ["page", "picture", "weather", "crossword", "save"] {
        assert!(functions.contains(name), "{functions}");
    }
    let failures = page.text("failures");
    assert!(failures.contains("panicked: 17 across has no answer"), "{failures}");
    assert!(failures.contains("timed out after 20ms"), "{failures}");
    let advice = page.text("advice");
    assert!(advice.contains("Nothing used the values of save (1)"), "{advice}");
    assert_eq!(page.value("timeline.chart.bars"), 8, "each body is a bar");
    assert!(page.text("gaps").is_empty(), "nothing is missing");
}

#[test]
fn hovering_and_choosing_tell_of_a_body_and_draw_its_waits() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["small"], &folder), 1280, 1000);
    let (x, y) = place(&page, "weather");
    page.mouse("mouseMoved", x, y, 0);
    page.wait("!document.getElementById('card').hidden");
    let card = page.text("card");
    assert!(card.starts_with("weather timed out") && card.contains("ran on for"), "{card}");

    let (x, y) = place(&page, "page");
    page.click(x, y);
    page.wait("timeline.chart.chosen");
    page.frame();
    let card = page.text("card");
    for part in ["page ok", "called by main", "waited", "for picture", "waited for by main"] {
        assert!(card.contains(part), "no `{part}` in {card}");
    }
    assert!(page.number("timeline.chart.near.size") >= 2.0, "the picture belongs to it");
    page.key("w");
    page.wait("timeline.chart.chosen.call.fn.name === 'picture'");
    page.key("p");
    page.wait("timeline.chart.chosen.call.fn.name === 'page'");
    assert!(page.value("location.hash").as_str().unwrap().starts_with("#call="));
    page.key("Escape");
    page.wait("timeline.chart.chosen === null && document.getElementById('card').hidden");

    // Two keys before the next picture.
    let press = "for (const key of ['ArrowRight', 'Escape'])
                   document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
                 timeline.chart.chosen === null";
    assert_eq!(page.value(press), true);
    page.frame();
    assert_eq!(page.value("document.getElementById('card').hidden"), true, "nothing is chosen");
}

#[test]
fn wheel_drag_ruler_and_keys_move_the_view() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["small"], &folder), 1280, 1000);
    let length = || page.number("timeline.chart.view[1] - timeline.chart.view[0]");
    let begin = || page.number("timeline.chart.view[0]");
    let all = length();
    let (x, y) = place(&page, "weather");
    page.wheel(x, y, -500.0);
    page.wait(&format!("timeline.chart.view[1] - timeline.chart.view[0] < {all} / 2"));
    let (before, zoomed) = (begin(), length());
    page.mouse("mousePressed", x, y, 1);
    page.mouse("mouseMoved", x - 60.0, y, 1);
    page.mouse("mouseReleased", x - 60.0, y, 0);
    page.frame();
    assert!(begin() > before && (length() - zoomed).abs() < 1.0, "the drag pans");
    page.key("0");
    page.frame();
    assert!((length() - all).abs() < 1.0);
    let ruler = page.number("document.getElementById('canvas').getBoundingClientRect().top + 10");
    page.mouse("mouseMoved", 400.0, ruler, 0);
    page.mouse("mousePressed", 400.0, ruler, 1);
    page.mouse("mouseMoved", 600.0, ruler, 1);
    page.mouse("mouseReleased", 600.0, ruler, 0);
    page.frame();
    assert!(length() < all / 4.0, "the ruler chooses a range");
    page.key("0");
    for key in ["ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"] {
        page.key(key);
        page.wait("timeline.chart.chosen");
    }
    let (x, y) = place(&page, "crossword");
    page.click(x, y);
    page.key("Enter");
    page.frame();
    assert!(length() < all, "it zooms to the body");
}

#[test]
fn search_and_filter_leave_what_was_asked_for() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["small"], &folder), 1280, 1000);
    page.key("/");
    for letter in ["p", "i", "c"] {
        page.key(letter);
    }
    page.wait("document.getElementById('matches').textContent === '2 calls'");
    page.key("Enter");
    page.wait("timeline.chart.chosen && timeline.chart.chosen.call.fn.name === 'picture'");
    assert_eq!(page.text("matches"), "1 of 2 calls");
    assert_eq!(page.value("document.querySelectorAll('#functions tbody tr').length"), 1);
    page.key("Escape");
    page.wait("document.getElementById('matches').textContent === ''");
    let choose = |value: &str| {
        page.value(&format!(
            "(() => {{ const select = document.getElementById('outcome');
               select.value = '{value}'; select.dispatchEvent(new Event('change')); return select.value; }})()"
        ))
    };
    assert_eq!(choose("timed out"), "timed out");
    assert_eq!(page.text("matches"), "1 call");
    assert_eq!(choose("unused"), "unused");
    assert_eq!(page.text("matches"), "1 call");
    assert_eq!(choose("all"), "all");
}

#[test]
fn dark_and_light_and_every_width_have_a_picture_of_their_own() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["small"], &folder), 1280, 1000);
    page.prefer("light");
    let light = page.picture();
    page.prefer("dark");
    let dark = page.picture();
    assert_ne!(light, dark);
    page.key("t");
    assert_eq!(page.value("document.documentElement.dataset.theme"), "light");
    for width in [500, 1280, 3840] {
        page.resize(width, 1000);
        page.frame();
        let wide = page.number("document.documentElement.scrollWidth");
        assert!(wide <= width.into(), "nothing sticks out of {width} pixels: {wide}");
        let canvas = page.number("document.getElementById('canvas').clientWidth");
        assert!(canvas > f64::from(width) * 0.85, "the chart fills {width} pixels: {canvas}");
    }
}

#[test]
fn advice_names_the_cause_of_each_slow_program() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    for (scene, title, words) in [
        (
            "chain",
            "Calls one after the other",
            "main waits for a value and only then makes the next call, 2 times in a row: price, at ",
        ),
        (
            "lock",
            "Bodies that wait for each other",
            "8 bodies of book begin together and end one after the other, ",
        ),
        ("straggler", "One straggler", "after 5 other calls have ended. "),
    ] {
        let page = open(&browser, &page_of(&[scene], &folder), 1280, 1000);
        let advice = page.text("advice");
        assert!(advice.contains(title) && advice.contains(words), "{scene}: {advice}");
        if scene != "lock" {
            assert!(advice.starts_with("What ran alone"), "{scene}: {advice}");
        }
        page.wait("document.querySelector('#advice button')");
        let shown = page
            .value("(() => { document.querySelector('#advice button').click(); return true; })()");
        assert_eq!(shown, true);
        page.wait("timeline.chart.chosen");
    }
}

#[test]
fn bodies_in_processes_have_rows_of_their_workers() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["process"], &folder), 1280, 1000);
    let rows = page.value("timeline.chart.layout.rows.map((row) => row.name).join(' ')");
    assert_eq!(rows.as_str().unwrap().matches("process ").count(), 2, "{rows}");
    assert!(
        page.text("sums").ends_with("2 processes") || page.text("sums").contains("processes 2")
    );
    let (x, y) = place(&page, "outside");
    page.mouse("mouseMoved", x, y, 0);
    page.wait("!document.getElementById('card').hidden");
    assert!(page.text("card").contains("worker process "), "{}", page.text("card"));
}

#[test]
fn texts_are_texts_whatever_is_in_them() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["texts"], &folder), 1280, 1000);
    let failures = page.text("failures");
    assert!(failures.contains("</script><img src=x onerror=alert(1)> <!-- "), "{failures}");
    assert!(failures.contains("\" ' \\ {{style}}"), "{failures}");
    assert_eq!(page.value("document.querySelectorAll('img').length"), 0);
}

#[test]
fn recording_without_calls_says_so() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let path = folder.join("nothing.html");
    let done = std::process::Command::new(SCENES).arg("nothing").env("TARGET", &path).status();
    assert!(done.unwrap().success());
    let page = open(&browser, &path, 1280, 700);
    assert!(page.text("empty").starts_with("No call was made"));
}

#[test]
fn page_of_a_killed_program_opens_and_says_what_is_missing() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let path = folder.join("works.html");
    let mut program = Program::start(SCENES, &["works"], &path);
    assert_eq!(program.line(), "ready");
    while !std::fs::read_to_string(&path).unwrap().contains("\nf ") {
        std::thread::yield_now();
    }
    program.signal("KILL");
    let _ = program.end();
    // A write that was cut off.
    let page = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &page[..page.len() - 3]).unwrap();
    let page = open(&browser, &path, 1280, 700);
    assert!(page.number("timeline.model.made") > 1.0);
    assert!(page.text("gaps").starts_with("The program was killed"));
}

#[test]
fn nothing_runs_on_after_a_gap_that_may_have_its_end() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    let open = page.value(
        r#"(() => { const model = new timeline.model.constructor();
            model.feed(`H 1 "main"\nH 2 "background-1"\nW 0 "process 7"\nN 1 ["f",""]\nN 2 ["g",""]\n`);
            model.feed("T 1 0\nc 0 1 1\nw 9 = 0 1\nT 2 10\ns 0 1.1\na 5 = 0\nt 2000\n");
            model.feed("G\nT 1 5000\nc 0 9 2\nT 2 5010\ns 0 1.9\nf 9 =\nt 6000\n");
            const isOpen = (bar) => bar.end === Infinity;
            const bars = model.rows.flatMap((row) => row.lanes.flat().concat(row.waits.flat()));
            return [bars.length, bars.filter(isOpen).length, model.calls.filter((call) => call.outcome < 0).length,
                model.fns.get("f").running, model.fns.get("g").ended].join(" "); })()"#,
    );
    assert_eq!(open, "4 0 0 0 1");
}

#[test]
fn advice_does_not_take_missing_events_for_idle_time() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    for (missing, says) in [("", true), ("g 0 70\n", false), ("G\n", false)] {
        let idle = page.value(&format!(
            r#"(() => {{ const model = new timeline.model.constructor();
                model.feed(`N 1 ["f",""]\nT 1 0\nc 0 1 1\ns 0 =\nf 1000 =\n`);
                model.feed(`{missing}T 1 900000\nc 0 2 1\ns 0 =\nf 1000 =\nZ 901000\n`);
                return advise(model).findings.some((finding) => finding.kind === "idle"); }})()"#
        ));
        assert_eq!(idle, says, "{missing}");
    }
}

#[test]
fn nothing_runs_on_after_the_end_of_a_file_that_is_full() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    let known = page.value(
        r#"(() => { const model = new timeline.model.constructor();
            model.feed('H 1 "main"\nH 2 "background-1"\nN 1 ["f",""]\nT 1 0\nc 0 1 1\nT 2 1000\ns 0 1.1\n');
            const card = () => cardOf(model.rows[1].lanes[0][0].call, model)[0].textContent;
            const [runs] = [card()];
            model.feed("D 7\nt 9000000\nD 70000\n");
            const killed = model.last();
            model.feed("Z 90000000\n");
            return [runs, card(), killed, model.last(), model.dropped, model.fns.get("f").running].join(" "); })()"#,
    );
    assert_eq!(known, "fruns funknown 1 1 70000 0");
}

/// The writer reads one thread after the other, so the end of a call may come before its body.
#[test]
fn time_of_a_body_counts_whichever_event_comes_first() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    let (made, body, end) =
        ("T 1 0\nc 0 1 1\n", "T 2 10000\ns 0 1.1\nl 60000 =\n", "T 3 30000\nx 0 1.1 2\n");
    for lines in [[made, body, end], [made, end, body], [end, body, made], [body, end, made]] {
        let ran = page.value(&format!(
            r#"(() => {{ const model = new timeline.model.constructor();
                model.feed(`N 1 ["f",""]\n{}`);
                const fn = model.fns.get("f");
                return [fn.ran, fn.most, fn.ended, fn.failed, fn.running].join(" "); }})()"#,
            lines.concat()
        ));
        assert_eq!(ran, "60 60 1 1 0", "{lines:?}");
    }
}

#[test]
fn page_that_forgets_calls_forgets_their_threads_and_workers() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    let kept = page.value(
        r#"(() => { const model = new timeline.model.constructor();
            model.feed('N 1 ["f",""]\n');
            for (let thread = 1; thread <= 1000; thread += 1) {
              model.feed(`H ${thread} "own ${thread}"\nW ${thread} "process ${thread}"\nT ${thread} ${thread}000\n`
                + `c 0 1 1\ns 1 =\na 1 = ${thread}\nb 1 =\nf 1 =\nh 1\n`);
              model.forget(4);
            }
            return [model.rows, model.calls].every((list) => list.length < 12)
              && [model.threads, model.workers, model.ids].every((map) => map.size < 12) && model.made; })()"#,
    );
    assert_eq!(kept, 1000);
}

#[test]
fn page_that_forgets_calls_keeps_waits_that_last() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let page = open(&browser, &page_of(&["many", "1"], &folder), 1280, 700);
    let kept = page.value(
        r#"(() => { const model = new timeline.model.constructor();
            model.feed('H 1 "main"\nN 1 ["f",""]\nT 1 1000\nc 0 1 1\ne 1 =\nc 0 + 1\nc 0 + 1\n');
            model.feed("w 8 9.7 0 1\nT 2 2000\nc 0 1 1\n");
            model.forget(4);
            return [model.begin, model.waits.length, model.calls.length].join(" "); })()"#,
    );
    assert_eq!(kept, "2 1 4");
}

/// Prints what 100,000 calls cost, and asserts that all of them are there and that each step draws.
#[test]
fn hundred_thousand_calls_open_and_move() {
    let _watchdog = watchdog();
    let folder = folder();
    let Some(browser) = Browser::start(&folder) else { return };
    let path = page_of(&["many", "100000"], &folder);
    let start = Instant::now();
    let page = open(&browser, &path, 1280, 1000);
    println!(
        "100,000 calls, {} bytes: opened in {:?}, of which scripts {:.0} ms",
        std::fs::metadata(&path).unwrap().len(),
        start.elapsed(),
        page.number("timeline.ready")
    );
    assert_eq!(page.value("timeline.model.made"), 100_000);
    assert_eq!(page.value("timeline.model.ended"), 100_000);
    for (step, act) in [
        ("zoom in", "chart.zoom(0.93, (chart.view[0] + chart.view[1]) / 2)"),
        ("pan", "chart.show(chart.view[0] + length / 60, chart.view[1] + length / 60)"),
        ("zoom out", "chart.zoom(1 / 0.93)"),
        ("hover", "(chart.hovered = chart.at(200 + at * 12, 60 + at), chart.request())"),
    ] {
        let costs = page.value(&format!(
            "(async () => {{ const {{ chart }} = timeline; const costs = []; const start = performance.now();
               const length = chart.view[1] - chart.view[0];
               for (let at = 0; at < 60; at += 1) {{
                 const frames = chart.frames;
                 {act};
                 await new Promise(requestAnimationFrame);
                 if (chart.frames === frames) await new Promise(requestAnimationFrame);
                 costs.push(chart.cost);
               }}
               const took = performance.now() - start;
               return [60000 / took, Math.max(...costs), chart.bars]; }})()"
        ));
        println!(
            "{step}: {:.0} frames/s, the slowest drawn in {:.1} ms, {} bars",
            costs[0].as_f64().unwrap(),
            costs[1].as_f64().unwrap(),
            costs[2]
        );
    }
    page.key("0");
    page.frame();
    assert!(page.number("timeline.chart.view[1] - timeline.chart.view[0]") > 1000.0);
}
