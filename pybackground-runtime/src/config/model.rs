//! The settings of the models that a thread of the system runs one after the other.

use std::cell::RefCell;

use super::resolve::{Config, ProgramSettings, read_variable, resolve};
use super::{Configure, configure};

thread_local! {
    static SETTINGS: RefCell<ProgramSettings> = RefCell::new(configure().workers(1).settings);
}

/// Sets up the pools of the models to come.
pub(crate) fn set(configure: Configure) {
    SETTINGS.set(configure.settings);
}

pub(crate) fn effective() -> Config {
    SETTINGS.with_borrow(|settings| resolve(settings, read_variable)).expect("settings that can be")
}
