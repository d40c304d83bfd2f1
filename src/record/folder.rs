//! Names of the folders that recordings stand in.

use std::path::Path;

/// The start that a folder's name begins with.
pub(super) const START: &str = "%Y%m%dT%H%M%SZ";

/// The name of a run's folder.
pub(super) fn name_of(run: &Path) -> String {
    run.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The start in a folder's name: `20260101T000000Z-…`, in Unix milliseconds.
pub(super) fn start_in_name(run: &str) -> Option<u64> {
    let written = run.get(..16)?;
    let start = jiff::civil::DateTime::strptime(START, written).ok()?;
    let start = start.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(start.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_from_a_name_that_has_one() {
        assert_eq!(start_in_name("20260101T000001Z-x"), Some(1_767_225_601_000));
        assert_eq!(start_in_name("baseline"), None);
    }
}
