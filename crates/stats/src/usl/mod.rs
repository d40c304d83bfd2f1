//! The Universal Scalability Law, fitted to a sweep of limits.
//!
//! X(N) = λN ÷ (1 + σ(N − 1) + κN(N − 1)) (Gunther 2007, *Guerrilla Capacity Planning*, chapters 4
//! to 6): λ is the throughput of one request in flight, σ (contention) the share of the work that is
//! done one after the other, κ (coherency) what each pair in flight costs. With κ > 0 throughput has
//! a peak at N* = √((1 − σ) ÷ κ).
//!
//! The error of a throughput is a share of it, so the sum of squares is that of ln X. N ÷ X is linear
//! in 1 ÷ λ, σ ÷ λ and κ ÷ λ, so each step of Gauss–Newton is a linear least-squares problem in which
//! the three are kept from being negative exactly, and the first step needs no starting values. (The
//! `usl` crate minimises absolute errors, under which the low limits of a sweep over three decades
//! count for nothing, lets σ and κ be negative, and panics where it finds no minimum.)

use super::bootstrap::bootstrap_each;
use super::estimate::{MIN_BLOCKS, middle};
use super::{Estimate, Interval};

/// Fewest limits: what Gunther (2007) asks for, and the `usl` crate too. Three are the parameters.
pub const MIN_LIMITS: usize = 6;

/// Where even the largest limit may have less than this share below linear growth, the data say
/// nothing about contention: a tenth is also what the knee is told by.
pub const LINEAR: f64 = 0.1;

/// A curve that misses a measured median by more than this share is not its law: that is several
/// times what the medians of a quiet machine vary by.
pub const MISSES: f64 = 0.2;

/// Steps of Gauss–Newton; a fit to real throughputs takes 10 to 15.
const STEPS: usize = 200;

/// A step that moves no value of the curve by more than this share is the last. Far finer than any
/// interval, and far coarser than rounding.
const TOLERANCE: f64 = 1e-10;

/// The law with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// λ: throughput with one request in flight, per second.
    pub lambda: f64,
    /// σ: contention, dimensionless, at least 0.
    pub sigma: f64,
    /// κ: coherency, dimensionless, at least 0.
    pub kappa: f64,
}

