//! The outcome of a call when its worker dies. The caller detects that, or another worker does.

use pybackground_runtime::__engine::RemoteOutcome;

/// Returns the outcome of a call whose worker has died. `worker` is the name of that worker, if it is known. `attempts` counts the
/// starts of the body.
pub(crate) fn lost(worker: Option<&str>, retry: u32, attempts: u32) -> RemoteOutcome {
    let advice = if retry == 0 {
        "; with `retry = N` the body starts again".to_owned()
    } else {
        format!(", {attempts} times")
    };
    let who = worker.map_or("a worker".to_owned(), |worker| format!("the worker {worker}"));
    let why = format!("{who} took it and disappeared before there was a result{advice}");
    let outcome = RemoteOutcome::lost(&why, attempts);
    match worker {
        Some(worker) => outcome.by(worker, attempts),
        None => outcome,
    }
}
