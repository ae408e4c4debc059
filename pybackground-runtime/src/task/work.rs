//! What follows from the end of a call, performed without recursion.
//!
//! The end of a call wakes futures, enqueues dependents, passes permits on and drops values that own
//! further calls. Any of these may end another call. With recursion, a chain of such ends would need a
//! stack as deep as the chain is long. So a thread performs the first piece of work at once. It puts off
//! the pieces that follow from it, and performs them one after the other when the first has returned.
//!
//! User code (wakers, destructors and, in sequential mode, bodies) comes after everything else, because it may
//! block. A thread that is about to block in a join first performs the user code that it has put off: see
//! [`perform_one`].

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::panic::catch;
use crate::runnable::Runnable;
use crate::stacks::{self, Frame};
use crate::sync::thread_local;

/// What the end of a call, or of its last dependency, leads to.
pub(super) trait FollowUp {
    fn perform(self: Box<Self>);
}

/// Where a permit was given up.
pub(super) trait PassOn: Sync {
    /// Passes the permit on to the next call that waits.
    fn pass_on(&'static self);
}

enum Work {
    FollowUp(Box<dyn FollowUp>),
    Release(&'static dyn PassOn),
    User(UserCode),
}

enum UserCode {
    Run(Arc<dyn Runnable>),
    Wake(Waker),
    Drop(Box<dyn Any + Send>),
}

/// What a thread has put off, and what it performs now.
#[derive(Default)]
struct PutOff {
    work: VecDeque<Work>,
    user_code: VecDeque<UserCode>,
    is_working: bool,
    is_in_user_code: bool,
    /// The same below a sync body that the thread runs in sequential mode, and the body below that.
    below: Option<(Box<PutOff>, Frame)>,
}

thread_local! {
    static PUT_OFF: RefCell<PutOff> = const {
        RefCell::new(PutOff {
            work: VecDeque::new(),
            user_code: VecDeque::new(),
            is_working: false,
            is_in_user_code: false,
            below: None,
        })
    };
}

impl PutOff {
    fn push(&mut self, work: Work) {
        match work {
            Work::User(code) => self.user_code.push_back(code),
            work => self.work.push_back(work),
        }
    }

    /// What this thread performs next, on top of what it performs already.
    fn next(&mut self) -> Option<Work> {
        if self.is_working {
            return None;
        }
        if let Some(work) = self.work.pop_front() {
            self.is_working = true;
            return Some(work);
        }
        if self.is_in_user_code {
            return None;
        }
        let code = self.user_code.pop_front()?;
        self.is_in_user_code = true;
        Some(Work::User(code))
    }

    fn take_user_code(&mut self) -> Option<UserCode> {
        self.user_code.pop_front().or_else(|| self.below.as_mut()?.0.take_user_code())
    }

