//! Green threads: code that blocks, each on a stack of its own, all on one OS thread.
//!
//! A green thread is a task of a runtime. Where it has to wait it polls a future ([`wait`]), and while
//! that is pending the OS thread runs the others. Sockets, timers and names are those of async
//! code; the library above them blocks, and is not changed.
//!
//! A thread-local belongs to the OS thread, so to all of its green threads. What one of them keeps there it
//! has to take out before it waits, and to put back afterwards. No lock and no borrow may be held
//! across a wait.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use tokio::task::{JoinHandle, spawn_local};

/// Stack of a green thread. In a debug build a request through ureq was seen to need 92 KiB, and with
/// TLS 129 KiB. Only touched pages cost memory, but each stack takes two of the mappings that a process
/// may have (`vm.max_map_count`, 65 530 unless set), whatever its size.
const STACK_BYTES: usize = 256 * 1024;

/// Handle by which the running green thread waits.
struct Running {
    yielder: *const Yielder<Waker, ()>,
    /// Wakes its task.
    waker: Waker,
}

thread_local! {
    /// The green thread that runs now; `None` while it polls, and outside of any.
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// Starts a green thread as a task of the [`LocalSet`](tokio::task::LocalSet) that this is called in.
///
/// # Errors
///
/// If no stack can be mapped.
pub(crate) fn spawn(body: impl FnOnce() + 'static) -> io::Result<JoinHandle<()>> {
    let stack = DefaultStack::new(STACK_BYTES)?;
    let coroutine = Coroutine::with_stack(stack, |yielder, waker| {
        // However it ends: what points to its stack goes before the stack does.
        let _at_end = Forget;
        RUNNING.set(Some(Running { yielder, waker }));
        body();
    });
    Ok(spawn_local(Task(coroutine)))
}

struct Forget;

impl Drop for Forget {
    fn drop(&mut self) {
        RUNNING.take();
    }
}

/// A green thread, which runs when it is polled until it waits.
struct Task(Coroutine<Waker, (), ()>);

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.0.resume(context.waker().clone()) {
            CoroutineResult::Yield(()) => Poll::Pending,
            CoroutineResult::Return(()) => Poll::Ready(()),
        }
    }
}

/// Waits for a future in a green thread, while its OS thread runs others.
///
/// # Panics
///
/// Outside of a green thread, and within a future that a green thread waits for.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut running = RUNNING.take().expect("a green thread, which does not wait already");
    let mut future = pin!(future);
    let output = loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&running.waker));
        if let Poll::Ready(output) = polled {
            break output;
        }
        // SAFETY: `spawn` has it from the coroutine whose body runs here, and which lends it to all of its
        // body; another one would have put its own into `RUNNING`.
        running.waker = unsafe { &*running.yielder }.suspend(());
    };
    RUNNING.set(Some(running));
    output
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::rc::Rc;
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::runtime::{Builder, Runtime};
    use tokio::task::{LocalSet, yield_now};
    use tokio::time::sleep;

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_time().build().expect("a runtime")
    }

    /// Runs what is spawned in a set of its own, to the end.
    fn run(start: impl Fn() -> Vec<JoinHandle<()>>) {
        LocalSet::new().block_on(&runtime(), async {
            for thread in start() {
                thread.await.expect("no panic");
            }
        });
    }

    #[test]
    fn they_wait_side_by_side() {
        let log = Rc::new(RefCell::new(Vec::new()));
        run(|| {
            let thread = |ms| {
                let log = Rc::clone(&log);
                spawn(move || {
                    log.borrow_mut().push(("starts", ms));
                    wait(sleep(Duration::from_millis(ms)));
                    log.borrow_mut().push(("ends", ms));
                })
            };
            [40, 20, 1].map(|ms| thread(ms).expect("a stack")).into()
        });
        let wanted = [
            ("starts", 40),
            ("starts", 20),
            ("starts", 1),
            ("ends", 1),
            ("ends", 20),
            ("ends", 40),
        ];
        assert_eq!(*log.borrow(), wanted);
    }

    #[test]
    fn what_is_ready_is_not_waited_for() {
        run(|| {
            let thread = spawn(|| assert_eq!(wait(std::future::ready(7)), 7));
            vec![thread.expect("a stack")]
        });
    }

    #[test]
    fn one_that_panics_is_told_and_the_others_go_on() {
        let ended = Rc::new(Cell::new(false));
        LocalSet::new().block_on(&runtime(), async {
            let panics = spawn(|| {
                wait(yield_now());
                panic!("on purpose");
            });
            let at_end = Rc::clone(&ended);
            let goes_on = spawn(move || {
                wait(sleep(Duration::from_millis(5)));
                at_end.set(true);
            });
            assert!(panics.expect("a stack").await.expect_err("a panic").is_panic());
            goes_on.expect("a stack").await.expect("no panic");
        });
        assert!(ended.get());
        // It left nothing behind that a later wait could take for its own.
        assert!(catch_unwind(AssertUnwindSafe(|| wait(yield_now()))).is_err());
    }

    #[test]
    fn what_stands_on_the_stack_of_one_that_is_dropped_is_dropped() {
        let kept = Rc::new(());
        let set = LocalSet::new();
        set.block_on(&runtime(), async {
            for _ in 0..3 {
                let mine = Rc::clone(&kept);
                let thread = spawn(move || {
                    let _mine = mine;
                    wait(std::future::pending::<()>());
                });
                drop(thread.expect("a stack"));
            }
            yield_now().await;
        });
        assert_eq!(Rc::strong_count(&kept), 4);
        drop(set);
        assert_eq!(Rc::strong_count(&kept), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// Each goes through its own steps, in order and none twice, however they are mixed.
        #[test]
        fn each_keeps_its_own_state(steps in prop::collection::vec(0usize..20, 1..40)) {
            let sums = Rc::new(RefCell::new(vec![0; steps.len()]));
            run(|| {
                let thread = |(number, &steps): (usize, &usize)| {
                    let sums = Rc::clone(&sums);
                    spawn(move || {
                        let mut own = 0;
                        for step in 0..steps {
                            wait(yield_now());
                            own = own * 3 % 1_009 + step;
                        }
                        sums.borrow_mut()[number] = own;
                    })
                };
                steps.iter().enumerate().map(|one| thread(one).expect("a stack")).collect()
            });
            let wanted = |&steps: &usize| (0..steps).fold(0, |own, step| own * 3 % 1_009 + step);
            prop_assert_eq!(sums.take(), steps.iter().map(wanted).collect::<Vec<_>>());
        }
    }
}
