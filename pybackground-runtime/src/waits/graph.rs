//! Who waits for what, as data: no threads, no locks, no clock.
//!
//! A thread that waits can do nothing else, so a call that it runs ends only after it went on. A join
//! waits for one call; a wait for any of several ends with the first of them. Whether a wait can end is
//! a question of what can be reached from it: it can if, by way of the calls it is for, the threads that
//! run those, and what these wait for, it comes to something that goes on by itself.

use std::collections::BTreeSet;

/// What a thread waits for.
pub(crate) trait Wait {
    /// A call, told from others by its order.
    type Call: Clone + Ord;

    /// Whether the wait ends whatever the calls do: it is for a time, or has a time limit.
    fn ends_by_itself(&self) -> bool;

    /// One of the calls, of which any ends the wait, or `None` if there are not so many.
    fn call(&self, number: usize) -> Option<Self::Call>;
}

/// What has to happen before a call can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing that is known of: it goes on by itself.
    Nothing,
    /// The thread, which runs it, has to come back to it.
    Thread(usize),
}

/// Threads by their numbers, with what each waits for.
#[derive(Debug)]
pub(crate) struct Graph<W> {
    /// At a thread's number: what the thread waits for. A thread that does not wait has no entry.
    waits: Vec<Option<W>>,
}

/// A thread that can go on only after another: the other runs a call that it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge<C> {
    pub(crate) from: usize,
    pub(crate) call: C,
    pub(crate) to: usize,
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
}

impl<W: Wait> Graph<W> {
    /// If `thread` could never go on once it waited for `wait` too: everything that keeps it from that,
    /// beginning with `thread` itself.
    pub(crate) fn stuck(
        &self,
        thread: usize,
        wait: &W,
        needs: impl Fn(&W::Call) -> Needs,
    ) -> Option<Vec<Edge<W::Call>>> {
        let mut edges = Vec::new();
        let mut met = BTreeSet::from([thread]);
        let mut path = vec![Step { thread, wait, looked_at: 0 }];
        while let Some(step) = path.last_mut() {
            if step.wait.ends_by_itself() {
                return None;
            }
            let Some(call) = step.wait.call(step.looked_at) else {
                path.pop();
                continue;
            };
            step.looked_at += 1;
            let from = step.thread;
            let Needs::Thread(to) = needs(&call) else { return None };
            edges.push(Edge { from, call, to });
            if met.insert(to) {
                path.push(Step { thread: to, wait: self.get(to)?, looked_at: 0 });
            }
        }
        leads_back(thread, &edges).then_some(edges)
    }
}

/// A thread on the way of a search, and how many of its calls were looked at.
struct Step<'g, W> {
    thread: usize,
    wait: &'g W,
    looked_at: usize,
}

