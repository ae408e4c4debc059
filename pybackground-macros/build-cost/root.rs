//! What the modules of functions have in common.

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Current,
    Savings,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub address: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub enum Failure {
    Impossible,
    Missing(String),
    Unreadable(String),
}
