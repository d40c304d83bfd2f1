//! CSV files that grow by one row at a time.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use csv::ByteRecord;
use fs_err::{File, OpenOptions};
use serde::Serialize;

use super::RecordError;
use super::columns::{Columns, HeaderError, Row};

/// A row as one line of CSV. No field may hold a line break, so that a row is a line and a torn
/// tail can be told from a whole row.
pub(super) fn line(row: &impl Serialize, with_header: bool) -> Result<Vec<u8>, RecordError> {
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    writer.serialize(row).map_err(io::Error::from)?;
    writer.into_inner().map_err(|e| e.into_error().into())
}

/// The header of a row type, as a line of CSV.
pub(super) fn header<T: Row>() -> Vec<u8> {
    let names: Vec<&str> = T::COLUMNS.iter().map(|column| column.name).collect();
    format!("{}\n", names.join(",")).into()
}

/// A file of rows that grows. Every append is one write, then an fsync.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    columns: Columns,
}

impl Appender {
    /// Opens a file to append rows of `T` to it, under the header that it has. Nothing is written.
    pub(super) fn open<T: Row>(path: &Path) -> Result<Appender, RecordError> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut header = Vec::new();
        BufReader::new(&file).read_until(b'\n', &mut header)?;
        let columns = columns_to_fill::<T>(&path.display().to_string(), &header)?;
        Ok(Appender { file, columns })
    }

    pub(super) fn append(&mut self, row: &impl Serialize) -> Result<(), RecordError> {
        let line = line_under(&self.columns, row)?;
        self.file.write_all(&line)?;
        Ok(self.file.sync_data()?)
    }
}

/// The columns of a header that rows of `T` are to be written under: it has each of them, and no
/// other, in any order.
pub(super) fn columns_to_fill<T: Row>(file: &str, header: &[u8]) -> Result<Columns, RecordError> {
    let columns = Columns::of::<T>(&first_row(header)).map_err(|error| error.of_file(file))?;
    if let Some(absent) = columns.absent().next() {
        let what = format!("it has no column `{absent}`, so no row can be appended to it");
        return Err(RecordError::damaged(file, 1, what));
    }
    Ok(columns)
}

/// A row as one line, its fields in the order of these columns.
pub(super) fn line_under(columns: &Columns, row: &impl Serialize) -> Result<Vec<u8>, RecordError> {
    let fields = fields(row)?;
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(columns.arrange(&fields)).map_err(io::Error::from)?;
    writer.into_inner().map_err(|e| e.into_error().into())
}

/// The fields of a row as text, in the order of its type.
pub(super) fn fields(row: &impl Serialize) -> Result<ByteRecord, RecordError> {
    Ok(first_row(&line(row, false)?))
}

/// The first row of a text, which may be a header; empty if there is none.
fn first_row(text: &[u8]) -> ByteRecord {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut row = ByteRecord::new();
    // Memory is always read, and any bytes are fields.
    let _ = reader.read_byte_record(&mut row);
    row
}

/// Length of the lines that were written to their end.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1)
}

/// Cuts a last line that was not written to its end. Returns the bytes that were cut.
pub(super) fn cut_torn_line(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = whole_lines(&bytes);
    let torn = (bytes.len() - whole) as u64;
    if torn > 0 {
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
    }
    Ok(torn)
}

/// Reads all rows of a file that grows; `file` is its path. A last line without its end is left out:
/// it is a row that was being written, and may end in the middle of a character.
pub(super) fn read_rows<T: Row>(file: &str, bytes: &[u8]) -> Result<Vec<T>, RecordError> {
    read(file, &bytes[..whole_lines(bytes)], Columns::of::<T>)
}

/// Reads all rows of a file that was written as a whole.
pub(super) fn read_all_rows<T: Row>(file: &str, bytes: &[u8]) -> Result<Vec<T>, RecordError> {
    if whole_lines(bytes) < bytes.len() {
        let line = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        return Err(RecordError::damaged(file, line, "the line has no end: the file was cut"));
    }
    read_rows(file, bytes)
}

