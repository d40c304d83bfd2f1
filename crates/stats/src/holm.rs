//! Holm's step-down adjustment.

/// Adjusts the p values of one family so that calling those of at most α significant makes any
/// false call with a chance of at most α, whatever their dependence (Holm 1979).
///
/// What has no p is no test: it stays in its place and does not count towards the family.
#[must_use]
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> =
        p_values.iter().enumerate().filter_map(|(index, p)| p.map(|p| (index, p))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));

    let mut adjusted = vec![None; p_values.len()];
    let mut largest: f64 = 0.0;
    for (position, &(index, p)) in order.iter().enumerate() {
        largest = largest.max(p * (order.len() - position) as f64).min(1.0);
        adjusted[index] = Some(largest);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")` of R.
    #[test]
    fn adjusts_as_r_does_and_keeps_places() {
        let given = [Some(0.01), None, Some(0.04), Some(0.03), Some(0.005)];
        let expected = [Some(0.03), None, Some(0.06), Some(0.06), Some(0.02)];
        for (adjusted, expected) in holm(&given).into_iter().zip(expected) {
            assert_eq!(adjusted.is_some(), expected.is_some());
            if let (Some(adjusted), Some(expected)) = (adjusted, expected) {
                assert!((adjusted - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_family_of_none_stays_empty() {
        assert_eq!(holm(&[None, None]), [None, None]);
        assert!(holm(&[]).is_empty());
    }
}
