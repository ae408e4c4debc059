//! `#[background]` in a crate of edition 2018.

#[cfg(test)]
#[path = "../../shapes.rs"]
mod shapes;