/// Reads rows as [`read_rows`] does, and nothing of the columns that `T` does not have.
pub(super) fn read_some_columns<T: Row>(file: &str, bytes: &[u8]) -> Result<Vec<T>, RecordError> {
    read(file, &bytes[..whole_lines(bytes)], Columns::some_of::<T>)
}

fn read<T: Row>(
    file: &str,
    bytes: &[u8],
    columns_of: fn(&ByteRecord) -> Result<Columns, HeaderError>,
) -> Result<Vec<T>, RecordError> {
    if bytes.is_empty() {
        return Err(RecordError::damaged(file, 1, "it has no header"));
    }
    let damaged = |line: u64, what: String| RecordError::damaged(file, line, what);
    let unreadable = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        damaged(line, plain(&error))
    };
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.byte_headers().map_err(unreadable)?;
    let columns = columns_of(header).map_err(|error| error.of_file(file))?;
    let mut rows = Vec::new();
    for record in reader.into_byte_records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(columns.read(|place| &record[place]).map_err(|what| damaged(line, what))?);
    }
    Ok(rows)
}

/// The message of a CSV error without the position, which is told apart.
pub(super) fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields instead of {expected_len}")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::columns::row;
    use serde::Deserialize;

    row! {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Line {
            a: u32,
            b: Option<u64>,
        }
    }

    #[test]
    fn a_header_is_the_names_of_the_fields() {
        assert_eq!(header::<Line>(), b"a,b\n");
        assert_eq!(line(&Line { a: 1, b: None }, false).expect("a line"), b"1,\n");
    }

    #[test]
    fn a_torn_tail_is_left_out_and_other_damage_is_named() {
        let read = |text: &str| read_rows::<Line>("t.csv", text.as_bytes());
        assert_eq!(read("a,b\n1,2\n3,").expect("a torn tail"), [Line { a: 1, b: Some(2) }]);
        let error = read("a,b\n1,2\nx,4\n5,6\n").expect_err("a bad row").to_string();
        assert_eq!(error, "t.csv:3: damaged: column `a`: `x` is not a whole number");
        let error = read("a,b\n1\n").expect_err("a short row").to_string();
        assert_eq!(error, "t.csv:2: damaged: it has 1 fields instead of 2");
        let error = read("").expect_err("nothing").to_string();
        assert_eq!(error, "t.csv:1: damaged: it has no header");
        let error = read("a,b,c\n1,2,3\n").expect_err("a newer column").to_string();
        assert!(error.starts_with("t.csv: this inflight does not know column `c`"));
        let all = |text: &str| read_all_rows::<Line>("t.csv", text.as_bytes());
        let error = all("a,b\n1,2\n3,").expect_err("a cut file").to_string();
        assert_eq!(error, "t.csv:3: damaged: the line has no end: the file was cut");
        assert_eq!(all("b,a\r\n2,1\r\n").expect("a row"), [Line { a: 1, b: Some(2) }]);
    }

    #[test]
    fn rows_are_appended_under_the_header_that_is_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("t.csv");
        fs_err::write(&path, "b,a\n2,1\n").expect("a file");
        let mut rows = Appender::open::<Line>(&path).expect("a table");
        rows.append(&Line { a: 3, b: None }).expect("a row");
        rows.append(&Line { a: 5, b: Some(6) }).expect("a row");
        assert_eq!(fs_err::read_to_string(&path).expect("a file"), "b,a\n2,1\n,3\n6,5\n");
        for header in ["", "a\n", "a,b,c\n", "a,a\n"] {
            fs_err::write(&path, header).expect("a file");
            let error = Appender::open::<Line>(&path).expect_err(header).to_string();
            assert!(error.contains("t.csv"), "{error}");
            assert_eq!(fs_err::read_to_string(&path).expect("a file"), header, "left alone");
        }
    }

    #[test]
    fn a_torn_line_is_cut_from_the_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("t.csv");
        fs_err::write(&path, "a,b\n1,2\n3,").expect("a file");
        assert_eq!(cut_torn_line(&path).expect("a cut"), 2);
        assert_eq!(fs_err::read_to_string(&path).expect("a file"), "a,b\n1,2\n");
        assert_eq!(cut_torn_line(&path).expect("nothing to cut"), 0);
    }
}
