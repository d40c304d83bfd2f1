//! Waking of a connection that has no task of its own.
//!
//! To hyper and tokio a connection has one and the same waker all along, which they need not take in
//! again. It wakes the task whose request drives the connection, and nobody while it is idle: handing
//! over the next request then wakes no task that is running.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// Target of a connection's waker.
#[derive(Debug)]
pub(super) struct Driven {
    by: Mutex<Waker>,
    /// Nobody drives it.
    idle: AtomicBool,
    /// It was woken since it was last asked.
    woken: AtomicBool,
}

impl Driven {
    /// Whether it was woken since it was last asked.
    pub(super) fn was_woken(&self) -> bool {
        // Most of the time it was not, and reading is cheaper.
        self.woken.load(Ordering::SeqCst) && self.woken.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Driven {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Sets one flag and reads the other, as does who begins to drive ([`Driver::drives`]) the other
    /// way round: one of the two sees the other, so nothing is missed.
    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.idle.load(Ordering::SeqCst) {
            self.by.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
        }
    }
}

/// Side of the task that drives a connection.
#[derive(Debug)]
pub(super) struct Driver {
    driven: Arc<Driven>,
    /// Leads to `driven`.
    waker: Waker,
    /// The waker that it wakes while it is not idle.
    by: Waker,
    idle: bool,
}

impl Driver {
    /// The driver of an idle connection.
    pub(super) fn new() -> Driver {
        let by = Waker::noop();
        let driven = Arc::new(Driven {
            by: Mutex::new(by.clone()),
            idle: AtomicBool::new(true),
            woken: AtomicBool::new(false),
        });
        Driver { waker: Arc::clone(&driven).into(), driven, by: by.clone(), idle: true }
    }

    /// The target of the connection's waker.
    pub(super) fn driven(&self) -> &Arc<Driven> {
        &self.driven
    }

    /// A context to poll the connection with. From now on the task with this waker is woken for it.
    pub(super) fn drives(&mut self, by: &Waker) -> Context<'_> {
        if !self.by.will_wake(by) {
            self.by.clone_from(by);
            self.driven.by.lock().unwrap_or_else(PoisonError::into_inner).clone_from(by);
        }
        if self.idle {
            self.idle = false;
            self.driven.idle.store(false, Ordering::SeqCst);
        }
        Context::from_waker(&self.waker)
    }

    /// The connection is idle: nobody is woken any more.
    pub(super) fn leave(&mut self) {
        self.idle = true;
        self.driven.idle.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicU32);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn woken(task: &Task) -> u32 {
        task.0.load(Ordering::SeqCst)
    }

    #[test]
    fn it_wakes_who_drives_it_and_nobody_while_it_is_idle() {
        let (first, second) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let mut driver = Driver::new();
        let waker = driver.waker.clone();
        waker.wake_by_ref();
        assert!(driver.driven().was_woken(), "a wake is kept while nobody is there");
        assert!(!driver.driven().was_woken());

        assert!(driver.drives(&Arc::clone(&first).into()).waker().will_wake(&waker));
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!((woken(&first), driver.driven().was_woken()), (2, true));

        let _ = driver.drives(&Arc::clone(&second).into());
        waker.wake_by_ref();
        assert_eq!((woken(&first), woken(&second)), (2, 1), "another has taken over");

        driver.leave();
        waker.wake();
        assert_eq!((woken(&first), woken(&second)), (2, 1));
        let _ = driver.drives(&Arc::clone(&second).into());
        assert!(driver.driven().was_woken(), "whoever takes over looks for what came meanwhile");
    }
}
