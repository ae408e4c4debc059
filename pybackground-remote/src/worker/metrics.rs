//! The figures of a worker, for Prometheus: a page of text in its format 0.0.4.
//!
//! | name | what | equal on all workers |
//! |---|---|---|
//! | `pybackground_calls_pending` | calls of a function that no worker has | yes: use the greatest |
//! | `pybackground_bodies_running` | bodies of a function that this worker runs | no |
//! | `pybackground_calls_finished_total` | calls of a function that this worker has finished | no |
//! | `pybackground_busy_seconds_total` | for how long these had a slot of this worker | no |
//! | `pybackground_slots` | how many bodies this worker runs at once | no |
//! | `pybackground_oldest_call_seconds` | how long this worker has had the oldest of its calls | no |

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::serve::Worker;
use crate::names::{Names, Served};
use crate::server::LIMIT;

/// How many requests are answered at once.
const AT_ONCE: usize = 16;

/// How many questions to the server are under way at once.
const QUESTIONS: usize = 64;

/// How many bytes a request has at most.
const LONGEST_REQUEST: usize = 8 << 10;

/// The pause after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// What is known of the functions of a name in a queue.
#[derive(Default)]
struct Row {
    /// `None` if the server does not say.
    pending: Option<u64>,
    running: u64,
    finished: u64,
    busy: Duration,
}

/// Listens at the address.
///
/// # Errors
///
/// Why the system refuses it.
pub(super) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let refused = |error: std::io::Error| {
        format!("the metrics cannot be served at {address}: {error}; set PYBACKGROUND_METRICS")
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

/// Answers requests, while the worker lives.
pub(super) async fn answer_all(worker: Rc<Worker>, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let worker = worker.clone();
        spawn_local(async move {
            // A client that sends nothing must not keep its place.
            let _ = timeout(LIMIT * 2, answer(&worker, stream)).await;
            drop(place);
        });
    }
}

async fn answer(worker: &Worker, mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > LONGEST_REQUEST || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let is_known = [&b"GET /metrics "[..], b"GET / "].iter().any(|line| request.starts_with(line));
    let (status, page) = if is_known {
        ("200 OK", worker.page().await)
    } else {
        ("404 Not Found", "the metrics are at /metrics\n".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(&[head.as_bytes(), page.as_bytes()].concat()).await?;
    stream.shutdown().await
}

impl Worker {
    async fn page(&self) -> String {
        let mut rows: BTreeMap<(String, &'static str), Row> = BTreeMap::new();
        let offered: Vec<(Served, &'static str)> = {
            let state = self.state.borrow();
            let sources = state.sources.iter();
            sources.map(|source| (source.served.clone(), source.function.name())).collect()
        };
        {
            let state = self.state.borrow();
            for (served, name) in offered.iter().filter(|(served, _)| served.depth == 0) {
                let tally = state.tally(served.fingerprint);
                let row = rows.entry((served.queue.clone(), name)).or_default();
                row.running += tally.running;
                row.finished += tally.finished;
                row.busy += tally.busy;
            }
        }
        let stream = self.names.calls();
        let stream = stream.as_str();
        let pending = |(served, name): (Served, &'static str)| async move {
            let pending = self.server.pending(stream, &Names::consumer(&served)).await.ok()?;
            Some(((served.queue, name), pending))
        };
        let mut answers = stream::iter(offered).map(pending).buffer_unordered(QUESTIONS);
        while let Some(answer) = answers.next().await {
            if let Some((function, more)) = answer {
                let pending = &mut rows.entry(function).or_default().pending;
                *pending = Some(pending.unwrap_or(0) + more);
            }
        }
        let oldest = self.state.borrow().oldest().map_or(Duration::ZERO, |since| since.elapsed());
        written(&self.settings.namespace, self.settings.slots, oldest, &rows)
    }
}

/// Writes the page.
fn written(
    namespace: &str,
    slots: usize,
    oldest: Duration,
    rows: &BTreeMap<(String, &'static str), Row>,
) -> String {
    let mut page = String::new();
    let mut family = |name: &str, kind: &str, help: &str, of: &dyn Fn(&Row) -> Option<String>| {
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for ((queue, function), row) in rows {
            if let Some(value) = of(row) {
                let function = escaped(function);
                let _ = writeln!(
                    page,
                    "{name}{{namespace=\"{namespace}\",queue=\"{queue}\",function=\"{function}\"}} {value}"
                );
            }
        }
    };
    family(
        "pybackground_calls_pending",
        "gauge",
        "Calls that no worker has. Equal on all workers: use the greatest.",
        &|row| row.pending.map(|pending| pending.to_string()),
    );
    family("pybackground_bodies_running", "gauge", "Bodies that this worker runs.", &|row| {
        Some(row.running.to_string())
    });
    family(
        "pybackground_calls_finished_total",
        "counter",
        "Calls that this worker has finished.",
        &|row| Some(row.finished.to_string()),
    );
    family(
        "pybackground_busy_seconds_total",
        "counter",
        "For how long these had a slot of this worker.",
        &|row| Some(row.busy.as_secs_f64().to_string()),
    );
    let mut single = |name: &str, help: &str, value: String| {
        let _ = writeln!(
            page,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{{namespace=\"{namespace}\"}} {value}"
        );
    };
    single("pybackground_slots", "How many bodies this worker runs at once.", slots.to_string());
    single(
        "pybackground_oldest_call_seconds",
        "For how long this worker has had the oldest of its calls.",
        oldest.as_secs_f64().to_string(),
    );
    page
}

/// Escapes the value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_a_line_for_each_function() {
        let busy = Duration::from_millis(1500);
        let rows = BTreeMap::from([
            (
                ("default".to_owned(), "app::f"),
                Row { pending: Some(7), running: 1, finished: 3, busy },
            ),
            (("gpu".to_owned(), "a\"b\\c"), Row::default()),
        ]);
        let page = written("prod", 2, Duration::from_millis(250), &rows);
        for line in [
            "# TYPE pybackground_calls_pending gauge",
            "pybackground_calls_pending{namespace=\"prod\",queue=\"default\",function=\"app::f\"} 7",
            "pybackground_bodies_running{namespace=\"prod\",queue=\"gpu\",function=\"a\\\"b\\\\c\"} 0",
            "# TYPE pybackground_calls_finished_total counter",
            "pybackground_busy_seconds_total{namespace=\"prod\",queue=\"default\",function=\"app::f\"} 1.5",
            "pybackground_slots{namespace=\"prod\"} 2",
            "pybackground_oldest_call_seconds{namespace=\"prod\"} 0.25",
        ] {
            assert!(page.lines().any(|it| it == line), "{line}\n{page}");
        }
        // What the server does not say is left out, for it is not known to be 0.
        assert_eq!(page.matches("pybackground_calls_pending{").count(), 1, "{page}");
    }
}
