//! The timer over a `timerfd`.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

use super::Moment;
use super::queue::{Place, Queue};

/// Sleeps that end tens of microseconds after their deadline and never before it.
///
/// Clones are one timer. It stops when the last of them is dropped.
#[derive(Debug, Clone)]
pub struct Timer {
    shared: Arc<Shared>,
    _driver: Arc<Driver>,
}

#[derive(Debug)]
struct Shared {
    fd: AsyncFd<OwnedFd>,
    queue: Mutex<Queue>,
}

/// Ends the task that wakes the sleepers.
#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Timer {
    /// Starts a timer in the runtime that this is called in.
    pub fn start() -> io::Result<Timer> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // SAFETY: an `OwnedFd` keeps one file open, under one number, until it is dropped.
        let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        let shared = Arc::new(Shared { fd, queue: Mutex::default() });
        let driver = tokio::spawn(drive(shared.clone()));
        Ok(Timer { shared, _driver: Arc::new(Driver(driver.abort_handle())) })
    }

    /// Waits for `duration` from now.
    pub fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.sleep_until(Moment::now().after(duration))
    }

    /// Waits until `deadline`. A sleep that is dropped leaves nothing behind.
    pub fn sleep_until(&self, deadline: Moment) -> Sleep<'_> {
        Sleep { shared: &self.shared, deadline, place: None }
    }

    /// Number of sleepers that wait.
    #[cfg(test)]
    pub(super) fn sleepers(&self) -> usize {
        self.shared.queue().len()
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the kernel for a wake at `deadline`, in place of the one asked for before.
    fn arm(&self, deadline: Moment) {
        // A century is as good as never, and fits whatever the kernel makes of it.
        const FAR: u64 = 100 * 366 * 86_400;
        let ns = deadline.0.get();
        let seconds = (ns / 1_000_000_000).min(FAR);
        let at = Timespec { tv_sec: seconds as i64, tv_nsec: (ns % 1_000_000_000) as _ };
        let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: never_again, it_value: at };
        // The call fails only for a file that is no timer or for nanoseconds out of range.
        timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::ABSTIME, &spec)
            .expect("a timer and a valid time");
    }
}

/// Wakes the sleepers, for as long as the timer lives.
///
/// The file is never read: asking for the next deadline resets it just as well, and the reactor
/// hears of it edge by edge. No wake is lost, because the readiness is cleared first, and a
/// deadline that passes afterwards is one that [`Shared::arm`] asks for, which makes an edge even
/// if it is in the past by then.
async fn drive(shared: Arc<Shared>) {
    let mut due = Vec::new();
    while let Ok(mut guard) = shared.fd.readable().await {
        guard.clear_ready();
        // The kernel is asked under the lock: in another order an older deadline could win.
        {
            let mut queue = shared.queue();
            if let Some(next) = queue.expire(Moment::now(), &mut due) {
                shared.arm(next);
            }
        }
        due.drain(..).for_each(std::task::Waker::wake);
    }
}

/// A wait for a deadline.
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep<'a> {
    shared: &'a Shared,
    deadline: Moment,
    place: Option<Place>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // The clock alone decides, so that a wake for any other reason cannot end it early.
        if Moment::now() >= self.deadline {
            return Poll::Ready(());
        }
        let mut queue = self.shared.queue();
        if let Some(place) = self.place {
            let replaced = queue.replace(place, context.waker());
            drop(queue);
            drop(replaced);
        } else {
            let (place, arm) = queue.join(self.deadline, context.waker().clone());
            if let Some(deadline) = arm {
                self.shared.arm(deadline);
            }
            drop(queue);
            self.place = Some(place);
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // A waker may be the last owner of a task, which may own sleeps of this timer: it must
            // go when the queue is free again.
            let waker = self.shared.queue().leave(place);
            drop(waker);
        }
    }
}
