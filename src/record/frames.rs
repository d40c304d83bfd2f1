//! `latency.csv.zst`: one zstd frame for each trial, appended. A decoder reads all frames as one
//! CSV.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use serde::{Deserialize, Serialize};

use super::columns::{Columns, row};
use super::{RecordError, lines};

row! {
    /// One bucket of a trial's latency histogram.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct LatencyRow {
        /// Name of the trial.
        pub trial: String,
        /// Highest latency of the bucket.
        pub value_ns: u64,
        /// Requests in the bucket.
        pub count: u64,
    }
}

/// Histograms are small; level 3 is zstd's default.
const LEVEL: i32 = 3;

/// One frame. Its checksum tells a changed byte from other numbers.
fn compressed(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(text)?;
    encoder.finish()
}

/// The first frame: the header.
pub(super) fn header() -> std::io::Result<Vec<u8>> {
    compressed(&lines::header::<LatencyRow>())
}

/// The file, open to grow by a frame for each trial.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    columns: Columns,
}

impl Appender {
    /// Opens a file to append to it, under the header that it has. Nothing is written.
    pub(super) fn open(path: &Path) -> Result<Appender, RecordError> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let name = path.display().to_string();
        let mut header = Vec::new();
        let mut text = BufReader::new(zstd::Decoder::new(&file)?);
        let read = text.read_until(b'\n', &mut header);
        read.map_err(|e| RecordError::damaged(&name, 0, e.to_string()))?;
        let columns = lines::columns_to_fill::<LatencyRow>(&name, &header)?;
        Ok(Appender { file, columns })
    }

    /// Adds the frame of one trial.
    pub(super) fn append(
        &mut self,
        trial: &str,
        histogram: &[(u64, u64)],
    ) -> Result<(), RecordError> {
        let mut text = Vec::new();
        for row in rows(trial, histogram) {
            text.extend(lines::line_under(&self.columns, &row)?);
        }
        self.file.write_all(&compressed(&text)?)?;
        Ok(self.file.sync_data()?)
    }
}

fn rows(trial: &str, histogram: &[(u64, u64)]) -> impl Iterator<Item = LatencyRow> {
    let row = |&(value_ns, count)| LatencyRow { trial: trial.to_owned(), value_ns, count };
    histogram.iter().map(row)
}

/// The frame of one trial under today's header.
#[cfg(test)]
pub(super) fn frame(trial: &str, histogram: &[(u64, u64)]) -> Result<Vec<u8>, RecordError> {
    let mut text = Vec::new();
    for row in rows(trial, histogram) {
        text.extend(lines::line(&row, false)?);
    }
    Ok(compressed(&text)?)
}

/// The bytes that begin a zstd frame (RFC 8878, 3.1.1).
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Length of the whole frames. What follows them is the frame that was being written; if another
/// frame begins within it, it is not torn but damaged.
fn whole_frames(file: &str, bytes: &[u8]) -> Result<usize, RecordError> {
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
        return Err(RecordError::damaged(file, 0, what));
    }
    Ok(whole)
}

/// Cuts a last frame that was not written to its end. Returns the bytes that were cut.
pub(super) fn cut_torn_frame(path: &Path) -> Result<u64, RecordError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = whole_frames(&path.display().to_string(), &bytes)?;
    let torn = (bytes.len() - whole) as u64;
    if torn > 0 {
        file.set_len(whole as u64)?;
        file.sync_all()?;
    }
    Ok(torn)
}

/// Reads all whole frames; `file` is the path that they are from.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Vec<LatencyRow>, RecordError> {
    let text = zstd::decode_all(&bytes[..whole_frames(file, bytes)?])
        .map_err(|e| RecordError::damaged(file, 0, e.to_string()))?;
    lines::read_rows(file, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::LATENCY;

    #[test]
    fn frames_are_read_as_one_and_a_torn_one_is_left_out() {
        let mut bytes = header().expect("a header");
        bytes.extend(frame("b001p000", &[(10, 2), (20, 1)]).expect("a frame"));
        let whole = bytes.len();
        bytes.extend(frame("b001p001", &[(30, 7)]).expect("a frame"));
        assert_eq!(read("l", &bytes).expect("three frames").len(), 3);
        for cut in whole..bytes.len() {
            let rows = read("l", &bytes[..cut]).expect("two frames");
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[1], LatencyRow { trial: "b001p000".into(), value_ns: 20, count: 1 });
        }
        let mut spoiled = bytes.clone();
        spoiled[whole - 12] ^= 0xFF;
        spoiled[whole - 3] ^= 0xFF;
        assert!(read("l", &spoiled).is_err(), "damage before the last frame is told");
        // A changed byte of a whole frame is never another number.
        for place in whole..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x10;
            let rows = read("l", &changed).unwrap_or_default();
            // One bit of a frame's header means nothing.
            assert!(rows.len() < 3 || rows == read("l", &bytes).expect("rows"), "byte {place}");
        }
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join(LATENCY);
        fs_err::write(&path, &bytes[..bytes.len() - 3]).expect("a file");
        assert_eq!(cut_torn_frame(&path).expect("a cut") as usize, bytes.len() - 3 - whole);
        assert_eq!(fs_err::read(&path).expect("a file"), bytes[..whole]);
    }

    #[test]
    fn frames_are_appended_under_the_header_that_is_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join(LATENCY);
        fs_err::write(&path, compressed(b"count,trial,value_ns\n").expect("a frame"))
            .expect("a file");
        let mut frames = Appender::open(&path).expect("a table");
        frames.append("b001p000", &[(10, 2), (20, 1)]).expect("a frame");
        let rows = read("l", &fs_err::read(&path).expect("a file")).expect("two rows");
        let second = LatencyRow { trial: "b001p000".into(), value_ns: 20, count: 1 };
        assert_eq!((rows.len(), &rows[1]), (2, &second));
        fs_err::write(&path, compressed(b"count,trial\n").expect("a frame")).expect("a file");
        let error = Appender::open(&path).expect_err("no values").to_string();
        assert!(
            error.contains("latency.csv.zst:1: damaged: it has no column `value_ns`"),
            "{error}"
        );
    }
}
