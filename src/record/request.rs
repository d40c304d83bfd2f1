//! Rows of single requests: `requests/<trial>.csv.zst`.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

/// One request of one trial. Times are nanoseconds since the start of the trial's window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Request index, from 0: what its delay depends on.
    pub index: u32,
    /// When the model had the request in hand: before a permit, a slot or a worker was waited for.
    pub scheduled_ns: u64,
    /// When it was given to the HTTP library.
    pub start_ns: u64,
    /// When the response head was there; empty if it never was.
    pub head_ns: Option<u64>,
    /// When the last byte was read and checked, or the request failed.
    pub end_ns: u64,
    /// The delay that the server was to wait.
    pub planned_delay_ns: u64,
    /// The delay that the server says it waited (`Server-Timing`).
    pub served_delay_ns: Option<u64>,
    /// HTTP status; empty without an answer.
    pub status: Option<u16>,
    /// Bytes of the body received.
    pub body_bytes: u64,
    /// Error class; empty if the request succeeded.
    pub error: Option<String>,
    /// Raw error chain; empty if the request succeeded.
    pub error_chain: Option<String>,
}

/// zstd's level 1 is the fastest and, on request rows, not larger than level 3.
const LEVEL: i32 = 1;

/// Writes rows as zstd-compressed CSV and gives the sink back, finished but not synced.
pub fn write_requests<W: Write>(
    sink: W,
    rows: impl IntoIterator<Item = RequestRow>,
) -> std::io::Result<W> {
    let mut csv = csv::Writer::from_writer(zstd::Encoder::new(sink, LEVEL)?);
    for row in rows {
        csv.serialize(row)?;
    }
    let encoder = csv.into_inner().map_err(csv::IntoInnerError::into_error)?;
    encoder.finish()
}

/// Reads rows back.
pub fn read_requests(source: impl Read) -> Result<Vec<RequestRow>, csv::Error> {
    let mut reader = csv::Reader::from_reader(zstd::Decoder::new(source)?);
    reader.deserialize().collect()
}
