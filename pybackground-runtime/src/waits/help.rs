//! What one more thread could do for those who wait.

use std::sync::Arc;

use super::Awaited;
use crate::task::Job;

/// What one more thread could do for those who wait.
pub(crate) enum Help {
    /// Nothing, as far as is known: what they wait for runs, and waits in turn, or waits to be woken.
    Nothing,
    /// Run whatever it finds: what they wait for waits for a slot of a limit, which any call may have.
    RunAny,
    /// Run this call, which waits for a thread.
    Run(Arc<dyn Job>),
}

/// So many calls are looked at for each who waits: a look is not to take longer than what it may spare.
const LOOKS: usize = 64;

impl Help {
    /// The better of two.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Run(_) => self,
            Self::Nothing => other(),
            Self::RunAny => match other() {
                Self::Nothing => Self::RunAny,
                better => better,
            },
        }
    }

    /// What can be done for who waits for any of `calls`. Those that were looked at are left in `looked_at`.
    pub(super) fn for_calls(
        mut calls: impl Iterator<Item = Awaited>,
        looked_at: &mut Vec<Arc<dyn Job>>,
    ) -> Self {
        let mut help = Self::Nothing;
        let mut inputs = Vec::new();
        for _ in 0..LOOKS {
            let Some(Awaited(call)) = inputs.pop().or_else(|| calls.next()) else {
                return help;
            };
            looked_at.push(call.clone());
            if call.wants_thread() {
                return Self::Run(call);
            }
            if call.is_done() || !call.runner().is_none() || call.is_suspended() {
                continue;
            }
            let first = inputs.len();
            inputs.extend(call.inputs().into_iter().map(|input| Awaited(input.job)));
            if inputs.len() == first {
                help = Self::RunAny;
            }
        }
        Self::RunAny
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::task::{Closure, Input, Task};

    type Called = Arc<Task<Closure<fn()>>>;

    fn help_for(calls: &[&Called]) -> Help {
        let calls = calls.iter().map(|call| Awaited(Called::clone(call)));
        Help::for_calls(calls, &mut Vec::new())
    }

    fn queued() -> Called {
        Task::new(&Options::here(), Closure(|| ()))
    }

    fn held() -> Called {
        Task::held(&Options::here(), Closure(|| ()))
    }

    fn is(help: &Help, call: &Called) -> bool {
        matches!(help, Help::Run(it) if std::ptr::addr_eq(Arc::as_ptr(it), Arc::as_ptr(call)))
    }

    #[test]
    fn a_call_that_waits_for_a_thread_is_run() {
        let (ended, call) = (queued(), queued());
        ended.clone().run();
        assert!(matches!(help_for(&[&ended]), Help::Nothing));
        assert!(is(&help_for(&[&ended, &held(), &call]), &call));
    }

    #[test]
    fn for_a_call_that_waits_for_its_turn_any_may_be_run() {
        assert!(matches!(help_for(&[&held()]), Help::RunAny));
    }

    #[test]
    fn the_input_of_an_input_is_run() {
        let [first, second, third] = [queued(), held(), held()];
        for (call, input) in [(&second, &first), (&third, &second)] {
            call.await_inputs(vec![Input { job: input.clone(), is_owned: true }], None);
        }
        assert!(is(&help_for(&[&third]), &first));
        first.clone().run();
        assert!(is(&help_for(&[&third]), &second));
    }

    #[test]
    fn who_waits_for_very_many_is_not_looked_at_to_the_end() {
        let held = held();
        held.await_inputs(vec![Input { job: queued(), is_owned: true }], None);
        let ended = queued();
        ended.clone().run();
        let many: Vec<_> = (0..2 * LOOKS).map(|_| &ended).collect();
        assert!(matches!(help_for(&many), Help::RunAny));
    }
}
