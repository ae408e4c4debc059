//! The wait graph: which threads wait for which calls.
//!
//! | file | subject |
//! |---|---|
//! | `graph` | the waits as data, and the search for what keeps a wait from ending |
//! | `registry` | the waits of all threads: how a thread adds its own, and removes it |
//! | `wait` | one wait of a thread |
//! | `wait_set` | the calls of which any ends a wait |
//! | `held` | the locks that each thread holds |
//! | `deadlock` | what keeps a new wait from ever ending |
//! | `rings` | the search for rings through calls that are on no thread |
//! | `cycle` | a deadlock listed edge by edge |
//! | `reports` | the waits as reports show them |
//!
//! # Why every cycle is found, and only cycles are
//!
//! A thread inserts its wait before it blocks and removes the wait when it continues, under the graph's lock. A
//! task publishes its runner: the thread writes it when it claims the body, and resets it when the body ends or is
//! suspended, both before it can wait again. So a thread that holds the lock and finds another one waiting also
//! finds exactly the bodies that the other one runs. A cycle needs a wait of each of its threads, and the last of
//! them to insert its wait finds the others.
//!
//! A wait for any of several calls is deadlocked only if each of them is. The set of calls changes only
//! between two waits, so it is complete for as long as the wait is in the graph.
//!
//! A call with unfinished dependencies is on no thread: a wait for it is a wait for all of them. They are
//! known before any thread can wait for the call.
//!
//! A thread at the end of a scope waits for all closures of the scope. This wait cannot fail. If it closes a cycle,
//! a join in the cycle fails instead.
//!
//! A wait for a lock of `locks` is a wait for all threads that hold the lock in a way that excludes the waiting
//! thread. Each thread has a list of the locks that it holds: it adds a lock after it has taken it, and removes it
//! when it releases it. The thread inserts a copy of the list with its wait. The list cannot change during the wait,
//! so a thread that holds the graph's lock and finds another one waiting also finds all locks that the other one
//! holds. A thread that holds a lock and does not wait is not found, and will release the lock. A thread that gets a
//! lock for which it has waited removes its wait before it adds the lock. Threads without a body are in the graph as
//! well, because another thread can need a lock that they hold.
//!
//! Some waits are not part of a cycle:
//!
//! - A wait with a time limit, or for a call with a deadline, ends by itself.
//! - Any thread may end a wait for a notification.
//! - A queued call needs no edge to a thread, because the pool provides one.
//! - A call that waits for a permit of a limit needs no edge, because a thread that blocks lends its permits. Only a future
//!   keeps its permit, so a search for rings through futures also follows waits for permits.
//! - A future that awaits blocks no thread. `task::await_rings` searches for rings through futures, with
//!   `Waits::ring`, after the wait is in the graph. It says why each of these rings is found, too.

mod cycle;
mod deadlock;
mod graph;
pub(crate) mod held;
mod registry;
mod reports;
mod rings;
mod wait;
mod wait_set;

#[cfg(feature = "process")]
pub(crate) use crate::cancel::Disconnect;
pub(crate) use graph::Needs;
pub(crate) use registry::{Waiting, Waits};
pub(crate) use reports::{Behind, LongWait, WaitReport};
pub(crate) use rings::{Look, Ring, RingRoot, SearchMemory};
pub(crate) use wait::{BlockedIn, Permits, ScopedCalls, WaitLimit};
pub(crate) use wait_set::{Member, WaitSet};
