//! Time that a report spends on intervals: `cargo bench --bench interval`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use inflight_stats::{
    Comparison, Direction, Margin, bootstrap, judge, median, paired_ratio, shift_ratio,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

criterion_main!(benches);

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = paired, unpaired, family, resampling
}

fn paired(c: &mut Criterion) {
    for n in [15, 50, 10_000] {
        let (base, new) = (walls(n, 1), walls(n, 2));
        c.bench_function(&format!("paired_ratio/{n}"), |b| {
            b.iter(|| paired_ratio(black_box(&base), black_box(&new)));
        });
    }
}

fn unpaired(c: &mut Criterion) {
    for n in [15, 50, 10_000] {
        let (base, new) = (walls(n, 1), walls(n, 2));
        c.bench_function(&format!("shift_ratio/{n}"), |b| {
            b.iter(|| shift_ratio(black_box(&base), black_box(&new)));
        });
    }
    // Ties cost the count of all splits of the midranks.
    let coarse = |seed| -> Vec<f64> {
        let walls = walls(50, seed);
        walls.iter().map(|wall| (wall / 1e7).round()).collect()
    };
    let (base, new) = (coarse(1), coarse(2));
    c.bench_function("shift_ratio/50 with ties", |b| {
        b.iter(|| shift_ratio(black_box(&base), black_box(&new)));
    });
}

fn family(c: &mut Criterion) {
    let base = walls(15, 0);
    let family: Vec<Comparison> = (1..=40)
        .map(|seed| Comparison {
            ratio: paired_ratio(&base, &walls(15, seed)),
            direction: Direction::LowerIsBetter,
        })
        .collect();
    c.bench_function("judge/40 comparisons", |b| {
        b.iter(|| judge(black_box(&family), Margin::default(), None));
    });
}

fn resampling(c: &mut Criterion) {
    let blocks = walls(15, 1);
    c.bench_function("bootstrap/median of 15", |b| {
        b.iter(|| bootstrap(black_box(&blocks), middle, 1));
    });
}

fn middle(blocks: &[&f64]) -> Option<f64> {
    let values: Vec<f64> = blocks.iter().copied().copied().collect();
    median(&values).ok().map(|median| median.value)
}

/// About a second each, in nanoseconds, with 5 % noise.
fn walls(n: usize, seed: u64) -> Vec<f64> {
    let noise = LogNormal::new(0.0, 0.05).expect("a positive spread");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| (1e9_f64 * noise.sample(&mut rng)).round()).collect()
}