    fn performed(&mut self, is_user_code: bool) {
        if is_user_code {
            self.is_in_user_code = false;
        } else {
            self.is_working = false;
        }
    }
}

/// Calls `act` with what this thread has put off. Fails only while the thread ends.
fn put_off<R>(act: impl FnOnce(&mut PutOff) -> R) -> Option<R> {
    PUT_OFF.try_with(|put_off| act(&mut put_off.borrow_mut())).ok()
}

fn perform(work: Work) {
    let mut work = Some(work);
    put_off(|put_off| work.take().into_iter().for_each(|work| put_off.push(work)));
    match work {
        Some(work) => work.act(),
        None => perform_all(),
    }
}

fn perform_all() {
    while let Some(next) = put_off(PutOff::next).flatten() {
        let is_user_code = matches!(next, Work::User(_));
        next.act();
        put_off(|put_off| put_off.performed(is_user_code));
    }
}

impl Work {
    /// Performs the work. No panic gets out.
    fn act(self) {
        catch(|| match self {
            Self::FollowUp(code) => code.perform(),
            Self::Release(limit) => limit.pass_on(),
            Self::User(UserCode::Run(job)) if job.is_future() => job.run(),
            Self::User(UserCode::Run(job)) => on_top(|| job.run()),
            Self::User(UserCode::Wake(waker)) => waker.wake(),
            Self::User(UserCode::Drop(rest)) => drop(rest),
        });
    }
}

/// Performs a piece of user code that this thread has put off; `false` if there is none. The thread is
/// about to block, perhaps until a call ends that this code wakes or drops.
pub(crate) fn perform_one() -> bool {
    let take = |put_off: &mut PutOff| {
        let code = put_off.take_user_code()?;
        Some((code, std::mem::replace(&mut put_off.is_in_user_code, true)))
    };
    let Some((code, was_in_user_code)) = put_off(take).flatten() else {
        return false;
    };
    Work::User(code).act();
    put_off(|put_off| put_off.is_in_user_code = was_in_user_code);
    true
}

/// Performs what follows from the end of a call or of a dependency.
pub(super) fn follow_up(code: Box<dyn FollowUp>) {
    perform(Work::FollowUp(code));
}

/// Passes on a permit that was given up.
pub(super) fn release(limit: &'static dyn PassOn) {
    perform(Work::Release(limit));
}

/// Wakes `waker`, which may be foreign code.
pub(super) fn wake(waker: Waker) {
    perform(Work::User(UserCode::Wake(waker)));
}

/// Drops the body of a call that was closed, which may own further calls.
pub(super) fn drop_body(body: Box<dyn Any + Send>) {
    perform(Work::User(UserCode::Drop(body)));
}

/// Runs `body`, whose calls run at once, where calls run in sequence: they do not wait for the work that this
/// thread performs now.
fn on_top(body: impl FnOnce()) {
    put_off(|put_off| {
        let below = std::mem::take(put_off);
        put_off.below = Some((Box::new(below), stacks::current()));
    });
    catch(body);
    put_off(|put_off| {
        let top = std::mem::take(put_off);
        *put_off = top.below.map(|(below, _)| *below).unwrap_or_default();
        put_off.user_code.extend(top.user_code);
    });
    perform_all();
}

/// Runs a new call on this thread, where calls run in sequence: a body at once, a future in turn, because
/// futures that call futures would recurse.
pub(crate) fn run_new(job: Arc<dyn Runnable>) {
    if job.is_future() {
        run(job);
    } else {
        on_top(|| job.run());
    }
}

/// Runs a call on this thread in turn, where calls run in sequence. Calls that the end of a body enqueues run after
/// that body, not on top of it.
pub(crate) fn run(job: Arc<dyn Runnable>) {
    let mut job = Some(job);
    put_off(|put_off| match &mut put_off.below {
        Some((below, body)) if *body == stacks::current() => {
            below.user_code.extend(job.take().map(UserCode::Run));
        }
        _ => {}
    });
    if let Some(job) = job {
        perform(Work::User(UserCode::Run(job)));
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;
    use std::panic::resume_unwind;
    use std::sync::Mutex;
    use std::task::Wake;

    /// A waker that brings about the next of a chain, and notes that it was woken.
    struct Link {
        next: Option<Waker>,
        log: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Wake for Link {
        fn wake(self: Arc<Self>) {
            self.log.lock().unwrap().push("begin");
            if let Some(next) = &self.next {
                super::wake(next.clone());
            }
            self.log.lock().unwrap().push("end");
            resume_unwind(Box::new(()));
        }
    }

    /// Each link panics as well, which does not keep the next from being woken.
    #[test]
    fn chain_of_wakers_does_not_recurse() {
        let log = Arc::default();
        let link = |next| Waker::from(Arc::new(Link { next, log: Arc::clone(&log) }));
        let mut chain = link(None);
        for _ in 1..1_000 {
            chain = link(Some(chain));
        }
        wake(chain);
        assert_eq!(*log.lock().unwrap(), ["begin", "end"].repeat(1_000));
    }

    #[test]
    fn thread_performs_what_it_has_put_off_before_it_blocks() {
        struct Blocks(Waker, Arc<Mutex<Vec<&'static str>>>);
        impl Wake for Blocks {
            fn wake(self: Arc<Self>) {
                super::wake(self.0.clone());
                while perform_one() {}
                self.1.lock().unwrap().push("blocks");
            }
        }
        let log = Arc::default();
        let last = Waker::from(Arc::new(Link { next: None, log: Arc::clone(&log) }));
        wake(Waker::from(Arc::new(Blocks(last, log.clone()))));
        assert_eq!(*log.lock().unwrap(), ["begin", "end", "blocks"]);
    }
}
