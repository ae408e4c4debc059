//! The wait graph as data: no threads, no locks, no clock.
//!
//! A thread that waits does nothing else, so a call that it runs ends only after the wait. A join waits for
//! one call. A wait for any of several calls ends with the first of them. A call with dependencies starts
//! after the last of them has ended.
//!
//! So a wait leads to the calls that it is for, these to the threads that run them, and these to their own
//! waits. A wait can end if it leads to a thread or call that continues by itself. A call may also wait on no thread,
//! for all or for any of several others: it has dependencies, or its body is a future that awaits.

use crate::table::{Id, Set, Table};

/// A call.
pub(crate) trait Identified {
    /// Returns what tells it apart from other calls and from the numbers of threads.
    fn id(&self) -> Id;
}

/// What a thread waits for.
pub(crate) trait Wait {
    type Call: Clone + Identified;

    /// Whether the wait ends whatever the calls do: it is for time, or has a time limit.
    fn ends_by_itself(&self) -> bool;

    /// Returns one of the calls of which any ends the wait, or `None` if there are not so many.
    fn call(&self, number: usize) -> Option<Self::Call>;
}

/// What has to happen before a call can end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Needs<C> {
    /// Nothing that is known: the call continues by itself.
    Nothing,
    /// The thread that runs it has to return to it.
    Thread(usize),
    /// Each of these has to end.
    All(Vec<C>),
    /// One of these has to end.
    Any(Vec<C>),
}

/// Threads by their numbers, with what each waits for.
#[derive(Debug)]
pub(crate) struct Graph<W> {
    /// At a thread's number: what the thread waits for. A thread that does not wait has no entry.
    waits: Vec<Option<W>>,
}

/// A thread or call that keeps a wait from ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node<C> {
    /// A thread that waits.
    Thread(usize),
    /// A call that waits on no thread.
    Call(C),
}

/// `from` can continue only after `to`, which runs the call or is the call that `from` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge<C> {
    pub(crate) from: Node<C>,
    pub(crate) call: C,
    pub(crate) to: Node<C>,
}

impl<C: Identified> Node<C> {
    fn id(&self) -> Id {
        match self {
            Self::Thread(number) => (*number).into(),
            Self::Call(call) => call.id(),
        }
    }
}

impl<W> Graph<W> {
    pub(crate) const fn new() -> Self {
        Self { waits: Vec::new() }
    }

    /// Inserts the wait of a thread. Returns the wait that it replaces: code that a thread runs while it
    /// waits may wait as well.
    pub(crate) fn insert(&mut self, thread: usize, wait: W) -> Option<W> {
        if thread >= self.waits.len() {
            self.waits.resize_with(thread + 1, || None);
        }
        self.waits[thread].replace(wait)
    }

    /// Removes the wait of a thread, or restores the one before. Returns the removed wait.
    pub(crate) fn restore(&mut self, thread: usize, before: Option<W>) -> Option<W> {
        std::mem::replace(self.waits.get_mut(thread)?, before)
    }

    pub(crate) fn get(&self, thread: usize) -> Option<&W> {
        self.waits.get(thread)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, thread: usize) -> Option<&mut W> {
        self.waits.get_mut(thread)?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &W)> {
        let waits = self.waits.iter().enumerate();
        waits.filter_map(|(thread, wait)| Some((thread, wait.as_ref()?)))
    }
}

impl<W: Wait> Graph<W> {
    /// Returns everything that would keep `thread` from ever continuing if it waited for `wait` too, beginning
    /// with `thread` itself. Returns `None` if the wait can end.
    pub(crate) fn deadlock(
        &self,
        thread: usize,
        wait: &W,
        needs: impl Fn(&W::Call) -> Needs<W::Call>,
    ) -> Option<Vec<Edge<W::Call>>> {
        let root = Root::Thread(thread, wait);
        match self.blocked(&root, &needs, &mut Memory::new(usize::MAX)) {
            Found::Ring(edges) if leads_back(root.id(), &edges) => Some(edges),
            _ => None,
        }
    }

