//! Lateness of sleeps: the delay server's timer against tokio's, in the same run.
//!
//! 500 tasks on one thread sleep 1 to 50 ms at once, as under a delay server. Criterion sees the
//! median lateness of each round as its time; the percentiles over all rounds go to stderr.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use inflight::machine::process;
use inflight::timer::{Moment, Timer};
use tokio::runtime::{Builder, Runtime};

const SLEEPERS: u64 = 500;

/// Deadlines 98.2 µs apart, in an order that is not that of the tasks: 7 and 500 have no common
/// divisor.
fn sleep_ns(i: u64) -> u64 {
    1_000_000 + (i * 7 % SLEEPERS) * 49_000_000 / (SLEEPERS - 1)
}

#[derive(Clone)]
enum Sleeper {
    Ours(Timer),
    Tokio,
}

impl Sleeper {
    async fn sleep(&self, duration: Duration) {
        match self {
            Sleeper::Ours(timer) => timer.sleep(duration).await,
            Sleeper::Tokio => tokio::time::sleep(duration).await,
        }
    }
}

/// Lateness of every sleep of a round, sorted.
fn round(runtime: &Runtime, sleeper: &Sleeper) -> Vec<u64> {
    let late = Arc::new(Mutex::new(Vec::with_capacity(SLEEPERS as usize)));
    runtime.block_on(async {
        let tasks: Vec<_> = (0..SLEEPERS)
            .map(|i| {
                let (sleeper, late) = (sleeper.clone(), late.clone());
                tokio::spawn(async move {
                    let duration = Duration::from_nanos(sleep_ns(i));
                    let deadline = Moment::now().after(duration);
                    sleeper.sleep(duration).await;
                    late.lock().unwrap().push(Moment::now().ns_since(deadline));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let mut late = std::mem::take(&mut *late.lock().unwrap());
    late.sort_unstable();
    late
}

fn at(sorted: &[u64], quantile: f64) -> u64 {
    let last = sorted.len() - 1;
    sorted[(last as f64 * quantile).round() as usize]
}

fn lateness(criterion: &mut Criterion) {
    process::set_exact_timers().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let ours = runtime.block_on(async { Timer::start().unwrap() });
    let mut group = criterion.benchmark_group("lateness_of_500_sleeps");
    // A round takes 50 ms whatever the timer.
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(5));
    let mut medians = Vec::new();
    for (name, sleeper) in [("inflight", Sleeper::Ours(ours)), ("tokio", Sleeper::Tokio)] {
        let mut all = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                let medians = (0..rounds).map(|_| {
                    let late = black_box(round(&runtime, &sleeper));
                    let median = at(&late, 0.5);
                    all.extend(late);
                    Duration::from_nanos(median)
                });
                medians.sum()
            });
        });
        if all.is_empty() {
            continue; // filtered out on the command line
        }
        all.sort_unstable();
        let us = |quantile| at(&all, quantile) as f64 / 1e3;
        eprintln!(
            "{name}: {} sleeps, late by p50 {:.1} µs, p90 {:.1} µs, p99 {:.1} µs, max {:.1} µs",
            all.len(),
            us(0.5),
            us(0.9),
            us(0.99),
            us(1.0)
        );
        medians.push(us(0.5));
    }
    if let [ours, tokio] = medians[..] {
        eprintln!("median lateness, inflight ÷ tokio: {:.3}", ours / tokio);
    }
}

criterion_group!(benches, lateness);
criterion_main!(benches);
