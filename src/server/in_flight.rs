//! A request in flight.

use std::sync::Arc;

use super::Shared;

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    shared: Arc<Shared>,
    whole: bool,
}

impl InFlight {
    pub(super) fn enter(shared: Arc<Shared>) -> InFlight {
        shared.ledger.entered();
        InFlight { shared, whole: false }
    }

    /// All of the body is handed over.
    pub(super) fn leave(mut self) {
        self.whole = true;
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.shared.ledger.left(self.whole);
    }
}
