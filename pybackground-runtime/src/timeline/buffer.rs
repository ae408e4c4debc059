//! The buffers of all threads.
//!
//! A thread fills chunks, one after the other. Only the thread itself writes into its chunks, and only the
//! writer's thread reads them, so neither waits for the other: the lock of a [`ThreadLog`] is taken once a
//! chunk by its thread, and the writer holds it for a few instructions.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::record::{EventKind, Record, Words};
use crate::sync::lock_leaf;

/// The number of records of a thread's first chunk, and of the longest. A thread that fills a chunk before the writer has
/// read the one before it gets a chunk that is twice as long. So thousands of threads that record little share `MOST`.
const FIRST: usize = 64;
const LONGEST: usize = 1024;

/// The number of records that may wait for the writer, 32 bytes each. Beyond it, threads drop events.
const MOST: usize = (64 << 20) / size_of::<Words>();

/// The number of chunks that a thread fills before it wakes the writer. The processor's caches hold so many chunks of a few
/// threads, and the writer returns them before the threads allocate more.
const AHEAD: usize = 8;

/// The number of empty chunks that are kept.
const SPARE: usize = 32;

static RECORDS: AtomicUsize = AtomicUsize::new(0);
static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);
static THREADS: Mutex<Vec<Arc<ThreadLog>>> = Mutex::new(Vec::new());
static EMPTY: Mutex<Vec<Arc<Chunk>>> = Mutex::new(Vec::new());

/// A part of a thread's buffer.
pub(super) struct Chunk {
    words: Box<[[AtomicU64; 4]]>,
    filled: AtomicUsize,
}

impl Chunk {
    /// Returns an empty chunk, unless too many records wait for the writer.
    fn new(length: usize) -> Option<Arc<Self>> {
        // ORDERING: `Relaxed`, a count that orders nothing.
        if RECORDS.load(Ordering::Relaxed) >= MOST {
            return None;
        }
        RECORDS.fetch_add(length, Ordering::Relaxed);
        if length == LONGEST
            && let Some(chunk) = lock_leaf(&EMPTY).pop()
        {
            return Some(chunk);
        }
        let words = (0..length).map(|_| Default::default()).collect();
        Some(Arc::new(Self { words, filled: AtomicUsize::new(0) }))
    }

    /// Appends a record; `false` if the chunk is full. Only the chunk's thread calls it.
    #[inline]
    pub(super) fn push(&self, record: Words) -> bool {
        // ORDERING: `Relaxed`, as only this thread writes the number.
        let filled = self.filled.load(Ordering::Relaxed);
        let Some(place) = self.words.get(filled) else { return false };
        for (place, word) in place.iter().zip(record) {
            place.store(word, Ordering::Relaxed);
        }
        // ORDERING: `Release`, so that the writer, which sees the number, sees the record.
        self.filled.store(filled + 1, Ordering::Release);
        true
    }

    /// The records from `read` on, as far as they are filled.
    fn records(&self, read: usize) -> impl Iterator<Item = Record> {
        // ORDERING: `Acquire`, see `push`.
        let filled = self.filled.load(Ordering::Acquire);
        self.words[read..filled].iter().map(|words| {
            Record::from_words(std::array::from_fn(|at| words[at].load(Ordering::Relaxed)))
        })
    }

    /// Keeps a chunk that was read for another thread.
    fn recycle(chunk: Arc<Self>) {
        RECORDS.fetch_sub(chunk.words.len(), Ordering::Relaxed);
        if chunk.words.len() == LONGEST && Arc::strong_count(&chunk) == 1 {
            // ORDERING: `Relaxed`, as the lock orders it before the next thread's writes.
            chunk.filled.store(0, Ordering::Relaxed);
            let mut empty = lock_leaf(&EMPTY);
            if empty.len() < SPARE {
                empty.push(chunk);
            }
        }
    }
}

