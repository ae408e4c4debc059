//! The snapshot as a table.

use std::fmt;
use std::time::Duration;

use super::{CallCount, Snapshot, Stack};
use crate::count::Count;
use crate::os_thread::{OsThread, Threads};
use crate::runtime;
use crate::site::UsedAt;

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pybackground: {}", Count(self.threads, "thread", "threads"))?;
        if let Some(most) = self.max_threads.filter(|most| *most <= self.threads) {
            write!(f, " (max_threads is {most})")?;
        }
        let queued = Count(self.queued, "call queued", "calls queued");
        let suspended = Count(self.suspended, "async body suspended", "async bodies suspended");
        writeln!(f, ", {queued}, {suspended}")?;
        if self.is_starved {
            writeln!(
                f,
                "  no thread is left for the queued calls: all of max_threads are busy with"
            )?;
        }
        if !self.stacks.is_empty() {
            writeln!(f, "  {:<16} {:>9}  what it runs and waits for", "thread", "for")?;
        }
        let threads = Threads::read();
        for stack in &self.stacks {
            stack.write_lines(&threads, f)?;
        }
        let parked = [
            (&self.held, "held back by a limit"),
            (&self.dependent, "waiting for arguments"),
            (&self.suspended_calls, "suspended"),
        ];
        for (calls, state) in parked {
            for call in calls {
                writeln!(f, "  {state}: {call}")?;
            }
        }
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            writeln!(f, "  {remote}")?;
            for worker in &remote.workers {
                writeln!(f, "    {worker}")?;
            }
        }
        let now = CallCount::sum(&self.overrunning);
        let ever = Count(self.overruns, "body", "bodies");
        writeln!(f, "{ever} ran on after the call had ended, {now} still running")?;
        for call in &self.overrunning {
            writeln!(f, "  still running: {call}")?;
        }
        Ok(())
    }
}

/// The time in seconds, rounded to milliseconds. By hand: the formatter of floats is as large in a program as a queue.
fn in_seconds(time: Duration) -> String {
    let time = time.saturating_add(Duration::from_micros(500));
    format!("{}.{:03} s", time.as_secs(), time.subsec_millis())
}

impl Stack {
    /// Writes a line for each body and one for what the highest waits for or is blocked in. The first starts with the name of the thread.
    fn write_lines(&self, threads: &Threads, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut thread = self.thread();
        let mut line =
            |f: &mut fmt::Formatter<'_>, age: Option<Duration>, what: fmt::Arguments<'_>| {
                let age = age.map(in_seconds).unwrap_or_default();
                let thread = std::mem::take(&mut thread);
                writeln!(f, "  {thread:<16} {age:>9}  {what}")
            };
        for (depth, call) in self.calls().iter().enumerate() {
            match depth {
                0 => line(f, self.age(), format_args!("{call}"))?,
                _ => line(f, None, format_args!("waits for {call}, which it runs itself"))?,
            }
        }
        let Some(wait) = self.wait() else {
            let thread = runtime::os_thread(threads, self.thread(), self.base());
            return match thread.and_then(OsThread::observe) {
                Some(seen) => line(f, None, format_args!("{}", seen.blocked_in)),
                None => Ok(()),
            };
        };
        let age = Some(wait.age());
        if let Some((what, site)) = wait.blocked_in() {
            return line(f, age, format_args!("waits for {what}{}", UsedAt(site)));
        }
        match (wait.on(), wait.calls()) {
            (None, _) => line(f, age, format_args!("sleeps")),
            (Some((call, site)), 1) => {
                line(f, age, format_args!("waits for {call}{}", UsedAt(site)))
            }
            (Some((call, site)), calls) => {
                let used_at = UsedAt(site);
                line(
                    f,
                    age,
                    format_args!("waits for any of {calls} calls, the first {call}{used_at}"),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::call::Call;

    #[test]
    fn nouns_agree_with_their_numbers() {
        let call = Call::new("hear", Location::caller());
        let report = |n: usize| Snapshot {
            threads: n,
            max_threads: None,
            is_starved: false,
            queued: n,
            suspended: n,
            suspended_calls: vec![CallCount::new(call, n)],
            held: Vec::new(),
            dependent: Vec::new(),
            stacks: Vec::new(),
            overrunning: Vec::new(),
            overruns: n as u64,
            #[cfg(feature = "counters")]
            functions: Vec::new(),
            #[cfg(feature = "remote")]
            remote: None,
        };
        assert_eq!(
            report(1).to_string(),
            format!(
                "pybackground: 1 thread, 1 call queued, 1 async body suspended\n  \
                 suspended: {call}\n\
                 1 body ran on after the call had ended, 0 still running\n"
            )
        );
        assert_eq!(
            report(2).to_string(),
            format!(
                "pybackground: 2 threads, 2 calls queued, 2 async bodies suspended\n  \
                 suspended: 2 × {call}\n\
                 2 bodies ran on after the call had ended, 0 still running\n"
            )
        );
    }
}
