//! Who waits for what, as data: no threads, no locks, no clock.
//!
//! A thread that waits can do nothing else, and what it waits for can be run by one thread at most.
//! So the graph is a set of chains, and a ring in it is found by following one of them.

/// Threads by their numbers, with what each waits for.
#[derive(Debug)]
pub(crate) struct Graph<W> {
    /// At a thread's number: what the thread waits for. A thread that does not wait has no entry.
    waits: Vec<Option<W>>,
}

impl<W> Graph<W> {
    pub(crate) const fn new() -> Self {
        Self { waits: Vec::new() }
    }

    /// The thread waits from now on. Returns what it waited for before: code that a thread runs while
    /// it waits may wait as well.
    pub(crate) fn insert(&mut self, thread: usize, wait: W) -> Option<W> {
        if thread >= self.waits.len() {
            self.waits.resize_with(thread + 1, || None);
        }
        self.waits[thread].replace(wait)
    }

    /// The thread waits no more, or for what it waited for before. Returns what it waited for.
    pub(crate) fn restore(&mut self, thread: usize, before: Option<W>) -> Option<W> {
        std::mem::replace(self.waits.get_mut(thread)?, before)
    }

    pub(crate) fn get(&self, thread: usize) -> Option<&W> {
        self.waits.get(thread)?.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &W)> {
        let waits = self.waits.iter().enumerate();
        waits.filter_map(|(thread, wait)| Some((thread, wait.as_ref()?)))
    }

    /// The threads of the ring that would close if `thread` waited for `wait` too, beginning with
    /// `thread`. `runner` is the thread that a wait's end depends on, if there is one.
    pub(crate) fn ring(
        &self,
        thread: usize,
        wait: &W,
        runner: impl Fn(&W) -> Option<usize>,
    ) -> Option<Vec<usize>> {
        let mut ring = vec![thread];
        let mut next = runner(wait)?;
        while next != thread {
            // A chain without `thread` in it ends: the ring that would not was refused when it was to
            // be closed. But a thread whose wait is over may have its entry for a moment, and an older
            // chain may seem to come back to it.
            if ring.len() > self.waits.len() {
                return None;
            }
            ring.push(next);
            next = runner(self.get(next)?)?;
        }
        Some(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wait for a call, by its number.
    type Call = usize;

    /// The calls that threads run: at a call's number, the thread.
    fn runner(runs: &[Option<usize>]) -> impl Fn(&Call) -> Option<usize> {
        |call| runs[*call]
    }

    #[test]
    fn whoever_waits_for_its_own_call_is_a_ring_of_one() {
        let graph = Graph::new();
        assert_eq!(graph.ring(4, &0, runner(&[Some(4)])), Some(vec![4]));
    }

    #[test]
    fn a_call_that_nobody_runs_ends_the_chain() {
        let mut graph = Graph::new();
        graph.insert(1, 0);
        assert_eq!(graph.ring(0, &1, runner(&[None, Some(1)])), None);
    }

    #[test]
    fn rings_of_every_length_are_found_and_only_when_they_close() {
        for length in [2, 3, 10, 1_000] {
            // Thread n runs call n.
            let runs: Vec<Option<usize>> = (0..length).map(Some).collect();
            let mut graph = Graph::new();
            for thread in 0..length - 1 {
                assert_eq!(graph.ring(thread, &(thread + 1), runner(&runs)), None);
                graph.insert(thread, thread + 1);
            }
            let ring = graph.ring(length - 1, &0, runner(&runs)).unwrap();
            assert_eq!(ring[0], length - 1);
            assert!(ring[1..].iter().copied().eq(0..length - 1));
        }
    }

    #[test]
    fn a_tail_that_leads_into_a_ring_is_no_ring() {
        let mut graph = Graph::new();
        let runs = [Some(0), Some(1)];
        graph.insert(0, 1);
        graph.insert(1, 0);
        assert_eq!(graph.ring(2, &0, runner(&runs)), None);
    }

    #[test]
    fn a_wait_inside_a_wait_is_taken_back() {
        let mut graph = Graph::new();
        assert_eq!(graph.insert(0, 'a'), None);
        let before = graph.insert(0, 'b');
        assert_eq!(graph.restore(0, before), Some('b'));
        assert_eq!(graph.get(0), Some(&'a'));
        assert_eq!(graph.restore(0, None), Some('a'));
        assert_eq!(graph.iter().count(), 0);
    }

    const THREADS: usize = 6;
    const CALLS: usize = 12;

    /// Threads with the calls they run on top of each other, told in the plainest way.
    #[derive(Default)]
    struct Reference {
        stacks: [Vec<Call>; THREADS],
        waits: [Option<Call>; THREADS],
        ended: Vec<Call>,
    }

    impl Reference {
        fn runner(&self, call: Call) -> Option<usize> {
            self.stacks.iter().position(|stack| stack.contains(&call))
        }

        /// Whether `call` can end only after `thread` went on.
        fn depends(&self, call: Call, thread: usize, seen: &mut Vec<Call>) -> bool {
            if seen.contains(&call) {
                return false;
            }
            seen.push(call);
            self.runner(call).is_some_and(|runner| {
                runner == thread
                    || self.waits[runner].is_some_and(|next| self.depends(next, thread, seen))
            })
        }
    }

    /// Starts a call on a thread, ends its highest one, or has it wait for a call.
    fn step(
        reference: &mut Reference,
        graph: &mut Graph<Call>,
        what: u8,
        thread: usize,
        call: Call,
    ) {
        // A wait whose call has ended ends when its thread comes to it.
        if let Some(awaited) = reference.waits[thread]
            && reference.ended.contains(&awaited)
        {
            reference.waits[thread] = None;
            assert_eq!(graph.restore(thread, None), Some(awaited));
        }
        if reference.waits[thread].is_some() {
            return;
        }
        match what {
            0 if reference.runner(call).is_none() => {
                reference.ended.retain(|ended| *ended != call);
                reference.stacks[thread].push(call);
            }
            1 => reference.ended.extend(reference.stacks[thread].pop()),
            2 if !reference.ended.contains(&call) => {
                let ring = graph.ring(thread, &call, |call| reference.runner(*call));
                assert_eq!(ring.is_some(), reference.depends(call, thread, &mut Vec::new()));
                if ring.is_none() {
                    graph.insert(thread, call);
                    reference.waits[thread] = Some(call);
                }
            }
            _ => {}
        }
    }

    proptest::proptest! {
        #[test]
        fn a_ring_is_found_if_and_only_if_the_wait_would_never_end(
            steps in proptest::collection::vec((0..3_u8, 0..THREADS, 0..CALLS), 0..200)
        ) {
            let (mut reference, mut graph) = (Reference::default(), Graph::new());
            for (what, thread, call) in steps {
                step(&mut reference, &mut graph, what, thread, call);
            }
        }
    }
}