/// The buffer of one thread.
pub(super) struct ThreadLog {
    pub(super) number: u32,
    pub(super) name: String,
    /// When the thread ended; 0 while it runs.
    ended: AtomicU64,
    /// The number of events that found no room, and after which there was none until the thread ended.
    lost: AtomicU64,
    unread: Mutex<UnreadChunks>,
}

#[derive(Default)]
struct UnreadChunks {
    chunks: VecDeque<Arc<Chunk>>,
    /// The number of records of the first chunk that were read.
    read: usize,
}

impl ThreadLog {
    /// Makes the buffer of a thread of that name.
    pub(super) fn new(name: &str) -> Arc<Self> {
        let log = Arc::new(Self {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            name: name.to_owned(),
            ended: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            unread: Mutex::default(),
        });
        lock_leaf(&THREADS).push(log.clone());
        log
    }

    /// Returns the next chunk, unless too many records wait for the writer.
    pub(super) fn next_chunk(&self) -> Option<Arc<Chunk>> {
        let mut unread = lock_leaf(&self.unread);
        let length = unread.chunks.back().map_or(FIRST, |last| LONGEST.min(2 * last.words.len()));
        let chunk = Chunk::new(length)?;
        unread.chunks.push_back(chunk.clone());
        Some(chunk)
    }

    /// Whether the thread has to wake the writer: it has filled `AHEAD` chunks which the writer has not read, or twice as
    /// many, and so on.
    pub(super) fn is_writer_due(&self) -> bool {
        lock_leaf(&self.unread).chunks.len().is_multiple_of(AHEAD)
    }

    /// The thread writes no more. So many events before that found no room.
    pub(super) fn end(&self, time: u64, lost: u64) {
        self.lost.store(lost, Ordering::Relaxed);
        // ORDERING: `Release`, so that the writer, which sees it, then finds all records, and the number of lost ones.
        self.ended.store(time.max(1), Ordering::Release);
    }

    /// The last records of a thread that ended at that time. They need no room.
    fn last(&self, time: u64) -> impl Iterator<Item = Record> {
        // ORDERING: `Relaxed`, see `end`.
        let lost = self.lost.load(Ordering::Relaxed);
        let lost = Record { other: lost, ..Record::new(EventKind::Lost, time, 0) };
        let exited = Record::new(EventKind::Exited, time, 0);
        [lost, exited].into_iter().skip(usize::from(lost.other == 0))
    }

    /// Moves up to about `most` records that are not later than `until` to `records`.
    fn take(&self, records: &mut Vec<Record>, until: u64, most: usize) {
        let mut unread = lock_leaf(&self.unread);
        while records.len() < most
            && let Some(chunk) = unread.chunks.front()
        {
            let before = records.len();
            records.extend(chunk.records(unread.read).take_while(|record| record.time <= until));
            let read = unread.read + records.len() - before;
            if read < chunk.words.len() {
                unread.read = read;
                break;
            }
            unread.read = 0;
            let full = unread.chunks.pop_front();
            full.into_iter().for_each(Chunk::recycle);
        }
    }

    /// Whether every record was read.
    fn is_read(&self) -> bool {
        let unread = lock_leaf(&self.unread);
        let mut chunks = unread.chunks.iter();
        chunks.next().is_none_or(|chunk| chunk.records(unread.read).next().is_none())
            && chunks.next().is_none()
    }
}

