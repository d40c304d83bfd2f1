//! Reading the request rows of a trial one after the other, however many they are.
//!
//! A report needs a few columns of every row and all columns of a few. So a row is cut into its
//! fields and nothing else; a field becomes a number when it is asked for. Rows of one line without
//! quotes, as nearly all are, are cut at their commas; the others are left to the `csv` crate.

use std::io::{BufRead, BufReader, Read};

use csv::ByteRecord;

use super::{RecordError, RequestRow};
use crate::strategy::probe::Phase;

/// Bytes that are decompressed at once: two blocks of zstd.
const BUFFER: usize = 256 * 1024;

/// The columns that are read of every row.
#[derive(Debug, Clone, Copy)]
struct Columns {
    scheduled: usize,
    /// Where each phase ends; `None` where the recording is older than the column.
    ends: [Option<usize>; Phase::ALL.len()],
    connection: Option<usize>,
    error: usize,
    error_chain: usize,
}

impl Columns {
    fn of(header: &ByteRecord) -> Option<Columns> {
        let place = |name: &str| header.iter().position(|column| column == name.as_bytes());
        let end = |phase: Phase| match phase {
            Phase::Queue => place("start_ns"),
            Phase::Wait => place("head_ns"),
            Phase::Receive => place("end_ns"),
            other => place(&format!("{}_ns", other.name())),
        };
        Some(Columns {
            scheduled: place("scheduled_ns")?,
            ends: Phase::ALL.map(end),
            connection: place("connection"),
            error: place("error")?,
            error_chain: place("error_chain")?,
        })
    }
}

/// The rows of one trial, one after the other.
pub struct RequestScan<R: Read> {
    /// The file, relative to the run's folder; for errors.
    name: String,
    source: BufReader<zstd::Decoder<'static, BufReader<R>>>,
    header: ByteRecord,
    columns: Columns,
    /// The row as it stands, without its line break.
    line: Vec<u8>,
    /// Where its fields end in `line`.
    ends: Vec<usize>,
    rows: u64,
}

/// One row. It lives until the next is read.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    line: &'a [u8],
    ends: &'a [usize],
    columns: &'a Columns,
    header: &'a ByteRecord,
}

impl<R: Read> RequestScan<R> {
    /// Opens the rows of the file that is called `name` in messages; `None` if it is empty, as of a
    /// trial whose client failed.
    ///
    /// # Errors
    ///
    /// If it is no zstd stream of request rows.
    pub fn new(name: &str, source: R) -> Result<Option<RequestScan<R>>, RecordError> {
        let damaged = |what: String| RecordError::damaged(name, 0, what);
        let decoder = zstd::Decoder::new(source).map_err(|e| damaged(e.to_string()))?;
        let mut source = BufReader::with_capacity(BUFFER, decoder);
        let mut line = Vec::new();
        source.read_until(b'\n', &mut line).map_err(|e| damaged(e.to_string()))?;
        if line.is_empty() {
            return Ok(None);
        }
        let header = parsed(&line).map_err(|e| damaged(e.to_string()))?;
        let columns = Columns::of(&header)
            .ok_or_else(|| damaged("it does not have the columns of requests".to_owned()))?;
        let name = name.to_owned();
        Ok(Some(RequestScan { name, source, header, columns, line, ends: Vec::new(), rows: 0 }))
    }

    /// Whether the rows have the marks of libraries: recordings made before did not.
    pub fn has_marks(&self) -> bool {
        self.columns.ends.iter().all(Option::is_some)
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the stream is damaged, or the row has another number of fields than the header.
    pub fn next_row(&mut self) -> Result<Option<Scanned<'_>>, RecordError> {
        self.line.clear();
        loop {
            let read = self.source.read_until(b'\n', &mut self.line);
            if read.map_err(|e| self.damaged(e.to_string()))? == 0 {
                break;
            }
            // A line break within quotes belongs to the field.
            if memchr::memchr_iter(b'"', &self.line).count().is_multiple_of(2) {
                break;
            }
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        self.rows += 1;
        while let Some(b'\n' | b'\r') = self.line.last() {
            self.line.pop();
        }
        self.ends.clear();
        if memchr::memchr(b'"', &self.line).is_some() {
            let record = parsed(&self.line).map_err(|e| self.damaged(e.to_string()))?;
            self.line.clear();
            for field in &record {
                self.line.extend_from_slice(field);
                self.ends.push(self.line.len());
                // Fields lie as in a plain line: with one byte between them.
                self.line.push(b',');
            }
        } else {
            self.ends.extend(memchr::memchr_iter(b',', &self.line));
            self.ends.push(self.line.len());
        }
        if self.ends.len() != self.header.len() {
            let (has, wanted) = (self.ends.len(), self.header.len());
            return Err(self.damaged(format!("it has {has} fields instead of {wanted}")));
        }
        let RequestScan { line, ends, columns, header, .. } = self;
        Ok(Some(Scanned { line, ends, columns, header }))
    }

    /// An error in the row that was read last; the header is line 1.
    pub fn damaged(&self, what: impl Into<String>) -> RecordError {
        RecordError::damaged(&self.name, self.rows + 1, what)
    }
}

/// One line as CSV, by the `csv` crate.
fn parsed(line: &[u8]) -> Result<ByteRecord, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record)?;
    Ok(record)
}

