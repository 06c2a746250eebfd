//! Tests without processes: pure functions and the shape of the tree.

// `cfg(test)`, so that clippy lets the functions between the tests unwrap, too.
#[cfg(test)]
mod layering;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod verbs;
