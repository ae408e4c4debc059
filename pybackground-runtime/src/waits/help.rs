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
