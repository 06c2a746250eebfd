//! Tests without processes: pure functions and the shape of the tree.
