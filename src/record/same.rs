//! One recording is one recording, in however many folders it stands.

use std::collections::HashMap;
use std::path::PathBuf;

use super::folder::{name_of, start_in_name};
use super::{Manifest, RecordingId, TRIALS, TrialRow, read_trials};

/// Relation of two sets of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// They have no trial in common.
    Apart,
    /// All trials that both have are the same in every number.
    Copies,
    /// Trials of one name are not the same.
    Different,
}

/// Compares the trials that two sets have in common, by name.
pub fn kinship<'r>(
    one: impl IntoIterator<Item = &'r TrialRow>,
    other: impl IntoIterator<Item = &'r TrialRow>,
) -> Kinship {
    let one: HashMap<&str, &TrialRow> = one.into_iter().map(|t| (t.trial.as_str(), t)).collect();
    let mut found = Kinship::Apart;
    for trial in other {
        match one.get(trial.trial.as_str()) {
            Some(twin) if **twin == *trial => found = Kinship::Copies,
            Some(_) => return Kinship::Different,
            None => {}
        }
    }
    found
}

/// The place of the original of each recording that is a copy; `None` for the others. Copies have
/// its id, and the same trials as far as both have them: one may have been made before the other
/// went on.
pub(super) fn originals(runs: &[(PathBuf, &Manifest)]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<RecordingId, Vec<usize>> = HashMap::new();
    for (place, (_, manifest)) in runs.iter().enumerate() {
        by_id.entry(manifest.identity()).or_default().push(place);
    }
    let mut originals = vec![None; runs.len()];
    for mut places in by_id.into_values().filter(|places| places.len() > 1) {
        // The one that went furthest, then the one that looks as if inflight had named it.
        places.sort_by_key(|&place| {
            let (dir, manifest) = &runs[place];
            let name = name_of(dir);
            let of_ours = start_in_name(&name).is_some();
            (!manifest.is_finished(), !of_ours, name.len(), dir.clone())
        });
        let rows: Vec<_> =
            places.iter().map(|&place| read_trials(&runs[place].0.join(TRIALS)).ok()).collect();
        for (n, &place) in places.iter().enumerate() {
            originals[place] = (0..n).find(|&before| {
                originals[places[before]].is_none()
                    && match (&rows[before], &rows[n]) {
                        (Some(one), Some(other)) => kinship(one, other) != Kinship::Different,
                        // Nothing but the id is known.
                        _ => true,
                    }
            });
            originals[place] = originals[place].map(|before| places[before]);
        }
    }
    originals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::synthetic::{experiment, recording, strategy};

    #[test]
    fn trials_of_one_name_are_the_same_or_not() {
        let rows = recording(experiment(vec![strategy("s", "sequential", None)], 3), |_, _, _| ());
        let rows = rows.all_trials;
        assert_eq!(kinship(&rows, &rows), Kinship::Copies);
        assert_eq!(kinship(&rows, &rows[..2]), Kinship::Copies, "a copy of before");
        assert_eq!(kinship(&rows[..2], &rows[2..]), Kinship::Apart);
        assert_eq!(kinship(&[], &rows), Kinship::Apart);
        let mut changed = rows.clone();
        changed[1].wall_ns = Some(1);
        assert_eq!(kinship(&rows, &changed), Kinship::Different);
    }
}
