//! Calls and results as bytes: a head, and then the arguments or the answer. What is read is checked, because a server
//! may have other clients.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::{Key, is_client, unique};

/// Changes with the format of the heads.
const VERSION: u8 = 1;

/// What precedes the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallHead {
    version: u8,
    client: String,
    number: u64,
    pub(crate) retry: u32,
    /// How long the body may run, in seconds and nanoseconds.
    run_timeout: Option<(u64, u32)>,
    /// A [`Blob`] follows, and not the arguments.
    pub(crate) is_blob: bool,
}

impl CallHead {
    pub(crate) fn new(key: &Key, retry: u32, is_blob: bool, run_timeout: Option<Duration>) -> Self {
        let run_timeout = run_timeout.map(|time| (time.as_secs(), time.subsec_nanos()));
        let Key { client, number } = key.clone();
        Self { version: VERSION, client, number, retry, run_timeout, is_blob }
    }

    pub(crate) fn run_timeout(&self) -> Option<Duration> {
        let (seconds, nanoseconds) = self.run_timeout?;
        Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanoseconds.into()))
    }

    pub(crate) fn key(&self) -> Key {
        Key { client: self.client.clone(), number: self.number }
    }

    /// Writes the head and then the arguments.
    pub(crate) fn with(&self, arguments: &[u8]) -> Vec<u8> {
        written(self, arguments)
    }

    /// Reads a call: the head and the arguments. `None` if the bytes are no call.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest): (Self, _) = read(bytes)?;
        (head.version == VERSION && is_client(&head.client)).then_some((head, rest))
    }
}

/// What precedes the answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResultHead {
    version: u8,
    /// The worker's machine and process.
    pub(crate) worker: String,
    /// How often the body was started.
    pub(crate) attempts: u32,
    /// A [`Blob`] follows, and not the answer.
    pub(crate) is_blob: bool,
    /// How long the call waited at the worker and how long its body ran, in microseconds.
    waited: u64,
    ran: u64,
}

impl ResultHead {
    pub(crate) fn new(worker: &str, attempts: u32, is_blob: bool, times: Times) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (waited, ran) = (micros(times.waited), micros(times.ran));
        Self { version: VERSION, worker: worker.to_owned(), attempts, is_blob, waited, ran }
    }

    pub(crate) fn times(&self) -> Times {
        let [waited, ran] = [self.waited, self.ran].map(Duration::from_micros);
        Times { waited, ran }
    }

    /// Writes the head and then the answer.
    pub(crate) fn with(&self, answer: &[u8]) -> Vec<u8> {
        written(self, answer)
    }

    /// Reads a result: the head and the answer. `None` if the bytes are no result.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest): (Self, _) = read(bytes)?;
        (head.version == VERSION).then_some((head, rest))
    }
}

/// Where the arguments or the answer are that are too large for a message: in pieces of equal size, except the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blob {
    id: String,
    pieces: u32,
    size: u64,
}

impl Blob {
    /// So many bytes, in pieces of `each`, under an id that no other blob has.
    pub(crate) fn new(id: String, size: usize, each: usize) -> Self {
        let pieces = u32::try_from(size.div_ceil(each)).unwrap_or(u32::MAX);
        Self { id, pieces, size: u64::try_from(size).unwrap_or(u64::MAX) }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn pieces(&self) -> u32 {
        self.pieces
    }

    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// The first byte of a piece, and the one after its last.
    pub(crate) fn range(&self, index: u32, each: usize) -> (usize, usize) {
        let begin = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(each);
        let end = begin.saturating_add(each);
        (begin.min(self.size()), end.min(self.size()))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        written(self, &[])
    }

    /// Reads where something is. `None` if the bytes say nothing of the kind.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (blob, rest): (Self, _) = read(bytes)?;
        (rest.is_empty() && is_client(&blob.id)).then_some(blob)
    }
}

/// The figures of a worker, as it sends them to a caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerFigures {
    version: u8,
    /// The worker in subjects.
    pub(crate) id: String,
    /// The worker's machine and process.
    pub(crate) name: String,
    pub(crate) slots: u64,
    pub(crate) running: u64,
    pub(crate) waiting: u64,
    pub(crate) finished: u64,
    /// For how long it has had the oldest of its calls, in microseconds.
    pub(crate) oldest: Option<u64>,
}

/// The longest name of a worker that is believed.
const LONGEST_NAME: usize = 256;

