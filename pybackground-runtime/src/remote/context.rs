//! What a call tells the calls that its body makes: it travels as the first argument.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::trace_parent;
use crate::process::expansion::{Arguments, Broken, Received};
use crate::process::{is_child, read_argument};
use crate::sync::lock_leaf;

/// The place of a call among the calls that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CallerContext {
    /// How many bodies with `remote` are above the call.
    pub(super) depth: u32,
    /// The fingerprints of those functions that have a limit: of the bodies above, and of the call itself.
    pub(super) limited: Vec<u64>,
    /// The caller's trace, as W3C writes it.
    pub(super) trace_parent: Option<String>,
}

/// The context of the body that this process runs, if it is a child.
static CURRENT: Mutex<Option<CallerContext>> = Mutex::new(None);

/// Returns the context of a call that is made now.
fn of_new_call() -> CallerContext {
    let mut context = match &*lock_leaf(&CURRENT) {
        Some(current) => {
            CallerContext { depth: current.depth.saturating_add(1), ..current.clone() }
        }
        None => CallerContext::default(),
    };
    // A body may have a span of its own, below that of its caller.
    if let Some(parent) = trace_parent::of_caller() {
        context.trace_parent = Some(parent);
    }
    context
}

/// Begins the arguments of a call.
#[must_use]
pub fn arguments() -> Arguments {
    let mut arguments = Arguments::new();
    arguments.write("context", &of_new_call());
    arguments
}

impl CallerContext {
    /// Reads the context at the begin of some arguments, and how many bytes it takes there. `None` if the bytes are of
    /// another format.
    pub(super) fn of_arguments(arguments: &[u8]) -> Option<(Self, usize)> {
        let (length, rest) = arguments.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let context = serde_bare::from_slice(rest.get(..length)?).ok()?;
        Some((context, 8 + length))
    }

    /// Puts this context in the place of the one at the begin of some arguments, which takes so many bytes there.
    pub(super) fn replace_in(&self, arguments: &mut Vec<u8>, bytes: usize) {
        let mut begin = Arguments::new();
        begin.write("context", self);
        if let Ok(begin) = begin.into_bytes() {
            arguments.splice(..bytes, begin);
        }
    }
}

/// Takes the context of a call whose body begins. A child runs one body at a time.
///
/// # Errors
///
/// If the bytes are of another format.
pub fn enter(received: &mut Received<'_>) -> Result<(), Broken> {
    let mut context = read_argument::<CallerContext>(received, "context")?;
    context.trace_parent = context.trace_parent.filter(|text| trace_parent::is_trace_parent(text));
    if is_child() {
        *lock_leaf(&CURRENT) = Some(context);
    }
    Ok(())
}

/// Returns the trace that the caller of this body is part of, as `remote().traceparent(..)` gave it to the call: in a
/// body with `remote` that runs in a process of this machine or of a worker. The form is that of the W3C's header
/// `traceparent`, which exporters of traces read.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, remote, traceparent};
///
/// const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
///
/// #[background(remote)]
/// fn trace() -> Option<String> { traceparent() }
///
/// // In a program: the span of the thread that calls, from its exporter.
/// remote().traceparent(|| Some(TRACE.to_owned())).install().unwrap();
/// assert_eq!(trace().as_deref(), Some(TRACE));
/// assert_eq!(traceparent(), None, "this is no such body");
/// ```
#[must_use]
pub fn traceparent() -> Option<String> {
    lock_leaf(&CURRENT).as_ref()?.trace_parent.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_replaced_before_the_other_arguments() {
        let mut arguments = arguments();
        arguments.write("number", &7_u32);
        let mut bytes = arguments.into_bytes().unwrap();
        let end = bytes[CallerContext::of_arguments(&bytes).unwrap().1..].to_vec();
        let parent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let other = CallerContext { depth: 3, limited: vec![1, u64::MAX], trace_parent: parent };
        let length = CallerContext::of_arguments(&bytes).unwrap().1;
        other.replace_in(&mut bytes, length);
        let (read, length) = CallerContext::of_arguments(&bytes).unwrap();
        assert_eq!((read, &bytes[length..]), (other, &*end));
    }

    #[test]
    fn other_bytes_are_no_context() {
        for bytes in [&[][..], &[0; 7], &[0; 8], &[255; 8], &[9, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(CallerContext::of_arguments(bytes), None, "{bytes:?}");
        }
    }
}