/// Reads all buffers: passes the records of each thread that are not later than `until`, in their order, to `each`.
///
/// With the present time as `until`, no event is read without its cause: a thread records that it makes a call before
/// another thread reads the clock for the start of the call.
pub(super) fn drain(until: u64, mut each: impl FnMut(&ThreadLog, &[Record])) {
    const AT_ONCE: usize = 64 * LONGEST;

    let logs = lock_leaf(&THREADS).clone();
    let mut records = Vec::new();
    for log in &logs {
        // ORDERING: `Acquire`, see `ThreadLog::end`.
        let ended = log.ended.load(Ordering::Acquire);
        loop {
            records.clear();
            log.take(&mut records, until, AT_ONCE);
            if records.is_empty() {
                break;
            }
            each(log, &records);
            if records.len() < AT_ONCE {
                break;
            }
        }
        if (1..=until).contains(&ended) && log.is_read() {
            each(log, &log.last(ended).collect::<Vec<_>>());
            lock_leaf(&THREADS).retain(|known| known.number != log.number);
            let left = std::mem::take(&mut *lock_leaf(&log.unread));
            left.chunks.into_iter().for_each(Chunk::recycle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_gets_each_record_once_and_in_order_while_the_thread_writes() {
        let log = ThreadLog::new("writes");
        let writes = {
            let log = log.clone();
            std::thread::spawn(move || {
                let mut chunk = log.next_chunk().unwrap();
                for time in 0..100_000 {
                    let words = Record::new(EventKind::Left, time, 0).words();
                    if !chunk.push(words) {
                        chunk = log.next_chunk().unwrap();
                        assert!(chunk.push(words));
                    }
                }
            })
        };
        let (mut records, mut next) = (Vec::new(), 0);
        while next < 100_000 {
            records.clear();
            log.take(&mut records, u64::MAX, 500);
            for record in &records {
                assert_eq!(record.time, next);
                next += 1;
            }
        }
        writes.join().unwrap();
    }

    #[test]
    fn much_waits_once_a_thread_has_filled_so_many_chunks_and_not_after_they_were_read() {
        let log = ThreadLog::new("fills");
        let fill = |chunk: &Chunk| while chunk.push(Record::new(EventKind::Left, 0, 0).words()) {};
        let filled_until_much = || {
            (1..=2 * AHEAD).find(|_| {
                fill(&log.next_chunk().unwrap());
                log.is_writer_due()
            })
        };
        assert_eq!(filled_until_much(), Some(AHEAD));
        log.take(&mut Vec::new(), u64::MAX, usize::MAX);
        assert_eq!(filled_until_much(), Some(AHEAD));
    }

    #[test]
    fn record_of_a_later_time_stays_for_the_next_look() {
        let log = ThreadLog::new("goes on");
        let chunk = log.next_chunk().unwrap();
        for time in [1, 2, 5, 7] {
            chunk.push(Record::new(EventKind::Left, time, 0).words());
        }
        let read = |until| {
            let mut records = Vec::new();
            log.take(&mut records, until, usize::MAX);
            records.iter().map(|record| record.time).collect::<Vec<_>>()
        };
        assert_eq!((read(4), log.is_read()), (vec![1, 2], false));
        assert_eq!((read(4), log.is_read()), (vec![], false));
        assert_eq!((read(7), log.is_read()), (vec![5, 7], true));
    }

    #[test]
    fn thread_that_ends_without_room_says_what_it_lost() {
        let log = ThreadLog::new("ends");
        let last = |log: &ThreadLog| {
            log.last(7).map(|record| (record.kind, record.time, record.other)).collect::<Vec<_>>()
        };
        log.end(7, 0);
        assert_eq!(last(&log), [(EventKind::Exited, 7, 0)]);
        log.end(7, 3);
        assert_eq!(last(&log), [(EventKind::Lost, 7, 3), (EventKind::Exited, 7, 0)]);
    }

    #[test]
    fn chunks_of_a_thread_are_small_while_the_writer_keeps_up() {
        let log = ThreadLog::new("writes little");
        let next_length = || {
            let chunk = log.next_chunk().unwrap();
            while chunk.push(Record::new(EventKind::Left, 0, 0).words()) {}
            chunk.words.len()
        };
        for _ in 0..3 {
            assert_eq!(next_length(), FIRST);
            log.take(&mut Vec::new(), u64::MAX, usize::MAX);
        }
        let lengths: Vec<usize> = (0..6).map(|_| next_length()).collect();
        assert_eq!(lengths, [FIRST, 128, 256, 512, LONGEST, LONGEST]);
    }
}
