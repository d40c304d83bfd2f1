//! Rows as zstd-compressed CSV: `requests/<trial>.csv.zst` and `connections/<trial>.csv.zst`.

use std::io::{Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

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
    let mut csv = csv::Writer::from_writer(zstd::Encoder::new(sink, LEVEL)?);
    for row in rows {
        csv.serialize(row)?;
    }
    let encoder = csv.into_inner().map_err(csv::IntoInnerError::into_error)?;
    encoder.finish()
}

/// Reads rows back, one by one.
///
/// # Errors
///
/// If the source is no zstd stream; a row that cannot be read is an error in its place.
pub fn read_compressed<R: Read, T: DeserializeOwned>(
    source: R,
) -> Result<impl Iterator<Item = Result<T, csv::Error>>, csv::Error> {
    Ok(csv::Reader::from_reader(zstd::Decoder::new(source)?).into_deserialize())
}
