//! The texts of errors, and the names of workers.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::sync::lock_leaf;

/// The number of texts that may wait for the writer, and the bytes of one of them.
const MOST_TEXTS: usize = 4096;
const LONGEST: usize = 1000;

/// How many names of workers are kept. A worker whose name was dropped gets a new number when it appears again.
#[cfg(feature = "process")]
const MOST_WORKERS: usize = 4096;

/// What stands for a text that was dropped.
const DROPPED: &str = "(so many errors came at once that the text of this one was dropped)";

static TEXTS: Mutex<Texts> = Mutex::new(Texts { last: 0, unread: VecDeque::new() });
static WORKERS: Mutex<Workers> = Mutex::new(Workers { first: 0, names: VecDeque::new() });

struct Texts {
    last: u64,
    /// The texts by their numbers, in ascending order.
    unread: VecDeque<(u64, String)>,
}

struct Workers {
    /// The number of the first name that is kept.
    first: u64,
    names: VecDeque<String>,
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

/// Takes the text of that number, or what stands for it if it was dropped. Number 0 is no text.
pub(super) fn take(number: u64) -> Option<String> {
    if number == 0 {
        return None;
    }
    let mut texts = lock_leaf(&TEXTS);
    let at = texts.unread.binary_search_by_key(&number, |(number, _)| *number).ok();
    let text = at.and_then(|at| texts.unread.remove(at));
    Some(text.map_or_else(|| DROPPED.to_owned(), |(_, text)| text))
}

/// Returns the number of the worker of that name.
#[cfg(feature = "process")]
pub(crate) fn worker(name: String) -> u32 {
    let mut workers = lock_leaf(&WORKERS);
    let known = workers.names.iter().rposition(|worker| *worker == name);
    let at = known.unwrap_or_else(|| {
        if workers.names.len() >= MOST_WORKERS {
            workers.names.pop_front();
            workers.first += 1;
        }
        workers.names.push_back(name);
        workers.names.len() - 1
    });
    u32::try_from(workers.first + at as u64).unwrap_or(u32::MAX)
}

/// Returns the name of a worker.
pub(super) fn worker_name(number: u64) -> String {
    let workers = lock_leaf(&WORKERS);
    let at = number.checked_sub(workers.first).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| workers.names.get(at).cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_once_and_one_that_was_dropped_says_so() {
        let number = keep("why".to_owned());
        assert_eq!(take(number).as_deref(), Some("why"));
        assert_eq!(take(number).as_deref(), Some(DROPPED));
        assert_eq!(take(0), None, "there was none");
    }

    #[test]
    #[cfg(feature = "process")]
    fn names_of_the_last_workers_are_kept() {
        let first = worker("first".to_owned());
        let numbers: Vec<u32> = (0..MOST_WORKERS).map(|at| worker(at.to_string())).collect();
        assert_eq!(worker_name(first.into()), "");
        assert_eq!(worker_name(numbers[0].into()), "0");
        assert_eq!(worker("5".to_owned()), numbers[5]);
        assert_eq!(lock_leaf(&WORKERS).names.len(), MOST_WORKERS);
    }
}
