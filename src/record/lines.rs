//! CSV files that grow by one row at a time.

use std::io::{self, Read, Seek, SeekFrom, Write};

use fs_err::{File, OpenOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RecordError;

/// A row as one line of CSV. No field may hold a line break, so that a row is a line and a torn
/// tail can be told from a whole row.
pub(super) fn line(row: &impl Serialize, with_header: bool) -> Result<Vec<u8>, RecordError> {
    let mut writer = csv::WriterBuilder::new().has_headers(with_header).from_writer(Vec::new());
    writer.serialize(row).map_err(io::Error::from)?;
    writer.into_inner().map_err(|e| e.into_error().into())
}

/// The header of a row type, as a line of CSV; `row` is any row of the type.
pub(super) fn header(row: &impl Serialize) -> Result<Vec<u8>, RecordError> {
    let mut both = line(row, true)?;
    let end = both.iter().position(|&b| b == b'\n').map_or(both.len(), |i| i + 1);
    both.truncate(end);
    Ok(both)
}

/// A file that grows. Every append is one write, then an fsync.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
}

impl Appender {
    pub(super) fn open(path: &std::path::Path) -> io::Result<Appender> {
        Ok(Appender { file: OpenOptions::new().append(true).open(path)? })
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }
}

/// Length of the lines that were written to their end.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1)
}

/// Cuts a last line that was not written to its end. Returns the bytes that were cut.
pub(super) fn cut_torn_line(path: &std::path::Path) -> io::Result<u64> {
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

/// Reads all rows. A last line without its end is left out: it is a row that was being written,
/// and may end in the middle of a character.
pub(super) fn read_rows<T: DeserializeOwned>(
    name: &str,
    bytes: &[u8],
) -> Result<Vec<T>, RecordError> {
    let mut reader = csv::Reader::from_reader(&bytes[..whole_lines(bytes)]);
    let row = |row: Result<T, csv::Error>| {
        row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            RecordError::damaged(name, line, plain(&error))
        })
    };
    reader.deserialize().map(row).collect()
}

/// The message of a CSV error without the position, which is told apart.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} fields instead of {expected_len}")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        a: u32,
        b: Option<u64>,
    }

    #[test]
    fn a_header_is_the_names_of_the_fields() {
        assert_eq!(header(&Row { a: 1, b: None }).expect("a header"), b"a,b\n");
        assert_eq!(line(&Row { a: 1, b: None }, false).expect("a line"), b"1,\n");
    }

    #[test]
    fn a_torn_tail_is_left_out_and_other_damage_is_named() {
        let read = |text: &str| read_rows::<Row>("t.csv", text.as_bytes());
        assert_eq!(read("a,b\n1,2\n3,").expect("a torn tail"), [Row { a: 1, b: Some(2) }]);
        let error = read("a,b\n1,2\nx,4\n5,6\n").expect_err("a bad row").to_string();
        assert!(error.starts_with("t.csv:3: damaged: "), "{error}");
        let error = read("a,b\n1\n").expect_err("a short row").to_string();
        assert_eq!(error, "t.csv:2: damaged: it has 1 fields instead of 2");
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
