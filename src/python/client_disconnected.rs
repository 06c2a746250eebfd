//! `rdev.client_disconnected`: how an application that works for long finds out that
//! nobody waits for the answer any more (`waitress.client_disconnected` is its model).

use std::sync::Arc;

use pyo3::prelude::*;

use super::call::Conversation;

#[pyclass(frozen, module = "rdev", name = "client_disconnected")]
pub(super) struct ClientDisconnected(pub(super) Arc<Conversation>);

#[pymethods]
impl ClientDisconnected {
    /// True once the client is gone, or the request over. Reads nothing, waits for
    /// nothing, and may be called from any thread.
    fn __call__(&self, py: Python<'_>) -> bool {
        self.0.lane.is_shut() || self.0.is_over(py)
    }
}
