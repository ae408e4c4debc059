//! A run in the trace event format, which Perfetto and `chrome://tracing` open.
//!
//! | in the run | in the file |
//! |---|---|
//! | thread | track, named by a metadata event |
//! | body on a thread | complete event (`X`) of the category `body` |
//! | wait | complete event of the category `wait` |
//! | queue time | a pair of async events (`b`, `e`) of the category `queue` |
//! | from the caller to the body | flow (`s` to `f`) of the category `call` |
//! | from the body to who waited for it | flow of the category `wait` |

use crate::json::{list, micros, text};
use crate::run::{Call, Run, Wait};

/// The file's text.
#[must_use]
pub fn of(run: &Run) -> String {
    let end = run.end();
    let events = threads(run, end)
        .chain(run.calls.iter().enumerate().flat_map(|(id, call)| of_call(id, call, end)))
        .chain(run.waits.iter().enumerate().flat_map(|(id, wait)| of_wait(run, id, wait, end)));
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":{}}}\n", list(events))
}

/// What an event is: its kind, category, name, thread and time.
struct Event<'a>(char, &'a str, &'a str, usize, u64);

impl Event<'_> {
    fn with(&self, more: &str) -> String {
        let Event(kind, category, name, thread, time) = self;
        let (name, time) = (text(name), micros(*time));
        format!(
            "{{\"ph\":\"{kind}\",\"cat\":\"{category}\",\"name\":{name},\"pid\":1,\"tid\":{thread},\
             \"ts\":{time}{more}}}"
        )
    }
}

/// The names of the threads. One from outside has no body that its calls could come from.
fn threads(run: &Run, end: u64) -> impl Iterator<Item = String> {
    run.threads.iter().enumerate().flat_map(move |(id, thread)| {
        let name = format!(",\"args\":{{\"name\":{}}}", text(&thread.name));
        let order = format!(",\"args\":{{\"sort_index\":{id}}}");
        let mut events = vec![
            Event('M', "", "thread_name", id, 0).with(&name),
            Event('M', "", "thread_sort_index", id, 0).with(&order),
        ];
        if !thread.is_background {
            let length = format!(",\"dur\":{}", micros(end));
            events.push(Event('X', "thread", &thread.name, id, 0).with(&length));
        }
        events
    })
}

fn of_call(id: usize, call: &Call, end: u64) -> Vec<String> {
    let name = call.function.as_str();
    let arguments = format!(
        ",\"args\":{{\"called at\":{},\"ran\":{},\"outcome\":{},\"notes\":{}}}",
        text(&call.location),
        text(&call.ran),
        text(&call.outcome),
        text(&call.notes.join("; ")),
    );
    let mut events = Vec::new();
    for step in &call.steps {
        let length = step.end.unwrap_or(end) - step.begin;
        let more = format!(",\"dur\":{}{arguments}", micros(length));
        events.push(Event('X', "body", name, step.thread, step.begin).with(&more));
    }
    let flow = format!(",\"id\":{id}");
    let begin = call.begin().or(call.ended).unwrap_or(end);
    events.push(Event('b', "queue", name, call.caller, call.called).with(&flow));
    events.push(Event('e', "queue", name, call.caller, begin).with(&flow));
    if let Some(step) = call.steps.first() {
        let into = format!("{flow},\"bp\":\"e\"");
        events.push(Event('s', "call", name, call.caller, call.called).with(&flow));
        events.push(Event('f', "call", name, step.thread, step.begin).with(&into));
    }
    events
}

fn of_wait(run: &Run, id: usize, wait: &Wait, end: u64) -> Vec<String> {
    let on = wait.on.map(|call| &run.calls[call]);
    let name = format!("waits for {}", on.map_or("a call", |call| call.function.as_str()));
    let until = wait.end.unwrap_or(end);
    let more = format!(
        ",\"dur\":{},\"args\":{{\"waits at\":{},\"outcome\":{}}}",
        micros(until - wait.begin),
        text(&wait.location),
        text(&wait.outcome),
    );
    let mut events = vec![Event('X', "wait", &name, wait.thread, wait.begin).with(&more)];
    let last = on.and_then(|call| call.steps.last());
    if let Some((step, ended)) = last.and_then(|step| Some((step, step.end?)))
        && ended <= until
    {
        let flow = format!(",\"id\":\"wait {id}\"");
        let into = format!("{flow},\"bp\":\"e\"");
        events.push(Event('s', "wait", &name, step.thread, ended).with(&flow));
        events.push(Event('f', "wait", &name, wait.thread, until).with(&into));
    }
    events
}