impl Usl {
    /// X(N): throughput with `n` requests in flight, per second.
    #[must_use]
    pub fn throughput(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// N*: where the throughput is highest, at least 1; infinite if it never falls.
    #[must_use]
    pub fn peak(&self) -> f64 {
        1.0 / self.inverse_square_of_peak().sqrt()
    }

    /// 1 ÷ N*²: unlike N* itself finite for every fit.
    fn inverse_square_of_peak(&self) -> f64 {
        if self.sigma >= 1.0 { 1.0 } else { (self.kappa / (1.0 - self.sigma)).min(1.0) }
    }

    /// X(N*); without a peak what the throughput tends to.
    fn throughput_at_peak(&self) -> f64 {
        let peak = self.peak();
        if peak.is_finite() { self.throughput(peak) } else { self.lambda / self.sigma }
    }

    /// The share of λN that is lost at `n`.
    fn loss(&self, n: f64) -> f64 {
        1.0 - self.throughput(n) / (self.lambda * n)
    }

    /// Least squares of ln X over (N, X), all above zero; `None` if there is no minimum to be found,
    /// as with fewer than three points.
    #[must_use]
    pub fn fit(points: &[(f64, f64)]) -> Option<Usl> {
        if points.len() < 3 {
            return None;
        }
        let terms = |n: f64| [1.0, n - 1.0, n * (n - 1.0)];
        let sum = |theta: &[f64; 3], n: f64| -> f64 {
            theta.iter().zip(terms(n)).map(|(t, f)| t * f).sum()
        };
        // Of each point N ÷ X by the curve; at first what was measured.
        let mut curve: Vec<f64> = points.iter().map(|(n, x)| n / x).collect();
        for _ in 0..STEPS {
            // ln X − ln X̂ = ln(X ÷ N) + ln D, and ln D ≈ ln D₀ + (f·θ − D₀) ÷ D₀.
            let rows: Vec<([f64; 3], f64)> = points
                .iter()
                .zip(&curve)
                .map(|(&(n, x), d)| (terms(n).map(|f| f / d), 1.0 - (x / n * d).ln()))
                .collect();
            let theta = least_squares(&rows)?;
            let next: Vec<f64> = points.iter().map(|&(n, _)| sum(&theta, n)).collect();
            let moved =
                next.iter().zip(&curve).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
            curve = next;
            if moved < TOLERANCE {
                let [one, sigma, kappa] = theta;
                return Some(Usl { lambda: 1.0 / one, sigma: sigma / one, kappa: kappa / one });
            }
        }
        None
    }
}

/// The θ ≥ 0, the first above 0, with the least Σ(f·θ − y)². With two bounded coefficients the
/// four ways in which the bounds can hold are tried; the problem is convex, so the best admissible
/// one is the minimum.
fn least_squares(rows: &[([f64; 3], f64)]) -> Option<[f64; 3]> {
    let ways: [&[usize]; 4] = [&[0, 1, 2], &[0, 1], &[0, 2], &[0]];
    let admissible = ways.iter().filter_map(|columns| {
        let theta = unbounded(rows, columns)?;
        let fits = theta[0] > 0.0 && theta.iter().all(|t| t.is_finite() && *t >= 0.0);
        let squares: f64 = rows
            .iter()
            .map(|(f, y)| (f[0] * theta[0] + f[1] * theta[1] + f[2] * theta[2] - y).powi(2))
            .sum();
        fits.then_some((squares, theta))
    });
    admissible.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, theta)| theta)
}

/// Least squares over some columns, the other coefficients 0: modified Gram–Schmidt (Björck 1967),
/// since the columns grow with N⁰, N¹ and N².
fn unbounded(rows: &[([f64; 3], f64)], columns: &[usize]) -> Option<[f64; 3]> {
    let mut basis: Vec<Vec<f64>> =
        columns.iter().map(|&c| rows.iter().map(|(f, _)| f[c]).collect()).collect();
    let mut rest: Vec<f64> = rows.iter().map(|(_, y)| *y).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let less = |from: &mut Vec<f64>, share: f64, what: &[f64]| {
        from.iter_mut().zip(what).for_each(|(f, w)| *f -= share * w);
    };
    let k = columns.len();
    let (mut upper, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for i in 0..k {
        let norm = dot(&basis[i], &basis[i]);
        if norm <= 0.0 {
            return None;
        }
        let (done, later) = basis.split_at_mut(i + 1);
        for (j, column) in later.iter_mut().enumerate() {
            upper[i][i + 1 + j] = dot(&done[i], column) / norm;
            less(column, upper[i][i + 1 + j], &done[i]);
        }
        right[i] = dot(&basis[i], &rest) / norm;
        less(&mut rest, right[i], &basis[i]);
    }
    let mut theta = [0.0; 3];
    for i in (0..k).rev() {
        let known: f64 = (i + 1..k).map(|j| upper[i][j] * theta[columns[j]]).sum();
        theta[columns[i]] = right[i] - known;
    }
    Some(theta)
}

/// The asymptotic bounds of a queueing network (Denning & Buzen 1978), fitted: throughput grows
/// with N until one resource is never idle, and stays there. X(N) = min(λN, C).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturation {
    /// λ: throughput for each request in flight below the knee, per second.
    pub lambda: f64,
    /// C: throughput above it, per second.
    pub capacity: f64,
}

impl Saturation {
    /// min(λN, C).
    #[must_use]
    pub fn throughput(&self, n: f64) -> f64 {
        (self.lambda * n).min(self.capacity)
    }

