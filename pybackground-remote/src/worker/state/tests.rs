use pybackground_runtime::__private::remote::{ChildFunction, Function, Shape, Terms};

use super::*;

static CHILD: ChildFunction = ChildFunction::new("f", |_| Ok(Vec::new()));
static FUNCTION: Function = Function::new(&CHILD, "f", Shape::add::<u32>, Terms::new().retry(3));

/// A call as it is delivered for the given time.
fn call(number: u64, delivered: u64) -> Delivery {
    let key = Key { client: "c".to_owned(), number };
    Delivery {
        head: CallHead::new(&key, FUNCTION.retries(), false, None),
        key,
        arguments: Vec::new(),
        function: &FUNCTION,
        depth: 0,
        acknowledge: number.to_string(),
        delivered,
        since: Instant::now(),
        is_vetted: false,
    }
}

/// A state with one slot and one function, which takes no time.
fn one_slot() -> State {
    let mut state = State::new(1);
    let served =
        Served { fingerprint: FUNCTION.fingerprint(), depth: 0, queue: "default".to_owned() };
    state.sources.push(Source {
        served,
        subject: String::new(),
        function: &FUNCTION,
        requested: 0,
        request_ends: None,
        paused_until: None,
    });
    assert!(matches!(state.admit(call(0, 1)), Admit::Waits));
    let (first, _stopped) = state.next().unwrap();
    state.release(&first, Duration::ZERO, true);
    state
}

fn vetted(state: &mut State, number: u64) -> (Delivery, oneshot::Receiver<()>) {
    match state.admit(call(number, 2)) {
        Admit::Vet(call, stopped) => (call, stopped),
        Admit::Waits | Admit::Finished | Admit::Held => panic!("{number} is not vetted"),
    }
}

#[test]
fn calls_of_a_dead_worker_are_vetted_at_once_and_without_a_slot() {
    let mut state = one_slot();
    let (mut doubtful, _stopped): (Vec<Delivery>, Vec<_>) =
        (1..=100).map(|number| vetted(&mut state, number)).unzip();
    assert!(state.next().is_none(), "a call has a slot that may run elsewhere");
    assert!(matches!(state.admit(call(1, 2)), Admit::Held));
    assert!(matches!(state.admit(call(101, 1)), Admit::Waits));
    let (other, _stop) = state.next().expect("the slot is free meanwhile");
    assert_eq!(other.key.number, 101);
    state.release(&other, Duration::ZERO, true);
    let mut first = doubtful.remove(0);
    first.is_vetted = true;
    state.enqueue(first);
    assert_eq!(state.next().unwrap().0.key.number, 1);
}

#[test]
fn vetted_calls_count_as_work_ahead() {
    let mut state = one_slot();
    let wanted = |state: &State| state.wanted(&state.sources[0]);
    let before = wanted(&state);
    let (call, _stopped) = vetted(&mut state, 1);
    state.sources[0].requested = before - 1;
    assert_eq!(wanted(&state), 0);
    assert_eq!(state.dismiss(&call, true).as_deref(), Some("1"));
    assert!(state.is_idle());
    state.sources[0].requested = 0;
    assert_eq!(wanted(&state), before);
    assert!(matches!(state.admit(call), Admit::Finished));
}

#[test]
fn call_that_is_vetted_is_stopped() {
    let mut state = one_slot();
    let (call, mut stopped) = vetted(&mut state, 1);
    assert_eq!(state.stop(&call.key), None);
    assert_eq!(stopped.try_recv(), Ok(()));
    // From then on it waits, and is removed.
    let (call, mut stopped) = vetted(&mut state, 2);
    let key = call.key.clone();
    state.enqueue(call);
    assert!(stopped.try_recv().is_err());
    assert_eq!(state.stop(&key).as_deref(), Some("2"));
}
