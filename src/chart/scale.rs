//! From data to pixels: scales, ticks, and which tick labels there is room for.

/// A mapping of an interval of data to an interval of pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    log: bool,
    lo: f64,
    hi: f64,
    from: f64,
    to: f64,
}

/// A place on an axis, and whether it is one of the main ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) major: bool,
}

/// Above this ratio of the largest to the smallest value an axis is logarithmic:
/// on a linear one the smallest mark would have less than a twentieth of the width.
const LOG_ABOVE: f64 = 20.0;

impl Scale {
    /// Linear from `lo` to `hi`.
    pub(super) fn linear(lo: f64, hi: f64, from: f64, to: f64) -> Self {
        let hi = if hi > lo { hi } else { lo + 1.0 };
        Self { log: false, lo, hi, from, to }
    }

    /// Logarithmic from `lo` to `hi`, which must be positive.
    pub(super) fn log(lo: f64, hi: f64, from: f64, to: f64) -> Self {
        assert!(lo > 0.0 && hi > lo, "log scale from {lo} to {hi}");
        Self { log: true, lo, hi, from, to }
    }

    /// Linear from zero to the largest value: the length of a bar is its value.
    pub(super) fn bars(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        Self::linear(0.0, values.fold(0.0, f64::max), from, to)
    }

    /// Logarithmic where the values span more than [`LOG_ABOVE`], else linear from
    /// zero. Covers every value; a zero on a logarithmic axis stands at its start.
    pub(super) fn fit(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (lo, hi) = positive_range(values).unwrap_or((1.0, 1.0));
        if hi > lo * LOG_ABOVE {
            Self::log(lo / 1.25, hi * 1.25, from, to)
        } else {
            Self::linear(0.0, hi * 1.04, from, to)
        }
    }

    /// Logarithmic and at least `least` from end to end.
    pub(super) fn fit_log(
        values: impl Iterator<Item = f64>,
        least: f64,
        from: f64,
        to: f64,
    ) -> Self {
        let (lo, hi) = positive_range(values).unwrap_or((1.0, 1.0));
        let spare = (least / (hi / lo)).max(1.0).sqrt() * 1.15;
        Self::log(lo / spare, hi * spare, from, to)
    }

    /// The pixel of `value`, which is clipped to the ends of the scale.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.beyond(value.clamp(self.lo, self.hi))
    }

    /// The place of `value` even if it is outside the scale: for lines that are
    /// clipped as lines. On a logarithmic scale `value` must be positive.
    pub(super) fn beyond(&self, value: f64) -> f64 {
        let share = if self.log {
            (value / self.lo).ln() / (self.hi / self.lo).ln()
        } else {
            (value - self.lo) / (self.hi - self.lo)
        };
        self.from + share * (self.to - self.from)
    }

    /// Whether the scale is logarithmic.
    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// This scale for values counted in units of `unit`.
    pub(super) fn in_units_of(&self, unit: f64) -> Self {
        Self { lo: self.lo / unit, hi: self.hi / unit, ..*self }
    }

    /// The pixels of the smallest and the largest value.
    pub(super) fn pixels(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// The smallest value of the scale.
    pub(super) fn start(&self) -> f64 {
        self.lo
    }

    /// The largest value of the scale.
    pub(super) fn end(&self) -> f64 {
        self.hi
    }

    /// Ticks at 1, 2, 5 × 10ⁿ: about `wanted` of them on a linear axis, and all that
    /// the range has on a logarithmic one (majors are the powers of ten).
    pub(super) fn ticks(&self, wanted: f64) -> Vec<Tick> {
        if self.log { self.log_ticks() } else { self.linear_ticks(wanted) }
    }

    fn linear_ticks(&self, wanted: f64) -> Vec<Tick> {
        let raw = (self.hi - self.lo) / wanted.max(1.0);
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|m| m * power)
            .find(|&s| s >= raw * (1.0 - 1e-9))
            .unwrap_or(10.0 * power);
        let first = (self.lo / step).ceil();
        (0..64)
            .map(|i| (first + f64::from(i)) * step)
            .take_while(|&v| v <= self.hi * (1.0 + 1e-9))
            .map(|value| Tick { value, major: true })
            .collect()
    }

    fn log_ticks(&self) -> Vec<Tick> {
        let decades = (self.hi / self.lo).log10();
        let mantissas: &[f64] = match decades {
            d if d < 0.7 => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
            d if d < 5.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let every = if decades > 14.0 { 3 } else { 1 };
        let (first, last) = (self.lo.log10().floor() as i32, self.hi.log10().ceil() as i32);
        let mut out = Vec::new();
        for exponent in first..=last {
            for &m in mantissas {
                // Parsing gives the nearest float: 0.3 and not 0.30000000000000004.
                let value: f64 = format!("{m}e{exponent}").parse().unwrap_or(f64::NAN);
                if value >= self.lo && value <= self.hi && exponent % every == 0 {
                    out.push(Tick { value, major: m == 1.0 || decades < 1.0 });
                }
            }
        }
        out
    }
}

/// Whether a logarithmic axis has a place for `value`.
pub(super) fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// Smallest and largest positive value, if there is one.
pub(super) fn positive_range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| is_positive(*v)).fold(None, |range, v| {
        let (lo, hi) = range.unwrap_or((v, v));
        Some((v.min(lo), v.max(hi)))
    })
}

/// Which labels to write so that none touch: main ones first, then the rest in order.
/// Each label is its position, its extent along the axis, and whether it is main.
pub(super) fn choose_labels(labels: &[(f64, f64, bool)], gap: f64) -> Vec<bool> {
    let mut chosen = vec![false; labels.len()];
    for pass in [true, false] {
        for i in 0..labels.len() {
            let (at, extent, major) = labels[i];
            let free = labels.iter().zip(&chosen).all(|(&(other, width, _), &taken)| {
                !taken || (other - at).abs() >= f64::midpoint(extent, width) + gap
            });
            chosen[i] |= major == pass && free;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn twenty_fold_is_where_axes_turn_logarithmic() {
        let fit = |lo, hi| Scale::fit([lo, hi].into_iter(), 0.0, 100.0).is_log();
        assert!(!fit(1.0, 20.0));
        assert!(fit(1.0, 20.1));
        assert!(!fit(0.0, 5.0));
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let values = |s: &Scale| s.ticks(5.0).iter().map(|t| t.value).collect::<Vec<_>>();
        let linear = Scale::linear(0.0, 1.04, 0.0, 1.0);
        assert_eq!(values(&linear).len(), 3);
        let log = Scale::log(0.08, 12.0, 0.0, 1.0);
        assert_eq!(values(&log), [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]);
    }

    proptest! {
        #[test]
        fn every_value_lands_inside_in_order_and_some_ticks_exist(
            mut values in prop::collection::vec(1e-9..1e6f64, 1..20),
        ) {
            values.sort_by(f64::total_cmp);
            let scale = Scale::fit(values.iter().copied(), 10.0, 500.0);
            let at: Vec<f64> = values.iter().map(|&v| scale.at(v)).collect();
            prop_assert!(at.iter().all(|x| (10.0..=500.0).contains(x)));
            prop_assert!(at.windows(2).all(|w| w[0] <= w[1]));
            prop_assert!(scale.ticks(5.0).len() >= 2);
        }
    }
}
