//! The hooks that carry something from each call to its body.

use std::fmt;
use std::sync::Arc;

use crate::carry::{self, Carried, CarryHook};

#[derive(Clone, Default)]
pub(super) struct Carriers(Vec<Arc<dyn CarryHook>>);

impl Carriers {
    pub(super) fn add(&mut self, carrier: impl CarryHook + 'static) {
        self.0.push(Arc::new(carrier));
    }

    pub(super) fn install(&self) {
        carry::install(
            self.0.iter().map(|carrier| Box::new(carrier.clone()) as Box<dyn CarryHook>),
        );
    }
}

impl CarryHook for Arc<dyn CarryHook> {
    fn capture(&self) -> Box<dyn Carried> {
        (**self).capture()
    }
}

impl PartialEq for Carriers {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len() && pairs.all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

impl Eq for Carriers {}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