    /// Looks for a ring that keeps the root from ever continuing. The root may be part of the ring or only wait for it.
    pub(crate) fn ring(
        &self,
        root: &Root<'_, W>,
        needs: impl Fn(&W::Call) -> Needs<W::Call>,
        memory: &mut Memory<W::Call>,
    ) -> Found<W::Call> {
        match self.blocked(root, &needs, memory) {
            Found::Ring(edges) => Found::Ring(innermost(root.id(), edges)),
            other => other,
        }
    }

    /// As `ring`, with everything that the root waits for and that is blocked.
    fn blocked(
        &self,
        root: &Root<'_, W>,
        needs: &dyn Fn(&W::Call) -> Needs<W::Call>,
        memory: &mut Memory<W::Call>,
    ) -> Found<W::Call> {
        loop {
            let known = memory.going_on.len();
            let search =
                Search { graph: self, root, needs, memory: &mut *memory, path: Vec::new() };
            let found = search.run();
            // A node that is reached twice is assumed to be blocked. If the search finds later that it
            // continues, the nodes that were searched before have to be searched again.
            if memory.going_on.len() == known || !matches!(found, Found::Ring(_)) {
                return found;
            }
        }
    }
}

/// What a search has found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<C> {
    /// The root can continue.
    Nothing,
    /// The search has taken all its steps.
    TooLong,
    /// Nodes that wait only for each other, edge by edge.
    Ring(Vec<Edge<C>>),
}

/// What one search leaves to the next.
pub(crate) struct Memory<C> {
    /// The nodes that are known to continue.
    going_on: Table<Node<C>>,
    /// How many more calls the searches may look at.
    steps: usize,
}

impl<C: Identified + Clone> Memory<C> {
    pub(crate) fn new(steps: usize) -> Self {
        Self { going_on: Table::new(), steps }
    }

    /// How many steps are left.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Takes the nodes of a ring for nodes that continue: something else will end the ring.
    pub(crate) fn leave_out(&mut self, ring: &[Edge<C>]) {
        for edge in ring {
            self.going_on.insert(edge.from.id(), edge.from.clone());
        }
    }
}

/// Where a search begins.
pub(crate) enum Root<'a, W: Wait> {
    /// A thread and its wait, which need not be in the graph yet.
    Thread(usize, &'a W),
    /// A call that waits on no thread.
    Call(&'a W::Call),
}

impl<W: Wait> Root<'_, W> {
    fn id(&self) -> Id {
        match self {
            Self::Thread(number, _) => (*number).into(),
            Self::Call(call) => call.id(),
        }
    }
}

/// A depth-first search for a thread or call that continues by itself.
struct Search<'s, 'g, W: Wait> {
    graph: &'g Graph<W>,
    root: &'g Root<'g, W>,
    needs: &'g dyn Fn(&W::Call) -> Needs<W::Call>,
    memory: &'s mut Memory<W::Call>,
    path: Vec<Step<'g, W>>,
}

/// A node on the path, and how many of its calls were searched.
struct Step<'g, W: Wait> {
    node: Node<W::Call>,
    calls: Calls<'g, W>,
    looked_at: usize,
}

enum Calls<'g, W: Wait> {
    /// The node continues after any of those that the wait is for.
    Of(&'g W),
    /// The node continues after any of them.
    Any(Vec<W::Call>),
    /// The node continues after all of them.
    All(Vec<W::Call>),
}

impl<W: Wait> Step<'_, W> {
    fn next(&mut self) -> Option<W::Call> {
        let at = self.looked_at;
        self.looked_at += 1;
        match &self.calls {
            Calls::Of(wait) => wait.call(at),
            Calls::Any(calls) | Calls::All(calls) => calls.get(at).cloned(),
        }
    }
}

