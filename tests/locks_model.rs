//! Random operations on locks, joins and awaits, against a reference that knows which actors can ever go on.
//!
//! Bodies, `async` bodies and threads without a body take orders one at a time: take a lock, release one, join or await a
//! body, or a call that ends as a body does. The reference says whether an order is carried out at once, blocks, or would close a cycle. An order that closes a
//! cycle of joins and locks gets the error; in a cycle with an `.await`, an `.await` gets it. A flattened call awaits. A false alarm, and a cycle that
//! is not found, both end the test; so does a lock that is handed to no thread.

mod common;

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Poll, Waker};
use std::thread;

use common::{wait_until, watchdog};
use pybackground::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use pybackground::{Error, Lazy, Shared, Stack, background, snapshot, spawn};

const BODIES: usize = 4;
const THREADS: usize = 2;
const AWAITING: usize = 2;
/// The bodies, then the threads, then the `async` bodies.
const ACTORS: usize = FIRST_AWAITING + AWAITING;
const FIRST_AWAITING: usize = BODIES + THREADS;
const MUTEXES: usize = 3;
const LOCKS: usize = MUTEXES + 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Takes a lock, for reading if it has readers.
    Take {
        lock: usize,
        reads: bool,
    },
    /// Releases the lock that was taken at that place of the list.
    Release(usize),
    Join(usize),
    /// Joins a call that ends as a body does.
    JoinFlattened(usize),
    /// Awaits a call that has the value of a body, or also ends as that one does.
    Await {
        body: usize,
        is_flattened: bool,
    },
    End,
}

