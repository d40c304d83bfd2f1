//! The timer over tokio's.

use std::io;
use std::time::Duration;

use super::Moment;

/// Sleeps that end about a millisecond after their deadline and never before it.
#[derive(Debug, Clone)]
pub struct Timer;

impl Timer {
    /// Starts a timer in the runtime that this is called in.
    #[expect(clippy::unnecessary_wraps, reason = "the other timer can fail to start")]
    pub fn start() -> io::Result<Timer> {
        Ok(Timer)
    }

    /// Waits for `duration` from now.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(Moment::now().after(duration)).await;
    }

    /// Waits until `deadline`.
    pub async fn sleep_until(&self, deadline: Moment) {
        loop {
            match deadline.ns_since(Moment::now()) {
                0 => return,
                rest => tokio::time::sleep(Duration::from_nanos(rest)).await,
            }
        }
    }
}
