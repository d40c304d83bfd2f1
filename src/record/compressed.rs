//! Rows as zstd-compressed CSV: `requests/<trial>.csv.zst` and `connections/<trial>.csv.zst`.

use std::io::{Read, Write};

use serde::Serialize;

use super::columns::Row;
use super::{RecordError, lines};

/// zstd's level 1 is the fastest and, on request rows, not larger than level 3.
const LEVEL: i32 = 1;

/// Writes rows as zstd-compressed CSV and gives the sink back, finished but not synced.
///
/// # Errors
///
/// If the sink does not take them.
pub fn write_compressed<W: Write, T: Serialize>(
    sink: W,
    rows: impl IntoIterator<Item = T>,
) -> std::io::Result<W> {
    let mut writer = CompressedRows::new(sink)?;
    rows.into_iter().try_for_each(|row| writer.write(&row))?;
    writer.finish()
}

/// Rows that are written one by one.
pub struct CompressedRows<W: Write>(csv::Writer<zstd::Encoder<'static, W>>);

impl<W: Write> CompressedRows<W> {
    /// An empty file.
    ///
    /// # Errors
    ///
    /// If the compressor cannot be set up.
    pub fn new(sink: W) -> std::io::Result<CompressedRows<W>> {
        let mut encoder = zstd::Encoder::new(sink, LEVEL)?;
        // Tells a changed byte from other numbers.
        encoder.include_checksum(true)?;
        Ok(CompressedRows(csv::Writer::from_writer(encoder)))
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// If the sink does not take it.
    pub fn write(&mut self, row: &impl Serialize) -> std::io::Result<()> {
        Ok(self.0.serialize(row)?)
    }

    /// Gives the sink back, finished but not synced.
    ///
    /// # Errors
    ///
    /// If the sink does not take the rest.
    pub fn finish(self) -> std::io::Result<W> {
        self.0.into_inner().map_err(csv::IntoInnerError::into_error)?.finish()
    }
}

/// Reads rows back; `file` is the path that they are from, for errors. An empty file has no rows.
///
/// # Errors
///
/// If the source is no zstd stream of such rows.
pub fn read_compressed<R: Read, T: Row>(file: &str, source: R) -> Result<Vec<T>, RecordError> {
    let damaged = |e: std::io::Error| RecordError::damaged(file, 0, e.to_string());
    let mut text = Vec::new();
    zstd::Decoder::new(source).and_then(|mut all| all.read_to_end(&mut text)).map_err(damaged)?;
    if text.is_empty() { Ok(Vec::new()) } else { lines::read_all_rows(file, &text) }
}