impl WorkerFigures {
    pub(crate) fn new(id: &str, name: &str) -> Self {
        Self { version: VERSION, id: id.to_owned(), name: name.to_owned(), ..Self::default() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        written(self, &[])
    }

    /// Reads what a worker tells. `None` if the bytes are something else: the name is shown to people.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (figures, rest): (Self, _) = read(bytes)?;
        let is_name = |name: &str| {
            name.len() <= LONGEST_NAME && name.bytes().all(|sign| sign.is_ascii_graphic())
        };
        let is_valid = figures.version == VERSION
            && rest.is_empty()
            && is_client(&figures.id)
            && is_name(&figures.name);
        is_valid.then_some(figures)
    }
}

/// How long a call waited at its worker and how long its body ran, by the worker's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) waited: Duration,
    pub(crate) ran: Duration,
}

fn written(head: &impl Serialize, rest: &[u8]) -> Vec<u8> {
    let mut bytes = serde_bare::to_vec(head).expect("heads can always be serialized");
    bytes.extend_from_slice(rest);
    bytes
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<(T, &'a [u8])> {
    let mut rest = bytes;
    let head = T::deserialize(&mut serde_bare::de::Deserializer::from_reader(&mut rest)).ok()?;
    Some((head, rest))
}

/// Returns the content of a mark: the worker that has started the body, and a word that no other mark has.
pub(crate) fn mark_of(worker: &str) -> String {
    format!("{worker} {}", unique())
}

/// Returns the worker of a mark.
pub(crate) fn worker_of_mark(mark: &[u8]) -> Option<&str> {
    let (worker, _) = std::str::from_utf8(mark).ok()?.split_once(' ')?;
    is_client(worker).then_some(worker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_written() {
        let key = Key { client: "c1".to_owned(), number: 7 };
        let call = CallHead::new(&key, 3, true, Some(Duration::new(1, 2)));
        assert_eq!(CallHead::read(&call.with(b"rest")), Some((call.clone(), &b"rest"[..])));
        assert_eq!((call.key(), call.run_timeout()), (key, Some(Duration::new(1, 2))));
        let times = Times { waited: Duration::from_micros(3), ran: Duration::from_secs(4) };
        let result = ResultHead::new("box:7", 2, false, times);
        assert_eq!(ResultHead::read(&result.with(b"")), Some((result.clone(), &b""[..])));
        assert_eq!(result.times(), times);
    }

    #[test]
    fn blobs_are_read_as_written() {
        let blob = Blob::new("c1".to_owned(), 10, 4);
        assert_eq!(Blob::read(&blob.to_bytes()), Some(blob.clone()));
        let pieces: Vec<_> = (0..blob.pieces()).map(|index| blob.range(index, 4)).collect();
        assert_eq!(pieces, [(0, 4), (4, 8), (8, 10)]);
        assert_eq!(Blob::read(&[&*blob.to_bytes(), b"more"].concat()), None);
        // The id is a part of subjects.
        for id in ["", "*", "c1.*", ">"] {
            let forged = Blob { id: id.to_owned(), ..blob.clone() };
            assert_eq!(Blob::read(&forged.to_bytes()), None, "{id}");
        }
    }

    #[test]
    fn figures_are_read_as_written() {
        let figures =
            WorkerFigures { slots: 2, oldest: Some(7), ..WorkerFigures::new("c1", "box:7") };
        assert_eq!(WorkerFigures::read(&figures.to_bytes()), Some(figures.clone()));
        for forged in [
            WorkerFigures { name: "box\x1b[2J".to_owned(), ..figures.clone() },
            WorkerFigures { name: "a".repeat(257), ..figures.clone() },
            WorkerFigures { id: "*".to_owned(), ..figures.clone() },
            WorkerFigures { version: VERSION + 1, ..figures.clone() },
        ] {
            assert_eq!(WorkerFigures::read(&forged.to_bytes()), None, "{forged:?}");
        }
        assert_eq!(WorkerFigures::read(&[&*figures.to_bytes(), b"more"].concat()), None);
    }

    #[test]
    fn other_bytes_are_no_calls() {
        let key = Key { client: "c1".to_owned(), number: 7 };
        let call = CallHead::new(&key, 3, false, None).with(b"");
        for end in 0..call.len() {
            assert_eq!(CallHead::read(&call[..end]), None, "{end} bytes");
        }
        let mut other = call.clone();
        other[0] = VERSION + 1;
        assert_eq!(CallHead::read(&other), None);
        // A subject with a wildcard would reach the results of others.
        let forged = Key { client: "*".to_owned(), number: 7 };
        assert_eq!(CallHead::read(&CallHead::new(&forged, 0, false, None).with(b"")), None);
    }
}
