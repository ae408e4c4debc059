//! What the program does on the threads that run bodies, and what it calls them.

use std::fmt;
use std::sync::Arc;

use super::error::ConfigError;
use crate::panic::catch;

/// Code of the program.
type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(super) start: Option<Hook>,
    pub(super) exit: Option<Hook>,
    pub(super) name: Option<String>,
}

impl Hooks {
    /// Fails if no thread can have the name.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match &self.name {
            Some(name) if name.is_empty() || name.contains('\0') => {
                let rule = "it has to be a text that is not empty and has no NUL";
                Err(ConfigError::new(format!("thread_name is {name:?}; {rule}")))
            }
            _ => Ok(()),
        }
    }

    /// The name of a thread.
    pub(crate) fn name_of(&self, id: usize) -> String {
        format!("{}-{id}", self.prefix())
    }

    /// Whether it is a name of [`name_of`](Self::name_of).
    pub(crate) fn is_name(&self, name: &str) -> bool {
        let id = name.strip_prefix(self.prefix()).and_then(|rest| rest.strip_prefix('-'));
        id.is_some_and(|id| id.parse::<usize>().is_ok())
    }

    fn prefix(&self) -> &str {
        self.name.as_deref().unwrap_or("background")
    }

    /// Runs `run`, which is all that this thread does, between the hooks.
    pub(crate) fn around(&self, run: impl FnOnce()) {
        if let Some(start) = &self.start {
            catch(|| start());
        }
        run();
        if let Some(exit) = &self.exit {
            catch(|| exit());
        }
    }

    fn is_same(one: Option<&Hook>, other: Option<&Hook>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl PartialEq for Hooks {
    fn eq(&self, other: &Self) -> bool {
        Self::is_same(self.start.as_ref(), other.start.as_ref())
            && Self::is_same(self.exit.as_ref(), other.exit.as_ref())
            && self.name == other.name
    }
}

impl Eq for Hooks {}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, exit, name } = self;
        f.debug_struct("Hooks")
            .field("start", &start.is_some())
            .field("exit", &exit.is_some())
            .field("name", name)
            .finish()
    }
}
