//! Waiting until threads have ended, including the destructors of their thread-locals.
//!
//! Only a join of the thread waits for those destructors. So the pool keeps the handle of each thread. A
//! thread that ends leaves its handle among the last few that ended, as it still runs destructors.

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::sync::{latch, lock_leaf, start_os_thread};
use crate::table::Table;

/// How many handles of ended threads are kept. Each keeps the stack of its thread mapped.
const MOST_ENDED: usize = 16;

/// The thread that joins the others does nothing else.
const STACK_SIZE: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct Exits(Mutex<Handles>);

#[derive(Default)]
struct Handles {
    /// How many threads were ever started: the key of the next one.
    started: usize,
    alive: Table<JoinHandle<()>>,
    ended: VecDeque<JoinHandle<()>>,
}

impl Exits {
    /// Starts a thread of the pool. It gets its key, which this returns too, and passes it to `ends`.
    pub(super) fn spawn(
        &self,
        name: String,
        stack_size: usize,
        run: impl FnOnce(usize) + Send + 'static,
    ) -> io::Result<usize> {
        // Under the lock, so that a thread that ends at once finds its handle.
        let mut handles = lock_leaf(&self.0);
        let key = handles.started;
        let handle = start_os_thread(name, stack_size, Box::new(move || run(key)))?;
        handles.started += 1;
        handles.alive.insert(key, handle);
        Ok(key)
    }

    /// The thread is about to end.
    pub(super) fn ends(&self, key: usize) {
        let detached = {
            let mut handles = lock_leaf(&self.0);
            let ended = handles.alive.remove(key);
            handles.ended.extend(ended);
            (handles.ended.len() > MOST_ENDED).then(|| handles.ended.pop_front())
        };
        drop(detached);
    }

    /// Waits until every thread has ended but the one of the key `stays` and this one, until `end` at most.
    pub(super) fn wait(&self, end: Option<Instant>, stays: Option<usize>) {
        let (ended, alive) = {
            let mut handles = lock_leaf(&self.0);
            let ended = std::mem::take(&mut handles.ended);
            let mut alive = std::mem::take(&mut handles.alive);
            if let Some(key) = stays
                && let Some(handle) = alive.remove(key)
            {
                handles.alive.insert(key, handle);
            }
            (ended, alive)
        };
        let (joined, all_joined) = latch();
        // A destructor of the user's may be what waits: on the reaper, or at the end of a worker.
        let own = thread::current().id();
        let join = move || {
            let _joined = joined;
            let handles = ended.into_iter().chain(alive.into_values());
            // The panic of a destructor ends the process before the join returns.
            handles.filter(|handle| handle.thread().id() != own).for_each(|handle| {
                let _ = handle.join();
            });
        };
        let name = "background-exits".to_owned();
        let Ok(joining) = start_os_thread(name, STACK_SIZE, Box::new(join)) else { return };
        if all_joined.wait(end) {
            // The code of this thread, too, may be unloaded afterwards.
            let _ = joining.join();
        }
    }
}
