//! Rows that hold every pair of values: a covering array of strength two.
//!
//! Greedy, as in AETG (Cohen, Dalal, Fredman and Patton, 1997): a row begins with a pair that no row
//! has, and each further setting takes the value that adds the most such pairs. Of several rows, made
//! in different orders of the settings, the best is kept.

use std::collections::HashSet;

/// A value of a setting: the numbers of both.
pub(crate) type Value = (usize, usize);

/// Settings, their values, and which values cannot stand in one row.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    /// Number of values of each setting; at least one.
    values: Vec<usize>,
    forbidden: HashSet<(Value, Value)>,
    /// Settings that are in a forbidden pair.
    bound: Vec<usize>,
}

/// One value of each setting.
pub(crate) type Row = Vec<usize>;

/// Rows made in different orders, of which the best is kept.
const CANDIDATES: u64 = 12;

impl Space {
    pub(crate) fn new(values: Vec<usize>, is_allowed: impl Fn(Value, Value) -> bool) -> Space {
        let mut space = Space { values, forbidden: HashSet::new(), bound: Vec::new() };
        for (one, other) in space.all_pairs() {
            if !is_allowed(one, other) {
                space.forbidden.extend([(one, other), (other, one)]);
            }
        }
        let is_bound = |s: &usize| space.forbidden.iter().any(|((setting, _), _)| setting == s);
        space.bound = (0..space.values.len()).filter(is_bound).collect();
        space
    }

    /// Every pair of values of two settings.
    pub(crate) fn all_pairs(&self) -> Vec<(Value, Value)> {
        let all = |setting: usize| (0..self.values[setting]).map(move |v| (setting, v));
        let settings = 0..self.values.len();
        let two = settings.flat_map(|one| (one + 1..self.values.len()).map(move |b| (one, b)));
        two.flat_map(|(a, b)| all(a).flat_map(move |one| all(b).map(move |other| (one, other))))
            .collect()
    }

    /// The pairs that a row can have.
    pub(crate) fn pairs(&self) -> Vec<(Value, Value)> {
        let can_be = |(one, other): &(Value, Value)| {
            let mut row = vec![None; self.values.len()];
            row[one.0] = Some(one.1);
            !self.forbidden.contains(&(*one, *other)) && self.can_take(&row, *other)
        };
        self.all_pairs().into_iter().filter(can_be).collect()
    }

    /// Whether a row holds no forbidden pair.
    #[cfg(test)]
    fn allows(&self, row: &[usize]) -> bool {
        let values: Vec<Value> = row.iter().copied().enumerate().collect();
        let fits = |(i, one): (usize, &Value)| {
            values[i + 1..].iter().all(|other| !self.forbidden.contains(&(*one, *other)))
        };
        values.iter().enumerate().all(fits)
    }

    fn fits(&self, row: &[Option<usize>], value: Value) -> bool {
        let there = row.iter().enumerate().filter_map(|(s, v)| Some((s, (*v)?)));
        there.into_iter().all(|other| !self.forbidden.contains(&(value, other)))
    }

    /// Whether a row that can be completed still can with this value. The row is left as it was.
    fn can_take(&self, row: &[Option<usize>], value: Value) -> bool {
        if !self.fits(row, value) {
            return false;
        }
        let mut trial = row.to_vec();
        trial[value.0] = Some(value.1);
        self.complete(&mut trial)
    }

    /// Gives the bound settings that have none a value, if that can be.
    fn complete(&self, row: &mut [Option<usize>]) -> bool {
        let Some(&next) = self.bound.iter().find(|&&setting| row[setting].is_none()) else {
            return true;
        };
        for value in 0..self.values[next] {
            if self.fits(row, (next, value)) {
                row[next] = Some(value);
                if self.complete(row) {
                    return true;
                }
                row[next] = None;
            }
        }
        false
    }

    /// The combinations of some settings' values that a row can have.
    pub(crate) fn combinations(&self, settings: &[usize]) -> Vec<Vec<Value>> {
        let all = settings.iter().fold(vec![Vec::new()], |all: Vec<Vec<Value>>, &setting| {
            let with = |one: Vec<Value>| {
                (0..self.values[setting]).map(move |v| [one.as_slice(), &[(setting, v)]].concat())
            };
            all.into_iter().flat_map(with).collect()
        });
        all.into_iter().filter(|combination| self.can_hold(combination)).collect()
    }

    fn can_hold(&self, combination: &[Value]) -> bool {
        let mut row = vec![None; self.values.len()];
        combination.iter().all(|&value| {
            let fits = self.can_take(&row, value);
            row[value.0] = Some(value.1);
            fits
        })
    }

