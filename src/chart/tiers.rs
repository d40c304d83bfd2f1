//! Time axes for panels whose lengths differ: one for all, or one per tier, and
//! words for how an axis relates to the one above.

use super::format;

/// Longest ÷ shortest wall time above which panels do not share one axis: below
/// this the shortest still has a tenth of the width.
const SHARED_UP_TO: f64 = 10.0;
/// Panels whose wall times are within this factor keep a common axis.
const TIER: f64 = 5.0;

/// The length of each panel's axis: one for all, or one for each tier of panels
/// whose wall times are within [`TIER`] of the longest of them.
pub(super) fn axes(walls: &[f64]) -> Vec<f64> {
    let longest = walls.iter().copied().fold(0.0, f64::max);
    let shortest = walls.iter().copied().fold(f64::INFINITY, f64::min);
    if longest <= shortest * SHARED_UP_TO {
        return vec![longest; walls.len()];
    }
    let mut sorted = walls.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut tiers: Vec<f64> = Vec::new();
    for wall in sorted {
        if tiers.last().is_none_or(|tier| wall * TIER < *tier) {
            tiers.push(wall);
        }
    }
    let tier = |wall: f64| tiers.iter().copied().rev().find(|&t| t >= wall);
    walls.iter().map(|&w| tier(w).unwrap_or(longest)).collect()
}

/// Relation of a panel's axis to the one above, and whether it differs.
pub(super) fn scale_note(above: Option<f64>, axis: f64) -> Option<(String, bool)> {
    let above = above?;
    if above == axis {
        return Some(("same time axis as above".to_owned(), false));
    }
    let (ratio, word) =
        if above > axis { (above / axis, "shorter") } else { (axis / above, "longer") };
    if !ratio.is_finite() {
        return Some(("a time axis of its own".to_owned(), true));
    }
    let times = format::times(ratio);
    Some((format!("time axis {times}× {word} than the one above"), true))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn axes_are_shared_up_to_tenfold_and_tiered_beyond() {
        assert_eq!(axes(&[10.0, 1.0]), [10.0, 10.0]);
        assert_eq!(axes(&[15.0, 3.1, 0.9, 0.3]), [15.0, 15.0, 0.9, 0.9]);
        assert_eq!(axes(&[]), [0.0; 0]);
    }

    #[test]
    fn the_note_says_how_the_axis_changed() {
        let note = |above, axis| scale_note(Some(above), axis).map(|(text, _)| text);
        assert_eq!(note(15.0, 0.3).as_deref(), Some("time axis 50× shorter than the one above"));
        assert_eq!(note(0.3, 15.0).as_deref(), Some("time axis 50× longer than the one above"));
        assert_eq!(note(2.0, 2.0).as_deref(), Some("same time axis as above"));
    }

    proptest! {
        #[test]
        fn every_panel_fits_its_axis_and_fills_a_fair_part_of_it(
            walls in prop::collection::vec(1e-4..1e3f64, 1..12),
        ) {
            for (wall, axis) in walls.iter().zip(axes(&walls)) {
                prop_assert!(*wall <= axis);
                prop_assert!(*wall * SHARED_UP_TO >= axis * (1.0 - 1e-12));
            }
        }
    }
}