    /// Least squares of ln X over (N, X) by ascending N: the best of all ways to cut the points in
    /// two.
    fn fit(points: &[(f64, f64)]) -> Option<Saturation> {
        let mean = |values: &[f64]| (values.iter().sum::<f64>() / values.len() as f64).exp();
        let slopes: Vec<f64> = points.iter().map(|(n, x)| (x / n).ln()).collect();
        let levels: Vec<f64> = points.iter().map(|(_, x)| x.ln()).collect();
        (1..points.len())
            .map(|cut| Saturation { lambda: mean(&slopes[..cut]), capacity: mean(&levels[cut..]) })
            .min_by(|a, b| {
                let squares = |s: &Saturation| squares(points, |n| s.throughput(n));
                squares(a).total_cmp(&squares(b))
            })
    }
}

/// Σ(ln X − ln X̂)².
fn squares(points: &[(f64, f64)], curve: impl Fn(f64) -> f64) -> f64 {
    points.iter().map(|&(n, x)| (x / curve(n)).ln().powi(2)).sum()
}

/// The law of a sweep, with intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalability {
    /// The curve.
    pub law: Usl,
    /// λ, per second.
    pub lambda: Estimate,
    /// σ, dimensionless.
    pub sigma: Estimate,
    /// κ, dimensionless.
    pub kappa: Estimate,
    /// Where the throughput is highest.
    pub peak: Peak,
    /// The largest distance of a median from the curve, as a share of it.
    pub misses: f64,
}

/// Where the throughput of a fitted law is highest.
#[derive(Debug, Clone, PartialEq)]
pub enum Peak {
    /// Within the limits that were measured.
    Within {
        /// N*, requests in flight. The upper end of its interval is infinite where the data allow
        /// that there is no peak.
        concurrency: Estimate,
        /// X(N*), per second.
        throughput: Estimate,
    },
    /// Beyond the largest limit measured, or nowhere: nothing is known there.
    Beyond {
        /// The largest limit measured.
        largest: u32,
    },
}

/// Reason why there is no law.
#[derive(Debug, Clone, PartialEq)]
pub enum NoLaw {
    /// Fewer limits than [`MIN_LIMITS`].
    TooFewLimits {
        /// Limits that can be used.
        has: usize,
    },
    /// Too few blocks for intervals.
    TooFewBlocks {
        /// Blocks at hand.
        has: usize,
    },
    /// Throughput is not shown to be more than [`LINEAR`] below linear growth anywhere.
    Linear {
        /// The largest limit.
        largest: u32,
        /// λ, per second.
        lambda: Estimate,
        /// The share of linear growth that is lost at the largest limit.
        loss: Estimate,
    },
    /// Two straight lines, which have one parameter less, are closer to the medians: one resource
    /// is full, and the law would make contention and coherency of that.
    Saturates {
        /// The two lines.
        lines: Saturation,
        /// λ, per second.
        lambda: Estimate,
        /// C, per second.
        capacity: Estimate,
        /// C ÷ λ: the limit at which the lines meet.
        knee: Estimate,
    },
    /// The best curve misses a median by more than [`MISSES`].
    Misses {
        /// The limit with the largest distance.
        limit: u32,
        /// The distance as a share of the curve.
        by: f64,
    },
    /// There is no least sum of squares for the data or some resample of them.
    Undetermined,
}

