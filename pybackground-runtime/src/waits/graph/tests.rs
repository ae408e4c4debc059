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

impl GraphWait for AnyOf {
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
    Edge { from: GraphNode::Thread(from), call, to: GraphNode::Thread(to) }
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
    let join = Edge { from: GraphNode::Thread(0), call: 1, to: GraphNode::Call(1) };
    let input = Edge { from: GraphNode::Call(1), call: 0, to: GraphNode::Thread(0) };
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
    Edge { from: GraphNode::Call(from), call: to, to: GraphNode::Call(to) }
}

/// Call 0 waits for 1, which needs 2 and 3. Both wait for 0, so there are two rings. Call 3 closes the second
/// ring, and searches before the first ring is broken.
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
    // The awaited call has ended: the thread runs again, and removes its wait.
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
            let awaited = calls.iter().copied().filter(|other| !reference.ended.contains(other));
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
    let inside = |call: &Call| edges.iter().any(|edge| edge.from == GraphNode::Call(*call));
    for edge in edges {
        let GraphNode::Call(from) = edge.from else { panic!("there are no threads") };
        assert_eq!(edge.to, GraphNode::Call(edge.call));
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
            let Some(Edge { from: GraphNode::Call(victim), .. }) = edges.first() else {
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
