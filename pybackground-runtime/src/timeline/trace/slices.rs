//! What has begun on each thread and not ended, as pure data.

use std::collections::HashMap;

/// The slices that have begun and not ended, and the flows to waits.
#[derive(Default)]
pub(super) struct OpenSlices {
    threads: HashMap<u32, ThreadSlices>,
    /// The calls that threads wait for.
    awaited: HashMap<u64, WaitFlow>,
}

#[derive(Default)]
struct ThreadSlices {
    /// There is a slice below everything.
    has_base: bool,
    open: Vec<OpenSlice>,
    /// The worker that runs a body of this thread.
    away: Option<u64>,
}

#[derive(Clone, Copy)]
enum OpenSlice {
    Body,
    /// The wait for a call.
    Wait(u64),
}

/// The flow from a body to the threads that wait for its call.
#[derive(Default)]
struct WaitFlow {
    threads: usize,
    /// The body has left its thread since the first of the waits began: the flow to them has its begin.
    has_left: bool,
}

impl OpenSlices {
    fn of(&mut self, thread: u32) -> &mut ThreadSlices {
        self.threads.entry(thread).or_default()
    }

    /// Begins the slice below everything; returns whether it had not begun.
    pub(super) fn begin_base(&mut self, thread: u32) -> bool {
        !std::mem::replace(&mut self.of(thread).has_base, true)
    }

    pub(super) fn begin_body(&mut self, thread: u32) {
        self.of(thread).open.push(OpenSlice::Body);
    }

    /// Ends a body; returns whether the flow to waits begins here, or nothing if the begin of the body was lost.
    pub(super) fn end_body(&mut self, thread: u32, call: u64) -> Option<bool> {
        self.of(thread).open.pop()?;
        let awaited = self.awaited.get_mut(&call);
        Some(awaited.is_some_and(|flow| !std::mem::replace(&mut flow.has_left, true)))
    }

    /// Begins a wait for a call, or for several if the number is 0.
    pub(super) fn begin_wait(&mut self, thread: u32, call: u64) {
        if call != 0 {
            self.awaited.entry(call).or_default().threads += 1;
        }
        self.of(thread).open.push(OpenSlice::Wait(call));
    }

    /// Ends a wait; returns its call and whether the flow from the body has begun, or nothing if the begin of the wait was
    /// lost.
    pub(super) fn end_wait(&mut self, thread: u32) -> Option<(u64, bool)> {
        let open = &mut self.of(thread).open;
        let Some(OpenSlice::Wait(call)) = open.last().copied() else { return None };
        open.pop();
        Some((call, self.end_flow(call)))
    }

    /// A thread waits for the call no more; returns whether the flow from its body has begun.
    fn end_flow(&mut self, call: u64) -> bool {
        let Some(awaited) = self.awaited.get_mut(&call) else { return false };
        awaited.threads -= 1;
        let WaitFlow { threads, has_left } = *awaited;
        if threads == 0 {
            self.awaited.remove(&call);
        }
        has_left
    }

    /// A worker runs the body on top of the thread.
    pub(super) fn begin_away(&mut self, thread: u32, worker: u64) {
        self.of(thread).away = Some(worker);
    }

    /// Returns the worker that ran the body until now.
    pub(super) fn end_away(&mut self, thread: u32) -> Option<u64> {
        self.of(thread).away.take()
    }

    /// Ends all but the slice below everything; returns how many there were.
    pub(super) fn interrupt(&mut self, thread: u32) -> usize {
        let open = std::mem::take(&mut self.of(thread).open);
        for slice in &open {
            if let OpenSlice::Wait(call) = *slice {
                self.end_flow(call);
            }
        }
        open.len()
    }

    /// Forgets a thread that has ended. Returns whether of its slices only the base is open.
    pub(super) fn end_thread(&mut self, thread: u32) -> bool {
        let ended = self.threads.remove(&thread).unwrap_or_default();
        ended.has_base && ended.open.is_empty()
    }

    /// As `end_thread`, for all threads. Returns those of whose slices only the base is open.
    pub(super) fn end_all(&mut self) -> Vec<u32> {
        let threads: Vec<u32> = self.threads.keys().copied().collect();
        threads.into_iter().filter(|thread| self.end_thread(*thread)).collect()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.threads.is_empty() && self.awaited.is_empty()
    }
}
