//! A run as data. Times are nanoseconds since the recording began.

/// Everything that was recorded.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The threads that called, ran or waited, those from outside first.
    pub threads: Vec<Thread>,
    /// The calls, in the order they were made.
    pub calls: Vec<Call>,
    /// The waits that blocked.
    pub waits: Vec<Wait>,
}

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Whether it is one of the library's.
    pub is_background: bool,
}

/// A call.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The path of the function.
    pub function: String,
    /// Where it was called.
    pub location: String,
    /// The thread that called, by its place among the threads.
    pub caller: usize,
    /// The call whose body called, by its place among the calls.
    pub parent: Option<usize>,
    /// When it was called.
    pub called: u64,
    /// When its outcome was there.
    pub ended: Option<u64>,
    /// What became of it.
    pub outcome: String,
    /// How its body ran.
    pub ran: String,
    /// What was worth an event: a panic, an overrun.
    pub notes: Vec<String>,
    /// When its body was on a thread: once, or for an `async fn` at each poll.
    pub steps: Vec<Step>,
}

/// A body on a thread.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The thread's place among the threads.
    pub thread: usize,
    /// From when.
    pub begin: u64,
    /// Until when; `None` if it was still there when the recording was read.
    pub end: Option<u64>,
}

/// A wait that blocked.
#[derive(Clone, Debug, Default)]
pub struct Wait {
    /// The thread that waited.
    pub thread: usize,
    /// The call whose body waited; `None` on a thread from outside.
    pub by: Option<usize>,
    /// The call that was waited for.
    pub on: Option<usize>,
    /// Where.
    pub location: String,
    /// From when.
    pub begin: u64,
    /// Until when; `None` if it still waited.
    pub end: Option<u64>,
    /// How it ended.
    pub outcome: String,
}

/// The sums of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// From the first call to the last thing that happened.
    pub elapsed: u64,
    /// How long bodies ran in all, without their waits and what ran on top of them.
    pub work: u64,
    /// How many threads ran bodies.
    pub threads: usize,
}

impl Summary {
    /// How much longer it would have taken, one body after the other.
    #[must_use]
    pub fn speed_up(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio to show")]
        let (work, elapsed) = (self.work as f64, self.elapsed as f64);
        if self.elapsed == 0 { 1.0 } else { work / elapsed }
    }
}

impl Call {
    /// When its body was on a thread first.
    #[must_use]
    pub fn begin(&self) -> Option<u64> {
        self.steps.first().map(|step| step.begin)
    }
}

impl Run {
    /// When the first call was made.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.calls.iter().map(|call| call.called).min().unwrap_or(0)
    }

    /// When the last thing happened.
    #[must_use]
    pub fn end(&self) -> u64 {
        let steps = self.calls.iter().flat_map(|call| call.steps.iter().filter_map(|s| s.end));
        let calls = self.calls.iter().flat_map(|call| [Some(call.called), call.ended]);
        let waits = self.waits.iter().filter_map(|wait| wait.end);
        steps.chain(calls.flatten()).chain(waits).max().unwrap_or(0)
    }

    /// The sums.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let end = self.end();
        let steps = || self.calls.iter().flat_map(|call| &call.steps);
        let mut threads: Vec<usize> = steps().map(|step| step.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let work = threads.iter().map(|thread| self.work_on(*thread, end)).sum();
        Summary { elapsed: end - self.begin(), work, threads: threads.len() }
    }

    /// How long some body ran on a thread. Bodies and waits lie on top of each other: what is on top
    /// counts, and only if it is a body.
    fn work_on(&self, thread: usize, end: u64) -> u64 {
        let steps = self.calls.iter().flat_map(|call| &call.steps);
        let bodies = steps.filter(|s| s.thread == thread).map(|s| (s.begin, s.end, true));
        let waits = self.waits.iter().filter(|wait| wait.thread == thread);
        let waits = waits.map(|wait| (wait.begin, wait.end, false));
        let mut changes = Vec::new();
        for (at, (begin, until, is_body)) in bodies.chain(waits).enumerate() {
            changes.push((begin, at, Some(is_body)));
            changes.push((until.unwrap_or(end), at, None));
        }
        changes.sort_unstable_by_key(|(time, _, begins)| (*time, begins.is_some()));
        let (mut stack, mut last, mut work) = (Vec::<(usize, bool)>::new(), 0, 0);
        for (time, at, begins) in changes {
            if stack.last().is_some_and(|(_, is_body)| *is_body) {
                work += time - last;
            }
            last = time;
            match begins {
                Some(is_body) => stack.push((at, is_body)),
                None => stack.retain(|(other, _)| *other != at),
            }
        }
        work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(called: u64, steps: &[(usize, u64, u64)]) -> Call {
        let step = |&(thread, begin, end)| Step { thread, begin, end: Some(end) };
        Call { called, steps: steps.iter().map(step).collect(), ..Call::default() }
    }

    #[test]
    fn a_run_without_calls_has_no_sums() {
        let summary = Run::default().summary();
        assert_eq!(summary, Summary { elapsed: 0, work: 0, threads: 0 });
        assert!((summary.speed_up() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn waits_and_bodies_on_top_of_others_are_counted_once() {
        // On thread 1: a body from 10 to 100, which waits from 20 to 50 and runs another from 60 to 80.
        let calls =
            vec![call(0, &[(1, 10, 100)]), call(15, &[(1, 60, 80)]), call(5, &[(2, 5, 25)])];
        let wait = Wait { thread: 1, begin: 20, end: Some(50), ..Wait::default() };
        let summary = Run { calls, waits: vec![wait], ..Run::default() }.summary();
        assert_eq!(summary, Summary { elapsed: 100, work: 90 - 30 + 20, threads: 2 });
    }
}