    /// Rows that hold every pair that a row can have, and every combination of the values of `whole`
    /// that one can have.
    pub(crate) fn cover(&self, whole: &[usize]) -> Vec<Row> {
        let mut left: HashSet<(Value, Value)> = self.pairs().into_iter().collect();
        let mut order: Vec<(Value, Value)> = left.iter().copied().collect();
        order.sort_unstable();
        let mut wanted = self.combinations(whole);
        let mut rows = Vec::new();
        loop {
            let pair = || {
                let first = order.iter().find(|pair| left.contains(pair))?;
                Some(vec![first.0, first.1])
            };
            let Some(first) = wanted.pop().or_else(pair) else { break };
            let made = (0..CANDIDATES).map(|seed| self.row(&first, &left, seed));
            let gain = |row: &Row| pairs_of(row).filter(|pair| left.contains(pair)).count();
            // Of equal ones the first, so that the rows are the same each time.
            let best =
                made.reduce(|best, next| if gain(&next) > gain(&best) { next } else { best });
            let Some(best) = best else { break };
            pairs_of(&best).for_each(|pair| {
                left.remove(&pair);
            });
            rows.push(best);
        }
        rows
    }

    /// A row with these values, made in an order of the settings that depends on the seed.
    fn row(&self, first: &[Value], left: &HashSet<(Value, Value)>, seed: u64) -> Row {
        let mut row = vec![None; self.values.len()];
        first.iter().for_each(|&(setting, value)| row[setting] = Some(value));
        let mut settings: Vec<usize> = (0..self.values.len()).collect();
        // Any fixed mixing will do (splitmix64).
        let mixed = |setting: &usize| {
            let z = (*setting as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (seed << 7);
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^ (z >> 27)
        };
        settings.sort_by_key(mixed);
        for setting in settings {
            if row[setting].is_some() {
                continue;
            }
            let gain = |value: usize| {
                let there = row.iter().enumerate().filter_map(|(s, v)| Some((s, (*v)?)));
                there.filter(|other| left.contains(&in_order((setting, value), *other))).count()
            };
            let mut values: Vec<usize> = (0..self.values[setting]).collect();
            values.sort_by_key(|&value| std::cmp::Reverse(gain(value)));
            let taken = values.into_iter().find(|&v| self.can_take(&row, (setting, v)));
            row[setting] = taken;
        }
        row.into_iter().map(|value| value.expect("a row that can be completed")).collect()
    }
}

fn in_order(one: Value, other: Value) -> (Value, Value) {
    if one.0 < other.0 { (one, other) } else { (other, one) }
}

/// The pairs that a row holds.
fn pairs_of(row: &[usize]) -> impl Iterator<Item = (Value, Value)> {
    let value = |setting: usize| (setting, row[setting]);
    (0..row.len())
        .flat_map(move |one| (one + 1..row.len()).map(move |other| (value(one), value(other))))
}

mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every row that there can be.
    fn all_rows(values: &[usize]) -> Vec<Row> {
        values.iter().fold(vec![Vec::new()], |rows, &n| {
            let with = |row: Row| (0..n).map(move |v| [row.as_slice(), &[v]].concat());
            rows.into_iter().flat_map(with).collect()
        })
    }

    proptest! {
        /// Whatever is forbidden: rows are allowed, and hold every pair that any allowed row holds.
        #[test]
        fn every_pair_that_can_be_is_covered(
            values in prop::collection::vec(1usize..4, 2..7),
            forbidden in prop::collection::hash_set((0usize..7, 0usize..4, 0usize..7, 0usize..4), 0..12),
        ) {
            let is_allowed = |a: Value, b: Value| {
                !forbidden.contains(&(a.0, a.1, b.0, b.1)) && !forbidden.contains(&(b.0, b.1, a.0, a.1))
            };
            let space = Space::new(values.clone(), is_allowed);
            let allowed: Vec<Row> = all_rows(&values).into_iter().filter(|r| space.allows(r)).collect();
            let can_be: HashSet<_> = allowed.iter().flat_map(|row| pairs_of(row)).collect();
            prop_assert_eq!(&space.pairs().into_iter().collect::<HashSet<_>>(), &can_be);
            let whole: Vec<usize> = (0..values.len().min(3)).collect();
            let rows = space.cover(&whole);
            prop_assert!(rows.iter().all(|row| space.allows(row)));
            let threes = |rows: &[Row]| -> HashSet<Row> {
                rows.iter().map(|row| row[..whole.len()].to_vec()).collect()
            };
            prop_assert_eq!(threes(&rows), threes(&allowed));
            let covered: HashSet<_> = rows.iter().flat_map(|row| pairs_of(row)).collect();
            prop_assert_eq!(covered, can_be);
        }

        /// Far fewer than all combinations: without constraints no more than four times the least.
        #[test]
        fn rows_are_few(values in prop::collection::vec(2usize..5, 3..12)) {
            let mut most = values.clone();
            most.sort_unstable();
            let least: usize = most.iter().rev().take(2).product();
            let rows = Space::new(values, |_, _| true).cover(&[]);
            prop_assert!(rows.len() >= least && rows.len() <= 4 * least, "{} of {least}", rows.len());
        }
    }
}