/// Whether all the edges are on the way back to `thread`.
///
/// They are if all who wait do: those who had been stuck without `thread` would have been told when
/// the last of them came. But a thread whose wait is over may have its entry for a moment more.
fn leads_back<C>(thread: usize, edges: &[Edge<C>]) -> bool {
    let mut leading = BTreeSet::from([thread]);
    let mut before = 0;
    while leading.len() > before {
        before = leading.len();
        for edge in edges.iter().rev() {
            if leading.contains(&edge.to) {
                leading.insert(edge.from);
            }
        }
    }
    edges.iter().all(|edge| leading.contains(&edge.from))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call, by its number.
    type Call = usize;

    /// A wait for any of these.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct AnyOf(Vec<Call>);

    impl Wait for AnyOf {
        type Call = Call;

        fn ends_by_itself(&self) -> bool {
            self.0.is_empty()
        }

        fn call(&self, number: usize) -> Option<Call> {
            self.0.get(number).copied()
        }
    }

    fn join(call: Call) -> AnyOf {
        AnyOf(vec![call])
    }

    /// The calls that threads run: at a call's number, the thread.
    fn runs(threads: &[Option<usize>]) -> impl Fn(&Call) -> Needs {
        |call| threads[*call].map_or(Needs::Nothing, Needs::Thread)
    }

    fn edge(from: usize, call: Call, to: usize) -> Edge<Call> {
        Edge { from, call, to }
    }

    #[test]
    fn whoever_waits_for_its_own_call_is_stuck() {
        let graph = Graph::new();
        assert_eq!(graph.stuck(4, &join(0), runs(&[Some(4)])), Some(vec![edge(4, 0, 4)]));
    }

    #[test]
    fn a_call_that_nobody_runs_ends_the_chain() {
        let mut graph = Graph::new();
        graph.insert(1, join(0));
        assert_eq!(graph.stuck(0, &join(1), runs(&[None, Some(1)])), None);
    }

    #[test]
    fn rings_of_every_length_are_found_and_only_when_they_close() {
        for length in [2, 3, 10, 1_000] {
            // Thread n runs call n.
            let threads: Vec<Option<usize>> = (0..length).map(Some).collect();
            let mut graph = Graph::new();
            for thread in 0..length - 1 {
                assert_eq!(graph.stuck(thread, &join(thread + 1), runs(&threads)), None);
                graph.insert(thread, join(thread + 1));
            }
            let last = length - 1;
            let ring = graph.stuck(last, &join(0), runs(&threads)).unwrap();
            let expected = (0..length).map(|at| edge((last + at) % length, at, at));
            assert!(ring.into_iter().eq(expected));
        }
    }

    #[test]
    fn a_tail_that_leads_into_a_ring_is_no_ring() {
        let mut graph = Graph::new();
        let threads = [Some(0), Some(1)];
        graph.insert(0, join(1));
        graph.insert(1, join(0));
        assert_eq!(graph.stuck(2, &join(0), runs(&threads)), None);
    }

    #[test]
    fn who_waits_for_any_goes_on_while_one_can_end() {
        let mut graph = Graph::new();
        // Thread 0 runs call 0 and waits for any of 1, 2 and 3; the last of them to wait for 0 is told.
        graph.insert(0, AnyOf(vec![1, 2, 3]));
        let begun = [Some(0), Some(1), Some(2), None];
        for thread in [1, 2] {
            assert_eq!(graph.stuck(thread, &join(0), runs(&begun)), None);
            graph.insert(thread, join(0));
        }
        let all = [Some(0), Some(1), Some(2), Some(3)];
        let edges = graph.stuck(3, &join(0), runs(&all)).unwrap();
        assert_eq!(edges[0], edge(3, 0, 0));
        assert_eq!(edges.len(), 6);
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
        waits: [Option<AnyOf>; THREADS],
        ended: Vec<Call>,
    }

    impl Reference {
        fn runner(&self, call: Call) -> Option<usize> {
            self.stacks.iter().position(|stack| stack.contains(&call))
        }

        fn needs(&self, call: Call) -> Needs {
            self.runner(call).map_or(Needs::Nothing, Needs::Thread)
        }

        /// Whether `thread` never went on if it waited so: who is not known to go on does not.
        fn never_goes_on(&self, thread: usize, wait: &AnyOf) -> bool {
            let mut goes_on: [bool; THREADS] =
                std::array::from_fn(|other| other != thread && self.waits[other].is_none());
            for _ in 0..THREADS {
                for other in 0..THREADS {
                    let wait =
                        if other == thread { Some(wait) } else { self.waits[other].as_ref() };
                    goes_on[other] |= wait.is_some_and(|wait| {
                        wait.0.iter().any(|call| self.runner(*call).is_none_or(|to| goes_on[to]))
                    });
                }
            }
            !goes_on[thread]
        }
    }

    /// Starts a call on a thread, ends its highest one, or has it wait for calls.
    fn step(
        reference: &mut Reference,
        graph: &mut Graph<AnyOf>,
        what: u8,
        thread: usize,
        calls: &[Call],
    ) {
        // A wait of which a call has ended ends when its thread comes to it.
        if let Some(wait) = &reference.waits[thread]
            && wait.0.iter().any(|call| reference.ended.contains(call))
        {
            assert_eq!(graph.restore(thread, None), reference.waits[thread].take());
        }
        if reference.waits[thread].is_some() {
            return;
        }
        match what {
            0 if reference.runner(calls[0]).is_none() => {
                reference.ended.retain(|ended| *ended != calls[0]);
                reference.stacks[thread].push(calls[0]);
            }
            1 => reference.ended.extend(reference.stacks[thread].pop()),
            2 if !calls.iter().any(|call| reference.ended.contains(call)) => {
                let wait = AnyOf(calls.to_vec());
                let stuck = graph.stuck(thread, &wait, |call| reference.needs(*call));
                assert_eq!(stuck.is_some(), reference.never_goes_on(thread, &wait));
                if stuck.is_none() {
                    graph.insert(thread, wait.clone());
                    reference.waits[thread] = Some(wait);
                }
            }
            _ => {}
        }
    }

    proptest::proptest! {
        #[test]
        fn a_wait_is_stuck_if_and_only_if_it_would_never_end(
            steps in proptest::collection::vec(
                (0..3_u8, 0..THREADS, proptest::collection::vec(0..CALLS, 1..4)),
                0..300,
            )
        ) {
            let (mut reference, mut graph) = (Reference::default(), Graph::new());
            for (what, thread, calls) in steps {
                step(&mut reference, &mut graph, what, thread, &calls);
            }
        }
    }
}
