//! What a call tells the calls that its body makes: it travels as the first argument.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::process::expansion::{Arguments, Broken, Received};
use crate::process::{is_child, read_argument};
use crate::sync::lock_leaf;

/// The place of a call among the calls that wait for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Context {
    /// How many bodies with `remote` are above the call.
    pub(super) depth: u32,
}

/// The context of the body that this process runs, if it is a child.
static CURRENT: Mutex<Option<Context>> = Mutex::new(None);

/// Returns the context of a call that is made now.
pub(super) fn of_new_call() -> Context {
    let depth = lock_leaf(&CURRENT).map_or(0, |current| current.depth.saturating_add(1));
    Context { depth }
}

/// Begins the arguments of a call.
#[must_use]
pub fn arguments() -> Arguments {
    let mut arguments = Arguments::new();
    arguments.write("context", &of_new_call());
    arguments
}

/// Takes the context of a call whose body begins. A child runs one body at a time.
///
/// # Errors
///
/// If the bytes are of another format.
pub fn enter(received: &mut Received<'_>) -> Result<(), Broken> {
    let context = read_argument::<Context>(received, "context")?;
    if is_child() {
        *lock_leaf(&CURRENT) = Some(context);
    }
    Ok(())
}
