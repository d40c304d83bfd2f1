//! The law of a sweep and its knee, in words.

use super::facts::Facts;
use super::numbers::{count, counted, estimate, percent};
use crate::analyse::{
    BEHIND, CpuUse, Estimate, FULL, Knee, LeftOut, MIN_LIMITS, MISSES, NoLaw, Peak, Scalability,
    Sweep,
};
use crate::page::{Words, words};
use crate::units::three_digits;

/// Knee, law and what was left out.
pub(super) fn said(facts: &Facts, sweep: &Sweep) -> Words {
    let law = match &sweep.law {
        Ok(found) => fitted(found, sweep.largest()),
        Err(reason) => refused(reason),
    };
    Words::join([knee(sweep).into(), law.into(), left_out(facts, sweep)], " ")
}

fn rate(per_second: f64) -> String {
    match per_second {
        v if v >= 999.5 => format!("{}/s", count((v / 10.0).round() as u64 * 10)),
        v => format!("{}/s", three_digits(v)),
    }
}

/// Requests in flight. Nothing is known beyond the largest limit.
fn concurrency(n: f64, largest: u32) -> String {
    if n > f64::from(largest) {
        format!("beyond {}", limit(largest))
    } else {
        count(n.round() as u64)
    }
}

/// Rates with an interval: `92.4 (88.6 to 99.0)/s`.
fn rates(per_second: &Estimate) -> String {
    let plain = |v: f64| {
        let text = rate(v);
        text.strip_suffix("/s").unwrap_or(&text).to_owned()
    };
    format!("{}/s", estimate(per_second, plain))
}

/// A number without a unit: `0.0071`, `3.76 × 10⁻⁶`.
fn small(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1e-3 {
        return three_digits(value);
    }
    let exponent = value.abs().log10().floor();
    let digits: String = format!("{}", -exponent as i32)
        .chars()
        .filter_map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize))
        .collect();
    // Spaces that do not break: it is one word, in an interval too.
    format!("{:.2}\u{a0}×\u{a0}10⁻{digits}", value / 10f64.powf(exponent))
}

fn limit(n: u32) -> String {
    count(u64::from(n))
}

fn knee(sweep: &Sweep) -> String {
    match &sweep.knee {
        Knee::At { point, cpu_use } => {
            let at = &sweep.points[*point];
            let ideal = at.ideal.map_or_else(String::new, |ideal| {
                format!(" ({} instead of {} there)", rate(at.throughput.value), rate(ideal))
            });
            format!(
                "from {} requests in flight on, throughput is below {} of its ideal{ideal}; {}",
                limit(at.limit),
                percent(BEHIND),
                bottleneck(*cpu_use)
            )
        }
        Knee::NotSeen => format!(
            "no knee: up to {} requests in flight, throughput is not shown to stay below {} of its \
             ideal.",
            limit(sweep.largest()),
            percent(BEHIND)
        ),
        Knee::NoIdeal => "there is no knee, since delays of 0 have no ideal.".to_owned(),
    }
}

/// The bottleneck that held the throughput down.
fn bottleneck(cpu_use: CpuUse) -> String {
    let (Some(client), Some(server)) = (cpu_use.client, cpu_use.server) else {
        return "the record does not tell what was full.".to_owned();
    };
    let shares = format!("client {}, delay server {}", percent(client), percent(server));
    if cpu_use.shared {
        return match client + server >= FULL {
            true => format!("the CPU that client and delay server share is full ({shares})."),
            false => format!(
                "the CPU is not full ({shares}): something else holds it up, such as other programs."
            ),
        };
    }
    match (client >= FULL, server >= FULL) {
        (true, true) => format!("both CPUs are full ({shares})."),
        (true, false) => format!("the client's CPU is full ({shares})."),
        (false, true) => format!(
            "the delay server's CPU is full ({shares}): what is seen is the server, not the \
             strategy."
        ),
        (false, false) => {
            format!(
                "neither CPU is full ({shares}): something else holds it up, such as other programs."
            )
        }
    }
}