impl<'a> Scanned<'a> {
    fn field(&self, column: usize) -> &'a [u8] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        &self.line[start..self.ends[column]]
    }

    /// A number; `None` if the field is empty, or no number.
    fn number(&self, column: usize) -> Option<u64> {
        let field = self.field(column);
        if field.is_empty() {
            return None;
        }
        field.iter().try_fold(0u64, |value, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit < 10).then_some(())?;
            value.checked_mul(10)?.checked_add(digit.into())
        })
    }

    fn text(&self, column: usize) -> Option<String> {
        let field = self.field(column);
        (!field.is_empty()).then(|| String::from_utf8_lossy(field).into_owned())
    }

    /// See [`RequestRow::scheduled_ns`]; `None` if the field is no number.
    pub fn scheduled_ns(&self) -> Option<u64> {
        self.number(self.columns.scheduled)
    }

    /// When a phase ended; `None` if nobody can tell.
    pub fn end_of(&self, phase: Phase) -> Option<u64> {
        self.number(self.columns.ends[phase as usize]?)
    }

    /// Whether it is known which connection carried it.
    pub fn was_carried(&self) -> bool {
        self.columns.connection.is_some_and(|column| !self.field(column).is_empty())
    }

    /// Whether it failed.
    pub fn failed(&self) -> bool {
        !self.field(self.columns.error).is_empty()
    }

    /// Its error class, if it failed.
    pub fn error(&self) -> Option<String> {
        self.text(self.columns.error)
    }

    /// Its raw error chain, if it failed.
    pub fn error_chain(&self) -> Option<String> {
        self.text(self.columns.error_chain)
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn row(&self) -> Result<RequestRow, String> {
        let record: ByteRecord = (0..self.ends.len()).map(|column| self.field(column)).collect();
        record.deserialize(Some(self.header)).map_err(|e| match e.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            _ => e.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Source;
    use crate::record::write_compressed;
    use proptest::prelude::*;

    fn scanned(rows: &[RequestRow]) -> Vec<RequestRow> {
        let bytes = write_compressed(Vec::new(), rows.iter().cloned()).expect("rows");
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        assert!(scan.has_marks());
        let mut out = Vec::new();
        while let Some(row) = scan.next_row().expect("a row") {
            let whole = row.row().expect("all of it");
            assert_eq!(row.scheduled_ns(), Some(whole.scheduled_ns));
            assert_eq!(Phase::ALL.map(|phase| (phase, row.end_of(phase))), whole.ends_ns());
            assert_eq!(row.was_carried(), whole.connection.is_some());
            assert_eq!(row.failed(), whole.error.is_some());
            assert_eq!(
                (row.error(), row.error_chain()),
                (whole.error.clone(), whole.error_chain.clone())
            );
            out.push(whole);
        }
        out
    }

    fn mark() -> impl Strategy<Value = Option<u64>> {
        prop_oneof![Just(None), any::<u64>().prop_map(Some), (0u64..1_000).prop_map(Some)]
    }

    /// Words that CSV must quote, and some that it need not.
    fn words() -> impl Strategy<Value = Option<String>> {
        prop_oneof![
            Just(None),
            "[a-z :]{1,20}".prop_map(Some),
            "[a-z,\"\r\n'é]{1,12}".prop_map(Some)
        ]
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            rows in prop::collection::vec(
                (any::<u32>(), (mark(), mark(), mark(), mark()), any::<u64>(), words(), words()), 1..8,
            ),
        ) {
            let row = |(index, (pool, connect, send, head), end, error, chain): &(_, (_, _, _, _), _, Option<String>, Option<String>)| RequestRow {
                index: *index,
                pool_ns: *pool,
                connect_ns: *connect,
                send_ns: *send,
                head_ns: *head,
                end_ns: *end,
                status: pool.map(|_| 200),
                connection: connect.map(|_| 7),
                dns: head.map(|_| Source::Query),
                error: error.clone(),
                error_chain: chain.clone(),
                ..RequestRow::default()
            };
            let rows: Vec<RequestRow> = rows.iter().map(row).collect();
            prop_assert_eq!(scanned(&rows), rows);
        }
    }

    #[test]
    fn rows_of_older_recordings_have_no_marks() {
        let text = "index,scheduled_ns,start_ns,head_ns,end_ns,planned_delay_ns,served_delay_ns,\
                    status,body_bytes,error,error_chain\n3,1,2,5,9,4,4,200,10,,\n";
        let bytes = zstd::encode_all(text.as_bytes(), 1).expect("compressed");
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        assert!(!scan.has_marks());
        let row = scan.next_row().expect("a row").expect("one");
        let ends = Phase::ALL.map(|phase| row.end_of(phase));
        assert_eq!(ends, [Some(2), None, None, None, None, None, None, Some(5), Some(9)]);
        assert_eq!(row.row().expect("all of it").index, 3);
        assert!(scan.next_row().expect("the end").is_none());
    }

    #[test]
    fn a_file_without_rows_is_empty_and_damage_is_named() {
        let of = |text: &str| zstd::encode_all(text.as_bytes(), 1).expect("compressed");
        assert!(RequestScan::new("t", &of("")[..]).expect("empty").is_none());
        assert!(RequestScan::new("t", &b"not zstd"[..]).is_err());
        assert!(RequestScan::new("t", &of("a,b\n")[..]).is_err());
        let header = "scheduled_ns,start_ns,end_ns,error,error_chain";
        let bytes = of(&format!("{header}\n1,2,3,,\n1,2\n"));
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        assert!(scan.next_row().expect("a row").is_some());
        let error = scan.next_row().expect_err("a short row").to_string();
        assert_eq!(error, "t:3: damaged: it has 2 fields instead of 5");
    }
}
