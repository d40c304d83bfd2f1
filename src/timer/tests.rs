//! Laws of both timers. None of them says how late a sleep may be: that is for `benches/timer.rs`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::Moment;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

macro_rules! laws {
    ($name:ident, $timer:path) => {
        mod $name {
            use super::*;
            use $timer as Timer;

            #[test]
            fn thousands_sleep_at_once_and_none_wakes_early() {
                runtime().block_on(async {
                    let timer = Timer::start().unwrap();
                    let sleepers: Vec<_> = (0..5_000u64)
                        .map(|i| {
                            let timer = timer.clone();
                            tokio::spawn(async move {
                                let deadline = Moment::now().after_ns(i * 7_919 % 20_000_000);
                                timer.sleep_until(deadline).await;
                                assert!(Moment::now() >= deadline);
                            })
                        })
                        .collect();
                    for sleeper in sleepers {
                        sleeper.await.unwrap();
                    }
                });
            }

            #[test]
            fn a_deadline_in_the_past_is_no_wait() {
                runtime().block_on(async {
                    let timer = Timer::start().unwrap();
                    timer.sleep_until(Moment::at_ns(0)).await;
                    timer.sleep_until(Moment::now()).await;
                    timer.sleep(Duration::ZERO).await;
                });
            }
        }
    };
}

laws!(portable, super::super::portable::Timer);
#[cfg(target_os = "linux")]
laws!(linux, super::super::linux::Timer);

#[cfg(target_os = "linux")]
mod of_the_queue {
    use std::future::Future;
    use std::task::{Context, Waker};

    use super::super::Timer;
    use super::*;

    #[test]
    fn one_wake_serves_its_deadlines_in_order() {
        runtime().block_on(async {
            let timer = Timer::start().unwrap();
            let order = Arc::new(Mutex::new(Vec::new()));
            let start = Moment::now();
            let sleepers: Vec<_> = [5u64, 1, 4, 2, 3, 1]
                .map(|ms| {
                    let (timer, order) = (timer.clone(), order.clone());
                    tokio::spawn(async move {
                        timer.sleep_until(start.after(Duration::from_millis(ms))).await;
                        order.lock().unwrap().push(ms);
                    })
                })
                .into();
            tokio::task::yield_now().await;
            // All of them come due while nobody looks.
            std::thread::sleep(Duration::from_millis(10));
            for sleeper in sleepers {
                sleeper.await.unwrap();
            }
            assert_eq!(*order.lock().unwrap(), [1, 1, 2, 3, 4, 5]);
        });
    }

    #[test]
    fn cancelled_sleepers_leave_nothing_and_delay_no_one() {
        runtime().block_on(async {
            let timer = Timer::start().unwrap();
            let day = Duration::from_secs(86_400);
            let sleepers: Vec<_> = (0..1_000u64)
                .map(|i| {
                    let timer = timer.clone();
                    tokio::spawn(async move { timer.sleep(day + Duration::from_nanos(i)).await })
                })
                .collect();
            let first = timer.clone();
            let first = tokio::spawn(async move { first.sleep(Duration::from_millis(100)).await });
            // The runtime may come back here before it has polled them all.
            while timer.sleepers() < 1_001 {
                tokio::task::yield_now().await;
            }
            // The one that the kernel was asked for goes, and another comes after it.
            first.abort();
            sleepers.iter().for_each(tokio::task::JoinHandle::abort);
            for sleeper in sleepers {
                assert!(sleeper.await.unwrap_err().is_cancelled());
            }
            assert!(first.await.is_err());
            assert_eq!(timer.sleepers(), 0);
            timer.sleep(Duration::from_millis(150)).await;
            assert_eq!(timer.sleepers(), 0);
        });
    }

    #[test]
    fn a_sleep_follows_its_task() {
        // Polled first by one task and then by another, it wakes the other.
        runtime().block_on(async {
            let timer: &'static Timer = Box::leak(Box::new(Timer::start().unwrap()));
            let mut sleep = Box::pin(timer.sleep(Duration::from_millis(5)));
            let mut nobody = Context::from_waker(Waker::noop());
            assert!(sleep.as_mut().poll(&mut nobody).is_pending());
            tokio::spawn(sleep).await.unwrap();
        });
    }

    #[test]
    fn a_sleeper_may_own_others() {
        // Dropping its waker drops it, and that drops a sleep of the same timer.
        runtime().block_on(async {
            let timer = Timer::start().unwrap();
            let inner = timer.clone();
            let task = tokio::spawn(async move {
                let day = Duration::from_secs(86_400);
                let both = (inner.sleep(day), inner.sleep(day));
                futures_util::future::join(both.0, both.1).await;
            });
            tokio::task::yield_now().await;
            assert_eq!(timer.sleepers(), 2);
            task.abort();
            assert!(task.await.is_err());
            assert_eq!(timer.sleepers(), 0);
        });
    }
}
