//! The texts of errors, and the names of workers.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::sync::lock_leaf;

/// The number of texts that may wait for the writer, and the bytes of one of them.
const MOST_TEXTS: usize = 4096;
const LONGEST: usize = 1000;

static TEXTS: Mutex<Texts> = Mutex::new(Texts { last: 0, unread: VecDeque::new() });
static WORKERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Texts {
    last: u64,
    /// The texts by their numbers, in ascending order.
    unread: VecDeque<(u64, String)>,
}

/// Keeps a text for the writer and returns its number. If too many wait, the oldest is dropped.
pub(crate) fn keep(mut text: String) -> u64 {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    let mut texts = lock_leaf(&TEXTS);
    if texts.unread.len() >= MOST_TEXTS {
        texts.unread.pop_front();
    }
    texts.last += 1;
    let number = texts.last;
    texts.unread.push_back((number, text));
    number
}

/// Takes the text of that number, unless it was dropped.
pub(super) fn take(number: u64) -> Option<String> {
    let mut texts = lock_leaf(&TEXTS);
    let at = texts.unread.binary_search_by_key(&number, |(number, _)| *number).ok()?;
    let (_, text) = texts.unread.remove(at)?;
    Some(text)
}

/// Returns the number of the worker of that name.
#[cfg(feature = "process")]
pub(crate) fn worker(name: String) -> u32 {
    let mut workers = lock_leaf(&WORKERS);
    let known = workers.iter().rposition(|worker| *worker == name);
    let number = known.unwrap_or_else(|| {
        workers.push(name);
        workers.len() - 1
    });
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns the name of a worker.
pub(super) fn worker_name(number: u64) -> String {
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    lock_leaf(&WORKERS).get(at).cloned().unwrap_or_default()
}
