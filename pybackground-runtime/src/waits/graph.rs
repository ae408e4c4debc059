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
pub(crate) trait GraphWait {
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
pub(crate) enum GraphNode<C> {
    /// A thread that waits.
    Thread(usize),
    /// A call that waits on no thread.
    Call(C),
}

/// `from` can continue only after `to`, which runs the call or is the call that `from` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge<C> {
    pub(crate) from: GraphNode<C>,
    pub(crate) call: C,
    pub(crate) to: GraphNode<C>,
}

impl<C: Identified> GraphNode<C> {
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

impl<W: GraphWait> Graph<W> {
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
    going_on: Table<GraphNode<C>>,
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
pub(crate) enum Root<'a, W: GraphWait> {
    /// A thread and its wait, which need not be in the graph yet.
    Thread(usize, &'a W),
    /// A call that waits on no thread.
    Call(&'a W::Call),
}

impl<W: GraphWait> Root<'_, W> {
    fn id(&self) -> Id {
        match self {
            Self::Thread(number, _) => (*number).into(),
            Self::Call(call) => call.id(),
        }
    }
}

/// A depth-first search for a thread or call that continues by itself.
struct Search<'s, 'g, W: GraphWait> {
    graph: &'g Graph<W>,
    root: &'g Root<'g, W>,
    needs: &'g dyn Fn(&W::Call) -> Needs<W::Call>,
    memory: &'s mut Memory<W::Call>,
    path: Vec<PathStep<'g, W>>,
}

/// A node on the path, and how many of its calls were searched.
struct PathStep<'g, W: GraphWait> {
    node: GraphNode<W::Call>,
    calls: StepCalls<'g, W>,
    looked_at: usize,
}

enum StepCalls<'g, W: GraphWait> {
    /// The node continues after any of those that the wait is for.
    Of(&'g W),
    /// The node continues after any of them.
    Any(Vec<W::Call>),
    /// The node continues after all of them.
    All(Vec<W::Call>),
}

impl<W: GraphWait> PathStep<'_, W> {
    fn next(&mut self) -> Option<W::Call> {
        let at = self.looked_at;
        self.looked_at += 1;
        match &self.calls {
            StepCalls::Of(wait) => wait.call(at),
            StepCalls::Any(calls) | StepCalls::All(calls) => calls.get(at).cloned(),
        }
    }
}

impl<'g, W: GraphWait> Search<'_, 'g, W> {
    /// Returns what keeps the root from going on, and waits for each other or for what does so.
    fn run(mut self) -> Found<W::Call> {
        let Some((root, calls)) = self.start() else { return Found::Nothing };
        let mut edges = Vec::new();
        let mut met = Set::new();
        met.insert(root.id());
        self.path.push(PathStep { node: root.clone(), calls, looked_at: 0 });
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
                self.path.push(PathStep { node: to, calls, looked_at: 0 });
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
    fn start(&self) -> Option<(GraphNode<W::Call>, StepCalls<'g, W>)> {
        match self.root {
            Root::Thread(_, wait) if wait.ends_by_itself() => None,
            Root::Thread(thread, wait) => {
                let root = GraphNode::Thread(*thread);
                let is_known = self.memory.going_on.contains(root.id());
                (!is_known).then_some((root, StepCalls::Of(*wait)))
            }
            Root::Call(call) => {
                self.behind(call).filter(|(node, _)| matches!(node, GraphNode::Call(_)))
            }
        }
    }

    /// Returns the node that has to continue before the call can end, with its calls, or `None` if there is none
    /// or it is known to continue.
    fn behind(&self, call: &W::Call) -> Option<(GraphNode<W::Call>, StepCalls<'g, W>)> {
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
                (GraphNode::Thread(thread), StepCalls::Of(wait))
            }
            Needs::All(calls) => (GraphNode::Call(call.clone()), StepCalls::All(calls)),
            Needs::Any(calls) => (GraphNode::Call(call.clone()), StepCalls::Any(calls)),
        };
        (!self.memory.going_on.contains(node.id())).then_some((node, calls))
    }

    /// All calls of the last node on the path were searched.
    fn leave(&mut self) {
        match self.path.pop() {
            Some(PathStep { node, calls: StepCalls::All(_), .. }) => {
                self.memory.going_on.insert(node.id(), node);
                self.goes_on();
            }
            _ => self.is_blocked(),
        }
    }

    /// The call that was searched last can end.
    fn goes_on(&mut self) {
        while let Some(step) = self.path.pop_if(|step| !matches!(step.calls, StepCalls::All(_))) {
            self.memory.going_on.insert(step.node.id(), step.node);
        }
    }

    /// The call that was searched last cannot end.
    fn is_blocked(&mut self) {
        while self.path.pop_if(|step| matches!(step.calls, StepCalls::All(_))).is_some() {}
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
mod tests;