fn fitted(found: &Scalability, largest: u32) -> String {
    let Scalability { lambda, sigma, kappa, peak, misses, .. } = found;
    let peak = match peak {
        Peak::Within { concurrency: at, throughput } => format!(
            "it peaks at {} requests in flight with {}",
            estimate(at, |n| concurrency(n, largest)),
            rates(throughput)
        ),
        Peak::Beyond { largest } => format!(
            "a peak would lie beyond {}, the largest limit measured, where nothing is known",
            limit(*largest)
        ),
    };
    let none = |e: &Estimate| e.interval.as_ref().is_ok_and(|i| i.low <= 0.0);
    let apart = match none(sigma) && none(kappa) {
        true => " Both σ and κ may be 0, though not at once: the blocks do not tell the two apart.",
        false => "",
    };
    format!(
        "Universal Scalability Law: λ = {} for one request in flight, contention σ = {}, coherency \
         κ = {}; {peak}.{apart} The curve is within {} of every median; brackets are {} bootstrap \
         intervals.",
        rates(lambda),
        estimate(sigma, small),
        estimate(kappa, small),
        percent(*misses),
        percent(lambda.interval.as_ref().map_or(0.95, |i| i.nominal)),
    )
}

fn refused(reason: &NoLaw) -> String {
    let why = match reason {
        NoLaw::TooFewLimits { has } => {
            format!("it takes at least {MIN_LIMITS} limits, and there are {has}")
        }
        NoLaw::TooFewBlocks { has } => {
            format!("its intervals take at least 6 blocks, and there are {has}")
        }
        NoLaw::Linear { largest, lambda, loss } => format!(
            "no contention is seen up to a limit of {}. Throughput grows by {} with each request in \
             flight, and what is lost of that at {0} is {}",
            limit(*largest),
            rates(lambda),
            estimate(loss, percent)
        ),
        NoLaw::Saturates { lambda, capacity, knee, .. } => format!(
            "two straight lines are closer to the medians, with one parameter less: {} for each \
             request in flight up to {} of them, and {} from there on. That is one resource at its \
             capacity; the law would call it contention and coherency",
            rates(lambda),
            estimate(knee, |n| count(n.round() as u64)),
            rates(capacity)
        ),
        NoLaw::Misses { limit: at, by } => format!(
            "the best curve misses the median at limit {} by {}, more than the {} that are allowed",
            limit(*at),
            percent(*by),
            percent(MISSES)
        ),
        NoLaw::Undetermined => {
            "the blocks, or resamples of them, have no single best curve".to_owned()
        }
    };
    format!("No Universal Scalability Law is fitted: {why}.")
}

fn left_out(facts: &Facts, sweep: &Sweep) -> Words {
    let of = |wanted: LeftOut, why: &str| {
        let cells: Vec<usize> =
            sweep.left_out.iter().filter(|(_, w)| *w == wanted).map(|(c, _)| *c).collect();
        let names = match wanted {
            // As many as the sweep has limits, which would say nothing.
            LeftOut::FewerRequests => counted(cells.len(), "cell").into(),
            _ => Words::and(cells.iter().map(|&c| facts.full_code(c))),
        };
        (!cells.is_empty()).then(|| words!(names " (" why ")"))
    };
    let parts = [
        of(LeftOut::TooFewRequests, "too few requests to tell such a limit"),
        of(LeftOut::TooFewTrials, "too few trials"),
        of(LeftOut::RequestsFailed, "requests failed"),
        of(LeftOut::FewerRequests, "the same limit is measured with more requests"),
    ];
    match Words::and(parts.into_iter().flatten()) {
        none if none.is_empty() => none,
        some => words!("Left out: " some "."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_have_an_exponent() {
        let texts = [0.0, 0.02671591, 0.001, 7.69e-4, 1e-6, 1.234e-12].map(small);
        let want = ["0", "0.0267", "0.00100", "7.69 × 10⁻⁴", "1.00 × 10⁻⁶", "1.23 × 10⁻¹²"];
        assert_eq!(texts.map(|t| t.replace('\u{a0}', " ")), want);
    }
}