/// Fits the law to the throughputs of a sweep, by block: `blocks[b][i]` is that of `limits[i]` in
/// block b, per second, if it was measured. Limits ascend. What is fitted are the medians over the
/// blocks; intervals are those of [`super::bootstrap()`].
///
/// # Errors
///
/// With the reason, where the data cannot carry it.
pub fn scalability(
    limits: &[u32],
    blocks: &[Vec<Option<f64>>],
    seed: u64,
) -> Result<Scalability, Box<NoLaw>> {
    let (Some(&largest), true) = (limits.last(), limits.len() >= MIN_LIMITS) else {
        return Err(Box::new(NoLaw::TooFewLimits { has: limits.len() }));
    };
    if blocks.len() < MIN_BLOCKS {
        return Err(Box::new(NoLaw::TooFewBlocks { has: blocks.len() }));
    }
    let top = f64::from(largest);
    let points =
        medians(limits, &blocks.iter().collect::<Vec<_>>()).ok_or(Box::new(NoLaw::Undetermined))?;
    let law = Usl::fit(&points).ok_or(Box::new(NoLaw::Undetermined))?;
    let [lambda, sigma, kappa, inverse, throughput, loss] = bootstrap_each(
        blocks,
        |blocks| {
            let law = Usl::fit(&medians(limits, blocks)?)?;
            // A linear law has no throughput that it tends to; that of the largest limit stands in,
            // and is not shown.
            let top_throughput = law.throughput_at_peak();
            let top_throughput =
                if top_throughput.is_finite() { top_throughput } else { law.throughput(top) };
            let inverse = law.inverse_square_of_peak();
            Some([law.lambda, law.sigma, law.kappa, inverse, top_throughput, law.loss(top)])
        },
        seed,
    )
    .map_err(|_| Box::new(NoLaw::Undetermined))?;
    let surely_lost = loss.interval.as_ref().map_or(loss.value, |i| i.low);
    if surely_lost < LINEAR {
        return Err(Box::new(NoLaw::Linear { largest, lambda, loss }));
    }
    let of_law = squares(&points, |n| law.throughput(n));
    if let Some(lines) =
        Saturation::fit(&points).filter(|s| squares(&points, |n| s.throughput(n)) < of_law)
    {
        return Err(Box::new(saturates(limits, blocks, lines, seed)));
    }
    let miss = |&(n, x): &(f64, f64)| (x / law.throughput(n) - 1.0).abs();
    let worst = (0..points.len()).max_by(|&a, &b| miss(&points[a]).total_cmp(&miss(&points[b])));
    let (limit, misses) = worst.map_or((largest, 0.0), |i| (limits[i], miss(&points[i])));
    if misses > MISSES {
        return Err(Box::new(NoLaw::Misses { limit, by: misses }));
    }
    let peak = if law.peak() > top {
        Peak::Beyond { largest }
    } else {
        Peak::Within { concurrency: inverted(inverse), throughput }
    };
    Ok(Scalability { law, lambda, sigma, kappa, peak, misses })
}

fn saturates(limits: &[u32], blocks: &[Vec<Option<f64>>], lines: Saturation, seed: u64) -> NoLaw {
    let estimates = bootstrap_each(
        blocks,
        |blocks| {
            let lines = Saturation::fit(&medians(limits, blocks)?)?;
            Some([lines.lambda, lines.capacity, lines.capacity / lines.lambda])
        },
        seed,
    );
    match estimates {
        Ok([lambda, capacity, knee]) => NoLaw::Saturates { lines, lambda, capacity, knee },
        Err(_) => NoLaw::Undetermined,
    }
}

/// Limit and median throughput; `None` if a limit has none.
fn medians(limits: &[u32], blocks: &[&Vec<Option<f64>>]) -> Option<Vec<(f64, f64)>> {
    let median = |(i, &limit): (usize, &u32)| {
        let mut values: Vec<f64> = blocks.iter().filter_map(|block| block[i]).collect();
        values.sort_by(f64::total_cmp);
        let positive = values.first().is_some_and(|&x| x > 0.0);
        positive.then(|| (f64::from(limit), middle(&values)))
    };
    limits.iter().enumerate().map(median).collect()
}

/// From 1 ÷ N*² to N*.
fn inverted(estimate: Estimate) -> Estimate {
    let peak = |value: f64| 1.0 / value.sqrt();
    Estimate {
        value: peak(estimate.value),
        n: estimate.n,
        interval: estimate.interval.map(|i| Interval { low: peak(i.high), high: peak(i.low), ..i }),
    }
}

#[cfg(test)]
mod tests;