impl Order {
    /// Whether an `.await` is part of the wait: it gets the error of a cycle.
    fn is_await(self) -> bool {
        matches!(self, Self::JoinFlattened(_) | Self::Await { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Deadlock,
}

enum Guard {
    Mutex { _guard: MutexGuard<'static, ()> },
    Read { _guard: RwLockReadGuard<'static, ()> },
    Write { _guard: RwLockWriteGuard<'static, ()> },
}

/// The locks of one run. They outlive it: a guard that borrows can be in a list.
struct Table {
    mutexes: [Mutex<()>; MUTEXES],
    locks: [RwLock<()>; LOCKS - MUTEXES],
    /// At the places of the threads, nothing.
    bodies: [OnceLock<Shared<()>>; ACTORS],
    mailboxes: [Mailbox; AWAITING],
}

/// The orders of an `async` body. It keeps a waker only while the body waits for an order.
#[derive(Default)]
struct Mailbox(std::sync::Mutex<(VecDeque<Order>, Option<Waker>)>);

impl Mailbox {
    fn send(&self, order: Order) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.0.push_back(order);
            state.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    async fn receive(&self) -> Order {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            let order = state.0.pop_front();
            if order.is_none() {
                state.1 = Some(context.waker().clone());
            }
            order.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// A call that has the value of a body.
fn mapped(table: &'static Table, body: usize) -> Lazy<()> {
    Shared::map(table.bodies[body].get().unwrap().clone(), |()| ())
}

/// A call that ends as another one does.
fn flattened(table: &'static Table, body: usize) -> Lazy<()> {
    Lazy::and_then(spawn(|| ()), move |()| mapped(table, body))
}

/// Carries out orders until the end.
#[background]
async fn act_asynchronously(own: usize, table: &'static Table, answers: Sender<(usize, Answer)>) {
    loop {
        let answer = match table.mailboxes[own - FIRST_AWAITING].receive().await {
            Order::Await { body, is_flattened } => {
                let call = if is_flattened { flattened } else { mapped };
                answer_of(Lazy::outcome(call(table, body)).await.as_ref())
            }
            Order::End => return,
            order => panic!("{order:?} is no order of an `async` body"),
        };
        answers.send((own, answer)).unwrap();
    }
}

/// Carries out orders until the end.
fn act(
    own: usize,
    table: &'static Table,
    orders: &Receiver<Order>,
    answers: &Sender<(usize, Answer)>,
) {
    let mut guards: Vec<Guard> = Vec::new();
    for order in orders {
        let answer = match order {
            Order::Take { lock, reads } => {
                match catch_unwind(AssertUnwindSafe(|| take(table, lock, reads))) {
                    Ok(guard) => {
                        guards.push(guard);
                        Answer::Done
                    }
                    Err(_) => Answer::Deadlock,
                }
            }
            Order::Release(at) => {
                drop(guards.remove(at));
                Answer::Done
            }
            Order::Join(body) => answer_of(Shared::wait(table.bodies[body].get().unwrap())),
            Order::JoinFlattened(body) => answer_of(Lazy::join(flattened(table, body)).as_ref()),
            Order::End => return,
            Order::Await { .. } => panic!("a body awaits only if it is `async`"),
        };
        answers.send((own, answer)).unwrap();
    }
}

fn answer_of(outcome: Result<&(), &Error>) -> Answer {
    match outcome {
        Ok(()) => Answer::Done,
        Err(error) if error.is_deadlock() => Answer::Deadlock,
        Err(error) => panic!("{error}"),
    }
}

fn take(table: &'static Table, lock: usize, reads: bool) -> Guard {
    let clean = "no thread panics with a lock";
    match lock.checked_sub(MUTEXES) {
        None => Guard::Mutex { _guard: table.mutexes[lock].lock().expect(clean) },
        Some(lock) if reads => Guard::Read { _guard: table.locks[lock].read().expect(clean) },
        Some(lock) => Guard::Write { _guard: table.locks[lock].write().expect(clean) },
    }
}

/// What each actor holds and waits for, in the plainest form.
#[derive(Default)]
struct Reference {
    /// The locks, each with whether it is held for reading.
    held: [Vec<(usize, bool)>; ACTORS],
    waits: [Option<Order>; ACTORS],
    ended: BTreeSet<usize>,
}

impl Reference {
    fn holders(&self, lock: usize, reads: bool) -> impl Iterator<Item = usize> + '_ {
        let blocks = move |held: &(usize, bool)| held.0 == lock && !(reads && held.1);
        (0..ACTORS).filter(move |actor| self.held[*actor].iter().any(blocks))
    }

    fn is_free(&self, order: Order) -> bool {
        match order {
            Order::Take { lock, reads } => self.holders(lock, reads).next().is_none(),
            Order::Join(body) | Order::JoinFlattened(body) | Order::Await { body, .. } => {
                self.ended.contains(&body)
            }
            Order::Release(_) | Order::End => true,
        }
    }

    /// Whether `actor` would never go on if it waited for `order`. An actor goes on only if it is known to, or if it awaits and
    /// `awaits` is false.
    fn never_goes_on(&self, actor: usize, order: Order, awaits: bool) -> bool {
        let is_free = |other: usize| {
            let waits = self.waits[other];
            other != actor && waits.is_none_or(|wait| wait.is_await() && !awaits)
        };
        let mut goes_on: [bool; ACTORS] = std::array::from_fn(is_free);
        for _ in 0..ACTORS {
            for other in 0..ACTORS {
                let waits = if other == actor { Some(order) } else { self.waits[other] };
                goes_on[other] |= match waits {
                    Some(Order::Take { lock, reads }) => {
                        self.holders(lock, reads).all(|holder| goes_on[holder])
                    }
                    Some(
                        Order::Join(body) | Order::JoinFlattened(body) | Order::Await { body, .. },
                    ) => self.ended.contains(&body) || goes_on[body],
                    _ => false,
                };
            }
        }
        !goes_on[actor]
    }

    fn is_done(&mut self, actor: usize, order: Order) {
        self.waits[actor] = None;
        match order {
            Order::Take { lock, reads } => self.held[actor].push((lock, reads)),
            Order::Release(at) => drop(self.held[actor].remove(at)),
            Order::End => drop(self.ended.insert(actor)),
            Order::Join(_) | Order::JoinFlattened(_) | Order::Await { .. } => {}
        }
    }
}

/// Numbers that a seed determines.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn order(&mut self, reference: &Reference, actor: usize) -> Order {
        if actor >= FIRST_AWAITING {
            return Order::Await { body: self.below(BODIES), is_flattened: self.below(2) > 0 };
        }
        let held = reference.held[actor].len();
        match self.below(10) {
            0 | 1 if held > 0 => Order::Release(self.below(held)),
            2 => Order::Join(self.below(BODIES)),
            3 => Order::Join(FIRST_AWAITING + self.below(AWAITING)),
            4 => Order::JoinFlattened(self.below(BODIES)),
            _ => {
                let lock = self.below(LOCKS);
                Order::Take { lock, reads: lock >= MUTEXES && self.below(3) > 0 }
            }
        }
    }
}

struct Run {
    table: &'static Table,
    reference: Reference,
    orders: Vec<Sender<Order>>,
    answers: Receiver<(usize, Answer)>,
    /// Answers that came before the one that was expected: a lock may be passed on before its release is told.
    early: VecDeque<(usize, Answer)>,
    names: Vec<String>,
}

impl Run {
    fn start() -> Self {
        let table: &'static Table = Box::leak(Box::new(Table {
            mutexes: Default::default(),
            locks: Default::default(),
            bodies: Default::default(),
            mailboxes: Default::default(),
        }));
        let (answer, answers) = channel();
        let (tell, told) = channel();
        let mut orders = Vec::new();
        for actor in FIRST_AWAITING..ACTORS {
            let call = act_asynchronously(actor, table, answer.clone());
            table.bodies[actor].set(Lazy::share(call)).unwrap();
        }
        for actor in 0..FIRST_AWAITING {
            let (order, ordered) = channel();
            let (answer, tell) = (answer.clone(), tell.clone());
            let run = move || {
                tell.send((actor, thread::current().name().unwrap().to_owned())).unwrap();
                act(actor, table, &ordered, &answer);
            };
            if actor < BODIES {
                table.bodies[actor].set(Lazy::share(spawn(run))).unwrap();
            } else {
                thread::Builder::new().name(format!("outside-{actor}")).spawn(run).unwrap();
            }
            orders.push(order);
        }
        let mut names: Vec<(usize, String)> = told.iter().take(FIRST_AWAITING).collect();
        names.sort_unstable();
        let names = names.into_iter().map(|(_, name)| name).collect();
        let (reference, early) = (Reference::default(), VecDeque::new());
        Self { table, reference, orders, answers, early, names }
    }

    /// Waits until the actor blocks.
    fn blocks(&self, actor: usize) {
        wait_until(|| {
            let report = snapshot();
            let own = |stack: &&Stack| stack.thread() == self.names[actor];
            report.stacks.iter().find(own).is_some_and(|stack| stack.wait().is_some())
        });
    }

    fn give(&mut self, actor: usize, order: Order) {
        let is_free = self.reference.is_free(order);
        // Only an `.await` gets the error of a cycle with an `.await`.
        let is_deadlock = !order.is_await() && self.reference.never_goes_on(actor, order, false);
        if actor >= FIRST_AWAITING {
            self.table.mailboxes[actor - FIRST_AWAITING].send(order);
        } else {
            self.orders[actor].send(order).unwrap();
        }
        if order == Order::End {
            self.reference.is_done(actor, order);
            // Its locks are released as it ends.
            self.reference.held[actor].clear();
        } else if is_free || is_deadlock {
            let expected = if is_free { Answer::Done } else { Answer::Deadlock };
            assert_eq!(self.answer_of(actor), expected, "{order:?}");
            if is_free {
                self.reference.is_done(actor, order);
            }
        } else {
            self.reference.waits[actor] = Some(order);
            // The search of another `.await` of the cycle may come first, and then that one gets the error.
            while self.reference.waits[actor].is_some()
                && self.reference.never_goes_on(actor, order, true)
            {
                let (other, answer) = self.answers.recv().unwrap();
                let waited = self.reference.waits[other].take();
                let is_stuck =
                    waited.is_some_and(|wait| self.reference.never_goes_on(other, wait, true));
                assert!(
                    waited.is_some_and(Order::is_await) && is_stuck,
                    "{other} is not in the cycle of {order:?}"
                );
                assert_eq!(answer, Answer::Deadlock);
            }
            if actor < FIRST_AWAITING && self.reference.waits[actor].is_some() {
                self.blocks(actor);
            }
        }
        self.let_others_go_on();
    }

    fn answer_of(&mut self, actor: usize) -> Answer {
        loop {
            let (other, answer) = self.answers.recv().unwrap();
            if other == actor {
                return answer;
            }
            self.early.push_back((other, answer));
        }
    }

    /// Expects an answer of each actor whose wait is over, one after the other: a lock goes to one of them.
    fn let_others_go_on(&mut self) {
        let is_over = |reference: &Reference| {
            reference.waits.iter().flatten().any(|order| reference.is_free(*order))
        };
        while is_over(&self.reference) {
            let next = self.early.pop_front();
            let (actor, answer) = next.unwrap_or_else(|| self.answers.recv().unwrap());
            let order = self.reference.waits[actor].expect("only an actor that waits answers now");
            assert_eq!(answer, Answer::Done, "{order:?}");
            assert!(self.reference.is_free(order), "{order:?} is done too early");
            self.reference.is_done(actor, order);
        }
    }

    /// Ends all actors. Each that waits goes on when those before have ended.
    fn end(mut self) {
        while self.reference.ended.len() < ACTORS {
            let ended = &self.reference.ended;
            let waits = |actor: usize| self.reference.waits[actor].is_some();
            let next = (0..ACTORS).find(|actor| !ended.contains(actor) && !waits(*actor));
            self.give(next.expect("an actor goes on, because no cycle was closed"), Order::End);
        }
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let mut run = Run::start();
    for _ in 0..60 {
        let actor = random.below(ACTORS);
        if run.reference.waits[actor].is_none() {
            let order = random.order(&run.reference, actor);
            run.give(actor, order);
        }
    }
    run.end();
}

/// How many sequences of orders are tried. `PYBACKGROUND_SEQUENCES` says another number.
fn sequences() -> u64 {
    std::env::var("PYBACKGROUND_SEQUENCES").map_or(150, |number| number.parse().unwrap())
}

#[test]
fn wait_is_a_deadlock_if_and_only_if_the_reference_never_goes_on() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload_as_str().unwrap_or_default();
        if !text.starts_with("this lock would never") {
            eprintln!("{info}");
        }
    }));
    for seed in 0..sequences() {
        let _watchdog = watchdog();
        run(seed);
    }
}
