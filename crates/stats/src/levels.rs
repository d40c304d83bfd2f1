//! The levels that intervals achieve, in words.

use std::fmt;

use super::estimate::Interval;

/// The levels of several intervals: how far they are from the nominal one is told by those that are
/// exact; the others are counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// The least and the greatest level that an exact interval achieves, 0 to 1.
    exact: Option<(f64, f64)>,
    /// Intervals that come from a normal approximation.
    approximate: usize,
}

impl Levels {
    /// Of all of these; `None` without any.
    pub fn of<'a>(intervals: impl IntoIterator<Item = &'a Interval>) -> Option<Levels> {
        let mut levels = Levels { exact: None, approximate: 0 };
        for interval in intervals {
            if interval.exact {
                let (low, high) = levels.exact.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
                levels.exact = Some((low.min(interval.achieved), high.max(interval.achieved)));
            } else {
                levels.approximate += 1;
            }
        }
        (levels.exact.is_some() || levels.approximate > 0).then_some(levels)
    }

    /// Whether all intervals achieve the same.
    pub fn is_one(&self) -> bool {
        match self.exact {
            Some((least, greatest)) => least == greatest && self.approximate == 0,
            None => true,
        }
    }
}

impl fmt::Display for Levels {
    /// `exactly 95.2 %`, `exactly 95.1 to 97.9 %, 3 approximately`, `approximately`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((least, greatest)) = self.exact else {
            return f.write_str("approximately");
        };
        let percent = |level: f64| format!("{:.1}", level * 100.0);
        let (least, greatest) = (percent(least), percent(greatest));
        if least == greatest {
            write!(f, "exactly {least} %")?;
        } else {
            write!(f, "exactly {least} to {greatest} %")?;
        }
        match self.approximate {
            0 => Ok(()),
            n => write!(f, ", {n} approximately"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_levels_are_said_once_and_approximations_counted() {
        let of = |achieved, exact| Interval { low: 1.0, high: 2.0, nominal: 0.95, achieved, exact };
        let said = |all: &[Interval]| Levels::of(all).map(|levels| levels.to_string());
        assert_eq!(said(&[]), None);
        let one = |all: &[Interval]| Levels::of(all).is_some_and(|levels| levels.is_one());
        let exact = [of(0.952_1, true), of(0.951_9, true), of(0.978_5, true)];
        assert_eq!(said(&exact[..2]).as_deref(), Some("exactly 95.2 %"));
        assert_eq!(said(&exact).as_deref(), Some("exactly 95.2 to 97.9 %"));
        let about = of(0.950_3, false);
        assert!(one(&exact[..1]) && one(&[about; 2]));
        assert!(!one(&exact) && !one(&[exact[0], about]));
        assert_eq!(said(&[about]).as_deref(), Some("approximately"));
        assert_eq!(said(&[exact[0], about]).as_deref(), Some("exactly 95.2 %, 1 approximately"));
    }
}