impl<'g, W: Wait> Search<'_, 'g, W> {
    /// Returns what keeps the root from going on, and waits for each other or for what does so.
    fn run(mut self) -> Found<W::Call> {
        let Some((root, calls)) = self.start() else { return Found::Nothing };
        let mut edges = Vec::new();
        let mut met = Set::new();
        met.insert(root.id());
        self.path.push(Step { node: root.clone(), calls, looked_at: 0 });
        while let Some(step) = self.path.last_mut() {
            let Some(call) = step.next() else {
                self.leave();
                continue;
            };
            let Some(steps) = self.memory.steps.checked_sub(1) else { return Found::TooLong };
            self.memory.steps = steps;
            let from = step.node.clone();
            let Some((to, calls)) = self.behind(&call) else {
                self.goes_on();
                continue;
            };
            edges.push(Edge { from, call, to: to.clone() });
            if met.insert(to.id()) {
                self.path.push(Step { node: to, calls, looked_at: 0 });
            } else {
                self.is_blocked();
            }
        }
        let going_on = &self.memory.going_on;
        if going_on.contains(root.id()) {
            return Found::Nothing;
        }
        edges
            .retain(|edge| ![&edge.from, &edge.to].iter().any(|node| going_on.contains(node.id())));
        Found::Ring(edges)
    }

    /// The root with its calls, or `None` if it continues by itself.
    fn start(&self) -> Option<(Node<W::Call>, Calls<'g, W>)> {
        match self.root {
            Root::Thread(_, wait) if wait.ends_by_itself() => None,
            Root::Thread(thread, wait) => {
                let root = Node::Thread(*thread);
                let is_known = self.memory.going_on.contains(root.id());
                (!is_known).then_some((root, Calls::Of(*wait)))
            }
            Root::Call(call) => self.behind(call).filter(|(node, _)| matches!(node, Node::Call(_))),
        }
    }

    /// Returns the node that has to continue before the call can end, with its calls, or `None` if there is none
    /// or it is known to continue.
    fn behind(&self, call: &W::Call) -> Option<(Node<W::Call>, Calls<'g, W>)> {
        let (node, calls) = match (self.needs)(call) {
            Needs::Nothing => return None,
            Needs::Thread(thread) => {
                let wait = match self.root {
                    Root::Thread(root, wait) if *root == thread => *wait,
                    _ => self.graph.get(thread)?,
                };
                if wait.ends_by_itself() {
                    return None;
                }
                (Node::Thread(thread), Calls::Of(wait))
            }
            Needs::All(calls) => (Node::Call(call.clone()), Calls::All(calls)),
            Needs::Any(calls) => (Node::Call(call.clone()), Calls::Any(calls)),
        };
        (!self.memory.going_on.contains(node.id())).then_some((node, calls))
    }

    /// All calls of the last node on the path were searched.
    fn leave(&mut self) {
        match self.path.pop() {
            Some(Step { node, calls: Calls::All(_), .. }) => {
                self.memory.going_on.insert(node.id(), node);
                self.goes_on();
            }
            _ => self.is_blocked(),
        }
    }

    /// The call that was searched last can end.
    fn goes_on(&mut self) {
        while let Some(step) = self.path.pop_if(|step| !matches!(step.calls, Calls::All(_))) {
            self.memory.going_on.insert(step.node.id(), step.node);
        }
    }

    /// The call that was searched last cannot end.
    fn is_blocked(&mut self) {
        while self.path.pop_if(|step| matches!(step.calls, Calls::All(_))).is_some() {}
    }
}

/// Whether all the edges lead back to the node `id`.
fn leads_back<C: Identified>(id: Id, edges: &[Edge<C>]) -> bool {
    let leading = leading_to(id, edges);
    edges.iter().all(|edge| leading.contains(edge.from.id()))
}

/// The nodes from which edges lead to the node `id`, and that one.
fn leading_to<C: Identified>(id: Id, edges: &[Edge<C>]) -> Set {
    let mut leading = Set::new();
    leading.insert(id);
    let mut before = 0;
    while leading.len() > before {
        before = leading.len();
        // The search adds the edges from the root on, so one pass mostly finds all.
        for edge in edges.iter().rev() {
            if leading.contains(edge.to.id()) {
                leading.insert(edge.from.id());
            }
        }
    }
    leading
}

