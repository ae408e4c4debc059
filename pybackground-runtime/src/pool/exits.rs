//! Waiting until threads have ended, including the destructors of their thread-locals.
//!
//! Only a join of the thread waits for those destructors. So the pool keeps the handle of each thread. A
//! thread that ends leaves its handle among the last few that ended, as it still runs destructors.
//!
//! The end of the pool takes all handles, and has them joined by a thread of its own, because a join has no time limit. A
//! second end of the pool waits for that thread too.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use crate::sync::{Latch, latch, lock_leaf, start_os_thread};
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
    /// The threads that join what was taken.
    joining: Vec<Arc<Joining>>,
}

/// Threads that leave, to be waited for.
pub(super) struct Leaving(Vec<Arc<Joining>>);

/// A thread that joins others.
struct Joining {
    joined: Vec<ThreadId>,
    all_joined: Latch,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Exits {
    /// Starts a thread of the pool. It gets its key, which this returns too, and passes it to `ends`.
    pub(super) fn spawn(
        &self,
        name: String,
        stack_size: usize,
        run: impl FnOnce(usize) + Send + 'static,
    ) -> io::Result<usize> {
        self.spawn_boxed(name, stack_size, Box::new(run))
    }

    fn spawn_boxed(
        &self,
        name: String,
        stack_size: usize,
        run: Box<dyn FnOnce(usize) + Send>,
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

    /// Takes every thread but the one of the key `stays`, and those that were taken before and have not ended. A thread
    /// that starts later is not among them.
    pub(super) fn take(&self, stays: Option<usize>) -> Leaving {
        let own = thread::current().id();
        let mut handles = lock_leaf(&self.0);
        let ended = std::mem::take(&mut handles.ended);
        let mut alive = std::mem::take(&mut handles.alive);
        if let Some(key) = stays
            && let Some(handle) = alive.remove(key)
        {
            handles.alive.insert(key, handle);
        }
        let taken: Vec<_> = ended.into_iter().chain(alive.into_values()).collect();
        // A destructor of the user's may be what waits: on the reaper, or at the end of a worker. Then nothing waits for
        // this thread, and it waits only for what it takes itself, so that no two threads wait for each other.
        let is_own = |handle: &JoinHandle<()>| handle.thread().id() == own;
        let waits_for_itself =
            taken.iter().any(is_own) || handles.joining.iter().any(|j| j.joined.contains(&own));
        handles.joining.retain(|earlier| !earlier.is_over());
        let mut leaving = if waits_for_itself { Vec::new() } else { handles.joining.clone() };
        let (own, taken): (Vec<_>, Vec<_>) = taken.into_iter().partition(is_own);
        // This thread still runs, so the next end of the pool has to wait for it.
        handles.ended.extend(own);
        if !taken.is_empty()
            && let Ok(joining) = Joining::start(taken)
        {
            let joining = Arc::new(joining);
            handles.joining.push(joining.clone());
            leaving.push(joining);
        }
        Leaving(leaving)
    }
}

impl Leaving {
    /// Waits until the threads have ended, until `end` at most.
    pub(super) fn wait(&self, end: Option<Instant>) {
        let _all = self.0.iter().all(|joining| joining.wait(end));
    }
}

impl Joining {
    fn start(handles: Vec<JoinHandle<()>>) -> io::Result<Self> {
        let joined = handles.iter().map(|handle| handle.thread().id()).collect();
        let (opener, all_joined) = latch();
        let join = move || {
            let _opens = opener;
            // The panic of a destructor ends the process before the join returns.
            for handle in handles {
                let _ = handle.join();
            }
        };
        let thread = start_os_thread("background-exits".to_owned(), STACK_SIZE, Box::new(join))?;
        Ok(Self { joined, all_joined, thread: Mutex::new(Some(thread)) })
    }

    /// Returns whether all have ended.
    fn wait(&self, end: Option<Instant>) -> bool {
        if !self.all_joined.wait(end) {
            return false;
        }
        // The code of this thread, too, may be unloaded afterwards. Another thread may be joining it.
        let mut thread = lock_leaf(&self.thread);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
        true
    }

    /// Whether all have ended, and were waited for.
    fn is_over(&self) -> bool {
        lock_leaf(&self.thread).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn thread_that_takes_the_others_is_taken_later() {
        let exits = Arc::new(Exits::default());
        let ((take, taken), (release, go)) = (channel(), channel::<()>());
        let thread_exits = exits.clone();
        let body = move |_| {
            thread_exits.take(None).wait(None);
            take.send(()).unwrap();
            go.recv().unwrap_or_default();
        };
        exits.spawn("takes the others".to_owned(), STACK_SIZE, body).unwrap();
        taken.recv().unwrap();
        let leaving = exits.take(None);
        assert_eq!(leaving.0.len(), 1, "the thread still runs");
        drop(release);
        leaving.wait(None);
    }
}
