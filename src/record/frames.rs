//! `latency.csv.zst`: one zstd frame for each trial, appended. A decoder reads all frames as one
//! CSV.

use std::io::Read;

use fs_err::OpenOptions;
use serde::{Deserialize, Serialize};

use super::{LATENCY, RecordError, lines};

/// One bucket of a trial's latency histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRow {
    /// The trial.
    pub trial: String,
    /// The highest latency of the bucket, in nanoseconds.
    pub value_ns: u64,
    /// Requests in the bucket.
    pub count: u64,
}

/// Histograms are small; level 3 is zstd's default.
const LEVEL: i32 = 3;

/// The first frame: the header.
pub(super) fn header() -> Result<Vec<u8>, RecordError> {
    let any = LatencyRow { trial: String::new(), value_ns: 0, count: 0 };
    Ok(zstd::encode_all(&lines::header(&any)?[..], LEVEL)?)
}

/// The frame of one trial.
pub(super) fn frame(trial: &str, histogram: &[(u64, u64)]) -> Result<Vec<u8>, RecordError> {
    let mut text = Vec::new();
    for &(value_ns, count) in histogram {
        let row = LatencyRow { trial: trial.to_owned(), value_ns, count };
        text.extend(lines::line(&row, false)?);
    }
    Ok(zstd::encode_all(&text[..], LEVEL)?)
}

/// The bytes that begin a zstd frame (RFC 8878, 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Length of the whole frames. What follows them is the frame that was being written; if another
/// frame begins within it, it is not torn but damaged.
fn whole_frames(bytes: &[u8]) -> Result<usize, RecordError> {
    let mut whole = 0;
    while whole < bytes.len() {
        match zstd::zstd_safe::find_frame_compressed_size(&bytes[whole..]) {
            Ok(length) if length > 0 => whole += length,
            _ => break,
        }
    }
    let rest = bytes.get(whole + 1..).unwrap_or_default();
    if rest.windows(MAGIC.len()).any(|w| w == MAGIC) {
        let what = format!("the frame at byte {whole} is not whole, and more follow it");
        return Err(RecordError::damaged(LATENCY, 0, what));
    }
    Ok(whole)
}

/// Cuts a last frame that was not written to its end. Returns the bytes that were cut.
pub(super) fn cut_torn_frame(path: &std::path::Path) -> Result<u64, RecordError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = whole_frames(&bytes)?;
    let torn = (bytes.len() - whole) as u64;
    if torn > 0 {
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok(torn)
}

/// Reads all whole frames.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<LatencyRow>, RecordError> {
    let text = zstd::decode_all(&bytes[..whole_frames(bytes)?])
        .map_err(|e| RecordError::damaged(LATENCY, 0, e.to_string()))?;
    lines::read_rows(LATENCY, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_one_and_a_torn_one_is_left_out() {
        let mut bytes = header().expect("a header");
        bytes.extend(frame("b001p000", &[(10, 2), (20, 1)]).expect("a frame"));
        let whole = bytes.len();
        bytes.extend(frame("b001p001", &[(30, 7)]).expect("a frame"));
        assert_eq!(read(&bytes).expect("three frames").len(), 3);
        for cut in whole..bytes.len() {
            let rows = read(&bytes[..cut]).expect("two frames");
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[1], LatencyRow { trial: "b001p000".into(), value_ns: 20, count: 1 });
        }
        let mut spoiled = bytes.clone();
        spoiled[whole - 12] ^= 0xFF;
        spoiled[whole - 3] ^= 0xFF;
        assert!(read(&spoiled).is_err(), "damage before the last frame is told");
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join(LATENCY);
        fs_err::write(&path, &bytes[..bytes.len() - 3]).expect("a file");
        assert_eq!(cut_torn_frame(&path).expect("a cut") as usize, bytes.len() - 3 - whole);
        assert_eq!(fs_err::read(&path).expect("a file"), bytes[..whole]);
    }
}