/// The node `id`, and the nodes to which edges lead from there.
fn reached_from<C: Identified>(id: Id, edges: &[Edge<C>]) -> Set {
    let mut reached = Set::new();
    reached.insert(id);
    let mut before = 0;
    while reached.len() > before {
        before = reached.len();
        for edge in edges {
            if reached.contains(edge.from.id()) {
                reached.insert(edge.to.id());
            }
        }
    }
    reached
}

/// The edges of one ring. All nodes of `edges` are blocked, and are reached from `root`. If the root is part of a ring
/// that needs nothing else, it is that one.
///
/// A ring may be there that the root only waits for: another wait has closed it, and its search has yet to come.
fn innermost<C: Identified>(root: Id, mut edges: Vec<Edge<C>>) -> Vec<Edge<C>> {
    let mut start = root;
    loop {
        let leading = leading_to(start, &edges);
        let mut others = edges.iter().map(|edge| edge.from.id());
        let Some(other) = others.find(|id| !leading.contains(*id)) else { return edges };
        // What is reached from there does not lead to `start`, so the nodes become fewer.
        let reached = reached_from(other, &edges);
        edges.retain(|edge| reached.contains(edge.from.id()));
        start = other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call, by its number.
    type Call = usize;

    impl Identified for Call {
        fn id(&self) -> Id {
            (1, *self).into()
        }
    }

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

    /// Calls that run on threads: at a call's number, the thread.
    fn runs(threads: &[Option<usize>]) -> impl Fn(&Call) -> Needs<Call> {
        |call| threads[*call].map_or(Needs::Nothing, Needs::Thread)
    }

    fn edge(from: usize, call: Call, to: usize) -> Edge<Call> {
        Edge { from: Node::Thread(from), call, to: Node::Thread(to) }
    }

    #[test]
    fn wait_for_its_own_call_is_a_deadlock() {
        let graph = Graph::new();
        assert_eq!(graph.deadlock(4, &join(0), runs(&[Some(4)])), Some(vec![edge(4, 0, 4)]));
    }

    #[test]
    fn call_that_no_thread_runs_ends_the_chain() {
        let mut graph = Graph::new();
        graph.insert(1, join(0));
        assert_eq!(graph.deadlock(0, &join(1), runs(&[None, Some(1)])), None);
    }

    #[test]
    fn cycle_of_any_length_is_found_when_it_closes() {
        for length in [2, 3, 10, 1_000] {
            // Thread n runs call n.
            let threads: Vec<Option<usize>> = (0..length).map(Some).collect();
            let mut graph = Graph::new();
            for thread in 0..length - 1 {
                assert_eq!(graph.deadlock(thread, &join(thread + 1), runs(&threads)), None);
                graph.insert(thread, join(thread + 1));
            }
            let last = length - 1;
            let cycle = graph.deadlock(last, &join(0), runs(&threads)).unwrap();
            let expected = (0..length).map(|at| edge((last + at) % length, at, at));
            assert!(cycle.into_iter().eq(expected));
        }
    }

    #[test]
    fn wait_that_leads_into_a_cycle_is_no_part_of_it() {
        let mut graph = Graph::new();
        let threads = [Some(0), Some(1)];
        graph.insert(0, join(1));
        graph.insert(1, join(0));
        assert_eq!(graph.deadlock(2, &join(0), runs(&threads)), None);
    }

    #[test]
    fn wait_for_any_goes_on_while_one_call_can_end() {
        let mut graph = Graph::new();
        // Thread 0 runs call 0 and waits for any of 1, 2 and 3; the last of them to wait for 0 deadlocks.
        graph.insert(0, AnyOf(vec![1, 2, 3]));
        let begun = [Some(0), Some(1), Some(2), None];
        for thread in [1, 2] {
            assert_eq!(graph.deadlock(thread, &join(0), runs(&begun)), None);
            graph.insert(thread, join(0));
        }
        let all = [Some(0), Some(1), Some(2), Some(3)];
        let edges = graph.deadlock(3, &join(0), runs(&all)).unwrap();
        assert_eq!(edges[0], edge(3, 0, 0));
        assert_eq!(edges.len(), 6);
    }

    #[test]
    fn call_is_blocked_by_any_of_its_dependencies() {
        // Thread 0 runs call 0, on which call 1 depends; call 2 goes on by itself.
        let needs = |inputs: Vec<Call>| {
            move |call: &Call| match call {
                0 => Needs::Thread(0),
                1 => Needs::All(inputs.clone()),
                _ => Needs::Nothing,
            }
        };
        let graph = Graph::new();
        assert_eq!(graph.deadlock(0, &join(1), needs(vec![2, 2])), None);
        let edges = graph.deadlock(0, &join(1), needs(vec![2, 0])).unwrap();
        let join = Edge { from: Node::Thread(0), call: 1, to: Node::Call(1) };
        let input = Edge { from: Node::Call(1), call: 0, to: Node::Thread(0) };
        assert_eq!(edges, [join, input]);
    }

    fn ring_of(
        root: Call,
        needs: impl Fn(&Call) -> Needs<Call>,
        memory: &mut Memory<Call>,
    ) -> Found<Call> {
        Graph::<AnyOf>::new().ring(&Root::Call(&root), needs, memory)
    }

    fn between(from: Call, to: Call) -> Edge<Call> {
        Edge { from: Node::Call(from), call: to, to: Node::Call(to) }
    }

    /// Call 0 waits for 1, which needs 2 and 3. Both wait for 0, so there are two rings. The second is closed by 3, whose
    /// search comes before the first ring is ended.
    #[test]
    fn ring_that_another_wait_has_closed_hides_no_ring() {
        let needs = |is_ended: bool| {
            move |call: &Call| match call {
                0 => Needs::Any(vec![1]),
                1 => Needs::All(vec![2, 3]),
                2 if is_ended => Needs::Nothing,
                _ => Needs::Any(vec![0]),
            }
        };
        let first = Found::Ring(vec![between(0, 1), between(1, 2), between(2, 0)]);
        assert_eq!(ring_of(3, needs(false), &mut Memory::new(usize::MAX)), first);
        let second = Found::Ring(vec![between(3, 0), between(0, 1), between(1, 3)]);
        assert_eq!(ring_of(3, needs(true), &mut Memory::new(usize::MAX)), second);
    }

    #[test]
    fn ring_that_is_left_out_hides_no_ring() {
        // Call 0 needs a ring of 1 and 2, and waits for itself.
        let needs = |call: &Call| match call {
            0 => Needs::All(vec![1, 0]),
            1 => Needs::Any(vec![2]),
            _ => Needs::Any(vec![1]),
        };
        let mut memory = Memory::new(usize::MAX);
        let Found::Ring(inner) = ring_of(0, needs, &mut memory) else { panic!("0 is stuck") };
        assert_eq!(inner, [between(1, 2), between(2, 1)]);
        memory.leave_out(&inner);
        assert_eq!(ring_of(0, needs, &mut memory), Found::Ring(vec![between(0, 0)]));
    }

    #[test]
    fn search_ends_after_its_steps() {
        let needs = |call: &Call| Needs::Any(vec![(call + 1) % 100]);
        assert_eq!(ring_of(0, needs, &mut Memory::new(99)), Found::TooLong);
        assert!(matches!(ring_of(0, needs, &mut Memory::new(100)), Found::Ring(_)));
    }

    /// Each search begins with what the others have found, so all together look at each call of the chain once.
    #[test]
    fn searches_from_each_call_of_a_chain_take_linear_work() {
        let length = 10_000;
        let needs = |call: &Call| match call {
            0 => Needs::Nothing,
            call => Needs::Any(vec![call - 1]),
        };
        let mut memory = Memory::new(3 * length);
        for call in (0..length).map(|call| call * 7_919 % length) {
            assert_eq!(ring_of(call, needs, &mut memory), Found::Nothing);
        }
    }

    /// Call 1 depends on calls 2 and 3, both run by threads that wait: thread 2 for any of 3 and 4, thread 3
    /// for 2. So the search takes the first of them that it reaches twice for blocked.
    #[test]
    fn node_that_seemed_blocked_is_searched_again() {
        let needs = |call: &Call| match call {
            1 => Needs::All(vec![2, 3]),
            2 | 3 => Needs::Thread(*call),
            _ => Needs::Nothing,
        };
        let mut graph = Graph::new();
        graph.insert(2, AnyOf(vec![3, 4]));
        graph.insert(3, join(2));
        assert_eq!(graph.deadlock(0, &join(1), needs), None);
    }

    #[test]
    fn long_chain_of_dependencies_is_searched_to_its_end() {
        let length = 100_000;
        let needs = |end: Needs<Call>| {
            move |call: &Call| match call {
                0 => end.clone(),
                call => Needs::All(vec![call - 1]),
            }
        };
        let graph = Graph::new();
        assert_eq!(graph.deadlock(7, &join(length), needs(Needs::Nothing)), None);
        let edges = graph.deadlock(7, &join(length), needs(Needs::Thread(7))).unwrap();
        assert_eq!(edges.len(), length + 1);
    }

    #[test]
    fn nested_wait_restores_the_outer_one() {
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

    /// Threads with the calls that they run on top of each other, in the plainest form.
    #[derive(Default)]
    struct Reference {
        stacks: [Vec<Call>; THREADS],
        waits: [Option<AnyOf>; THREADS],
        /// What a call waits for that is on no thread: all of these, or any.
        inputs: [Vec<Call>; CALLS],
        is_any: [bool; CALLS],
        ended: Vec<Call>,
    }

    impl Reference {
        fn runner(&self, call: Call) -> Option<usize> {
            self.stacks.iter().position(|stack| stack.contains(&call))
        }

        fn needs(&self, call: Call) -> Needs<Call> {
            match (self.runner(call), &*self.inputs[call]) {
                (Some(thread), _) => Needs::Thread(thread),
                (None, []) => Needs::Nothing,
                (None, inputs) if self.is_any[call] => Needs::Any(inputs.to_vec()),
                (None, inputs) => Needs::All(inputs.to_vec()),
            }
        }

        /// The threads that would never go on, and the calls that would never end, if a thread waited too. What goes on or
        /// ends is known to.
        fn stuck(&self, added: Option<(usize, &AnyOf)>) -> ([bool; THREADS], [bool; CALLS]) {
            let (mut threads, mut calls) = ([true; THREADS], [true; CALLS]);
            for _ in 0..THREADS + CALLS {
                for call in 0..CALLS {
                    let is_stuck = match self.needs(call) {
                        Needs::Nothing => false,
                        Needs::Thread(thread) => threads[thread],
                        Needs::All(inputs) => inputs.iter().any(|input| calls[*input]),
                        Needs::Any(inputs) => inputs.iter().all(|input| calls[*input]),
                    };
                    calls[call] &= is_stuck;
                }
                for (thread, is_stuck) in threads.iter_mut().enumerate() {
                    let wait = match added {
                        Some((other, wait)) if other == thread => Some(wait),
                        _ => self.waits[thread].as_ref(),
                    };
                    *is_stuck &= wait.is_some_and(|wait| wait.0.iter().all(|call| calls[*call]));
                }
            }
            (threads, calls)
        }

        fn is_new(&self, call: Call) -> bool {
            let is_awaited = self.waits.iter().flatten().any(|wait| wait.0.contains(&call));
            let is_input = self.inputs.iter().any(|inputs| inputs.contains(&call));
            self.runner(call).is_none() && self.inputs[call].is_empty() && !is_awaited && !is_input
        }

        fn end(&mut self, call: Call) {
            self.ended.push(call);
            for (inputs, is_any) in self.inputs.iter_mut().zip(self.is_any) {
                if is_any && inputs.contains(&call) {
                    inputs.clear();
                }
                inputs.retain(|input| *input != call);
            }
        }
    }

    /// Starts a call on a thread, ends its highest one, has it wait for calls, on its thread or without, or makes a call
    /// that waits for inputs.
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
        let call = calls[0];
        match what {
            0 if reference.runner(call).is_none() && reference.inputs[call].is_empty() => {
                reference.ended.retain(|ended| *ended != call);
                reference.stacks[thread].push(call);
            }
            1 => {
                if let Some(ended) = reference.stacks[thread].pop() {
                    reference.end(ended);
                }
            }
            2 if !calls.iter().any(|call| reference.ended.contains(call)) => {
                let wait = AnyOf(calls.to_vec());
                let stuck = graph.deadlock(thread, &wait, |call| reference.needs(*call));
                assert_eq!(stuck.is_some(), reference.stuck(Some((thread, &wait))).0[thread]);
                if stuck.is_none() {
                    graph.insert(thread, wait.clone());
                    reference.waits[thread] = Some(wait);
                }
            }
            3 if reference.is_new(call) => {
                reference.ended.retain(|ended| *ended != call);
                // An input is older than what it is for.
                let older = calls[1..].iter().copied().filter(|input| *input > call);
                let inputs = older.filter(|input| !reference.ended.contains(input));
                reference.inputs[call] = inputs.collect();
                reference.is_any[call] = false;
            }
            // The highest call of the thread is a future, and awaits.
            4 | 5 => {
                let Some(call) = reference.stacks[thread].pop() else { return };
                let awaited =
                    calls.iter().copied().filter(|other| !reference.ended.contains(other));
                reference.inputs[call] = awaited.collect();
                reference.is_any[call] = what == 5;
                let needs = |call: &Call| reference.needs(*call);
                let found = graph.ring(&Root::Call(&call), needs, &mut Memory::new(usize::MAX));
                let is_stuck = matches!(found, Found::Ring(_));
                assert_eq!(is_stuck, reference.stuck(None).1[call]);
                if is_stuck {
                    reference.inputs[call].clear();
                    reference.stacks[thread].push(call);
                }
            }
            _ => {}
        }
    }

    /// The nodes of a ring need only each other, and each leads to each.
    fn check_ring(edges: &[Edge<Call>], needs: impl Fn(&Call) -> Needs<Call>) {
        let inside = |call: &Call| edges.iter().any(|edge| edge.from == Node::Call(*call));
        for edge in edges {
            let Node::Call(from) = edge.from else { panic!("there are no threads") };
            assert_eq!(edge.to, Node::Call(edge.call));
            let is_stuck = match needs(&from) {
                Needs::Any(calls) => calls.iter().all(inside),
                Needs::All(calls) => calls.iter().any(inside),
                Needs::Nothing | Needs::Thread(_) => false,
            };
            assert!(is_stuck, "{from} can go on: {edges:?}");
            assert!(leads_back(edge.from.id(), edges));
        }
    }

    proptest::proptest! {
        /// Among any number of rings, each of which is ended at one call.
        #[test]
        fn rings_are_found_until_the_root_goes_on(
            inputs in proptest::collection::vec(
                (proptest::bool::ANY, proptest::collection::vec(0..CALLS, 0..4)), CALLS
            ),
            root in 0..CALLS,
        ) {
            let mut reference = Reference::default();
            for (call, (is_any, inputs)) in inputs.into_iter().enumerate() {
                reference.inputs[call] = inputs;
                reference.is_any[call] = is_any;
            }
            loop {
                let needs = |call: &Call| reference.needs(*call);
                let found = ring_of(root, needs, &mut Memory::new(usize::MAX));
                assert_eq!(matches!(found, Found::Ring(_)), reference.stuck(None).1[root]);
                let Found::Ring(edges) = found else { break };
                check_ring(&edges, needs);
                let Some(Edge { from: Node::Call(victim), .. }) = edges.first() else {
                    panic!("a ring has a call")
                };
                reference.inputs[*victim].clear();
            }
        }

        #[test]
        fn wait_is_a_deadlock_if_and_only_if_it_never_ends(
            steps in proptest::collection::vec(
                (0..6_u8, 0..THREADS, proptest::collection::vec(0..CALLS, 1..4)),
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
