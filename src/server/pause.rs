//! Pauses that the plan asks for, measured against it.

use super::Shared;
use crate::protocol::Pause;
use crate::timer::Moment;

/// Waits for as long as the plan says, from `start` on. Returns how long it really was.
///
/// One that is given up (its connection has gone) counts if it should have been over by then: a
/// client whose time ran out because the server was late leaves no other sign of it.
pub(super) async fn pause(shared: &Shared, pause: Pause, start: Moment, planned_ns: u64) -> u64 {
    if planned_ns == 0 {
        return Moment::now().ns_since(start);
    }
    let pending = Pending { shared, pause, start, planned_ns, is_over: false };
    shared.timer.sleep_until(start.after_ns(planned_ns)).await;
    pending.end()
}

/// A pause that is not over yet.
struct Pending<'a> {
    shared: &'a Shared,
    pause: Pause,
    start: Moment,
    planned_ns: u64,
    is_over: bool,
}

impl Pending<'_> {
    fn end(mut self) -> u64 {
        self.is_over = true;
        let actual_ns = Moment::now().ns_since(self.start);
        self.shared.ledger.paused(self.pause, self.planned_ns, actual_ns);
        actual_ns
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let actual_ns = Moment::now().ns_since(self.start);
        if actual_ns > self.planned_ns {
            self.shared.ledger.paused(self.pause, self.planned_ns, actual_ns);
        }
    }
}
