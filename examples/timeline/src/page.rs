//! A run as one page for a browser: no network, no other file.

use crate::json::{list, micros, place, text};
use crate::run::{Call, Run, Summary, Wait};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPTS: [&str; 4] = [
    include_str!("page/model.js"),
    include_str!("page/chart.js"),
    include_str!("page/card.js"),
    include_str!("page/page.js"),
];

/// The page's text; `title` says of what.
#[must_use]
pub fn of(run: &Run, title: &str) -> String {
    let mut page = String::new();
    for (at, piece) in PAGE.split("{{").enumerate() {
        let Some((name, rest)) = piece.split_once("}}").filter(|_| at > 0) else {
            page.push_str(piece);
            continue;
        };
        page += &match name {
            "title" => title.replace('&', "&amp;").replace('<', "&lt;"),
            "style" => STYLE.to_owned(),
            "script" => SCRIPTS.join("\n"),
            "run" => data(run),
            other => unreachable!("the page has no place named {other}"),
        };
        page.push_str(rest);
    }
    page
}

/// The run as the page's scripts want it, in microseconds.
fn data(run: &Run) -> String {
    let Summary { elapsed, work, threads } = run.summary();
    let names = run.threads.iter().map(|thread| text(&thread.name));
    format!(
        "{{\"begin\":{},\"end\":{},\"elapsed\":{},\"work\":{},\"workers\":{threads},\n\
         \"threads\":{},\n\"calls\":{},\n\"waits\":{}}}",
        micros(run.begin()),
        micros(run.end()),
        micros(elapsed),
        micros(work),
        list(names),
        list(run.calls.iter().map(|call| of_call(run, call))),
        list(run.waits.iter().map(|wait| of_wait(run, wait))),
    )
}

fn of_call(run: &Run, call: &Call) -> String {
    let steps = call.steps.iter().map(|step| {
        let end = step.end.unwrap_or(run.end());
        format!("[{},{},{}]", step.thread, micros(step.begin), micros(end))
    });
    format!(
        "{{\"function\":{},\"location\":{},\"caller\":{},\"parent\":{},\"called\":{},\"ended\":{},\
         \"outcome\":{},\"ran\":{},\"notes\":{},\"steps\":{}}}",
        text(&call.function),
        text(&call.location),
        call.caller,
        place(call.parent),
        micros(call.called),
        micros(call.ended.unwrap_or(run.end())),
        text(&call.outcome),
        text(&call.ran),
        list(call.notes.iter().map(|note| text(note))),
        list(steps),
    )
}

fn of_wait(run: &Run, wait: &Wait) -> String {
    format!(
        "{{\"thread\":{},\"by\":{},\"on\":{},\"location\":{},\"begin\":{},\"end\":{},\"outcome\":{}}}",
        wait.thread,
        place(wait.by),
        place(wait.on),
        text(&wait.location),
        micros(wait.begin),
        micros(wait.end.unwrap_or(run.end())),
        text(&wait.outcome),
    )
}
