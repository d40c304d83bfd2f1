//! Reading the request rows of a trial one after the other, however many they are.
//!
//! A report needs a few columns of every row and all columns of a few. So a row is cut into its
//! fields and nothing else; a field becomes a number when it is asked for. Rows of one line without
//! quotes, as nearly all are, are cut at their commas where they were decompressed; the others are
//! left to the `csv` crate.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Cursor, Read};

use csv::ByteRecord;

use super::{Numbers, RecordError, RequestRow, columns};
use crate::strategy::probe::Phase;
use crate::units::read_decimal;

/// Bytes that are decompressed at once: two blocks of zstd.
const BUFFER: usize = 256 * 1024;

/// The columns that are read of every row.
#[derive(Debug, Clone, Copy)]
struct Columns {
    scheduled: usize,
    /// Index of each phase's end; `None` where the recording is older than the column.
    ends: [Option<usize>; Phase::ALL.len()],
    connection: Option<usize>,
    index: Option<usize>,
    served: Option<usize>,
    /// Indices of the lists of pieces of bodies; `None` where the recording is older than the
    /// columns.
    pieces: Option<[usize; 3]>,
    error: usize,
    error_chain: usize,
}

impl Columns {
    /// The columns' indices; or the name of one that every recording has, and this header has not.
    fn of(header: &ByteRecord) -> Result<Columns, &'static str> {
        let place = |name: &str| header.iter().position(|column| column == name.as_bytes());
        let end = |phase: Phase| match phase {
            Phase::Queue => place("start_ns"),
            Phase::Wait => place("head_ns"),
            Phase::Receive => place("end_ns"),
            other => place(&format!("{}_ns", other.name())),
        };
        let needed = |name: &'static str| place(name).ok_or(name);
        for always in ["start_ns", "head_ns", "end_ns"] {
            needed(always)?;
        }
        Ok(Columns {
            scheduled: needed("scheduled_ns")?,
            ends: Phase::ALL.map(end),
            connection: place("connection"),
            index: place("index"),
            served: place("served_delay_ns"),
            pieces: pieces(place),
            error: needed("error")?,
            error_chain: needed("error_chain")?,
        })
    }
}

/// Indices of the lists of pieces.
fn pieces(place: impl Fn(&str) -> Option<usize>) -> Option<[usize; 3]> {
    Some([place("chunk_ns")?, place("chunk_bytes")?, place("sent_chunk_ns")?])
}

/// The rows of one trial, one after the other.
pub struct RequestScan<R: Read> {
    /// The path of the file; for errors.
    name: String,
    source: BufReader<zstd::Decoder<'static, BufReader<R>>>,
    header: ByteRecord,
    columns: Columns,
    /// Indices of all columns.
    all: columns::Columns,
    /// The fault of a field of the last row that was asked for, if it has one.
    wrong: RefCell<Option<String>>,
    /// Bytes of the row at the front of `source`, with its line break; 0 if it is in `line`.
    used: usize,
    /// The row without its line break, if it cannot be used where it stands.
    line: Vec<u8>,
    /// Ends of its fields.
    ends: Vec<usize>,
    /// Cuts the rows with quotes.
    quoted: csv::Reader<Cursor<Vec<u8>>>,
    rows: u64,
}

/// One row. It lives until the next is read.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    line: &'a [u8],
    ends: &'a [usize],
    columns: &'a Columns,
    header: &'a ByteRecord,
    all: &'a columns::Columns,
    wrong: &'a RefCell<Option<String>>,
}

impl<R: Read> RequestScan<R> {
    /// Opens the rows of the file whose path is `name`, for messages; `None` if it is empty, as of a
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
        let mut quoted = lines(line);
        let mut header = ByteRecord::new();
        quoted.read_byte_record(&mut header).map_err(|e| damaged(e.to_string()))?;
        let all = columns::Columns::of::<RequestRow>(&header).map_err(|e| e.of_file(name))?;
        let columns =
            Columns::of(&header).map_err(|name| damaged(format!("it has no column `{name}`")))?;
        Ok(Some(RequestScan {
            name: name.to_owned(),
            source,
            header,
            columns,
            all,
            wrong: RefCell::default(),
            used: 0,
            line: Vec::new(),
            ends: Vec::new(),
            quoted,
            rows: 0,
        }))
    }

    /// Whether the rows have the marks of libraries: recordings made before did not.
    pub fn has_marks(&self) -> bool {
        self.columns.ends.iter().all(Option::is_some)
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// If the stream is damaged, the row has another number of fields than the header, or a number
    /// that was asked for in the row before is none.
    pub fn next_row(&mut self) -> Result<Option<Scanned<'_>>, RecordError> {
        if self.wrong.borrow().is_some() {
            return Err(self.damaged(""));
        }
        self.source.consume(std::mem::take(&mut self.used));
        if let Some(length) = cut(self.source.buffer(), &mut self.ends) {
            self.used = length + 1;
        } else if !self.read_line()? {
            return Ok(None);
        }
        self.rows += 1;
        if self.ends.len() != self.header.len() {
            let (has, wanted) = (self.ends.len(), self.header.len());
            return Err(self.damaged(format!("it has {has} fields instead of {wanted}")));
        }
        let RequestScan { source, used, line, ends, columns, header, all, wrong, .. } = self;
        let line = if *used > 0 { &source.buffer()[..*used - 1] } else { &line[..] };
        Ok(Some(Scanned { line, ends, columns, header, all, wrong }))
    }

    /// Reads and cuts a row of any kind: one with quotes, or that is not decompressed as a whole
    /// yet. `false` at the end.
    #[cold]
    fn read_line(&mut self) -> Result<bool, RecordError> {
        self.line.clear();
        let mut quotes = 0;
        loop {
            let start = self.line.len();
            let read = self.source.read_until(b'\n', &mut self.line);
            let is_end = read.map_err(|e| self.damaged(e.to_string()))? == 0;
            quotes += memchr::memchr_iter(b'"', &self.line[start..]).count();
            // A line break within quotes belongs to the field.
            if is_end || quotes % 2 == 0 {
                break;
            }
        }
        if self.line.is_empty() {
            return Ok(false);
        }
        let length = self.line.len();
        // Whole eights, and the last line may have no line break.
        self.line.resize(length + 8, b'\n');
        if let Some(length) = cut(&self.line, &mut self.ends) {
            self.line.truncate(length);
            return Ok(true);
        }
        self.line.truncate(length + 1);
        *self.quoted.get_mut() = Cursor::new(std::mem::take(&mut self.line));
        let mut record = ByteRecord::new();
        let read = self.quoted.read_byte_record(&mut record);
        read.map_err(|e| self.damaged(e.to_string()))?;
        self.ends.clear();
        for field in &record {
            self.line.extend_from_slice(field);
            self.ends.push(self.line.len());
            // Fields lie as in a plain line: with one byte between them.
            self.line.push(b',');
        }
        Ok(true)
    }

    /// An error in the row that was read last, where the header is line 1: of a number that was asked
    /// for and is none, else `what`.
    pub fn damaged(&self, what: impl Into<String>) -> RecordError {
        let what = self.wrong.take().unwrap_or_else(|| what.into());
        RecordError::damaged(&self.name, self.rows + 1, what)
    }
}

/// Cuts the row that the bytes start with: its fields end at `ends`, and it at the result, before its
/// line break. `None` if the row does not end in the bytes, or has marks other than commas in it.
///
/// Fields have a few bytes each, so that a search for each comma would take longer than looking at
/// eight bytes at a time.
fn cut(bytes: &[u8], ends: &mut Vec<usize>) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);
    /// Difference of 0x7F and a comma: added to a byte, it sets the highest bit of those above a
    /// comma only.
    const ABOVE: u64 = u64::from_ne_bytes([0x7F - b','; 8]);
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let place_of = |start: usize, mark: u64| start + mark.trailing_zeros() as usize / 8;
    ends.clear();
    let mut start = 0;
    while let Some(eight) = bytes[start..].first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        let shifted = (eight & LOW) + ABOVE;
        // The highest bits of the bytes that are no greater than a comma, and of the commas.
        let marks = !(shifted | eight) & !LOW;
        let mut commas = marks & (shifted + ONES);
        let mut others = marks ^ commas;
        let mut end = None;
        while others != 0 {
            let place = place_of(start, others);
            match bytes[place] {
                b'\n' => {
                    // The commas after it are of the next row.
                    commas &= (others & others.wrapping_neg()) - 1;
                    end = Some(place);
                    break;
                }
                b'"' | b'\r' => return None,
                _ => others &= others - 1,
            }
        }
        while commas != 0 {
            ends.push(place_of(start, commas));
            commas &= commas - 1;
        }
        if let Some(end) = end {
            ends.push(end);
            return Some(end);
        }
        start += 8;
    }
    None
}

/// The number that the last of eight bytes say, `digits` of them, at most all; `None` if one is no
/// digit.
fn last_digits(eight: &[u8; 8], digits: usize) -> Option<u64> {
    const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);
    const HIGHEST: u64 = u64::from_ne_bytes([0x80; 8]);
    /// Difference of 0x7F and nine: added to a byte, it sets the highest bit if that is more than
    /// nine.
    const ABOVE_NINE: u64 = u64::from_ne_bytes([0x7F - 9; 8]);
    // The first byte is the lowest: what is before the digits is shifted out, and zeros are left.
    let unwanted = 8 * (8 - digits as u32);
    let values = ((u64::from_le_bytes(*eight) ^ ZEROS) >> unwanted) << unwanted;
    if (values.wrapping_add(ABOVE_NINE) | values) & HIGHEST != 0 {
        return None;
    }
    // Neighbours are joined: eight digits to four numbers below 100, to two below 10 000, to one.
    let pairs = (values * 10 + (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours & 0xFFFF) * 10_000 + (fours >> 32))
}

/// A reader of lines without a header, one at a time: making one takes longer than many rows.
fn lines(line: Vec<u8>) -> csv::Reader<Cursor<Vec<u8>>> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Cursor::new(line))
}

impl<'a> Scanned<'a> {
    fn field(&self, column: usize) -> &'a [u8] {
        &self.line[self.start(column)..self.ends[column]]
    }

    fn start(&self, column: usize) -> usize {
        column.checked_sub(1).map_or(0, |before| self.ends[before] + 1)
    }

    /// A number; `None` if the field is empty. If it is no number, the next row is an error.
    #[inline]
    fn number(&self, column: usize) -> Option<u64> {
        let end = self.ends[column];
        match end - self.start(column) {
            0 => None,
            digits => self.plain(end, digits).or_else(|| self.unusual(column)),
        }
    }

    /// The number of as many digits, which are all before `end`.
    #[inline]
    fn plain(&self, end: usize, digits: usize) -> Option<u64> {
        // Eight bytes at a time, from the last backwards.
        match (digits, self.line[..end].split_last_chunk()) {
            (1..=8, Some((_, last))) => last_digits(last, digits),
            (9..=16, Some((rest, last))) if let Some((_, before)) = rest.split_last_chunk() => {
                Some(last_digits(before, digits - 8)? * 100_000_000 + last_digits(last, 8)?)
            }
            _ => read_decimal(&self.line[end - digits..end]),
        }
    }

    /// A number that is not digits alone.
    #[cold]
    fn unusual(&self, column: usize) -> Option<u64> {
        let field = self.field(column);
        let read = columns::whole_number(&String::from_utf8_lossy(field));
        read.map_err(|what| self.note(column, what)).ok()
    }

    /// Notes that a field is wrong.
    fn note(&self, column: usize, what: &str) {
        let name = String::from_utf8_lossy(&self.header[column]);
        self.wrong.replace(Some(columns::wrong(&name, self.field(column), what)));
    }

    fn text(&self, column: usize) -> Option<String> {
        let field = self.field(column);
        (!field.is_empty()).then(|| String::from_utf8_lossy(field).into_owned())
    }

    /// See [`RequestRow::scheduled_ns`]; `None` if the field is empty.
    pub fn scheduled_ns(&self) -> Option<u64> {
        self.number(self.columns.scheduled)
    }

    /// When a phase ended; `None` if nobody can tell.
    pub fn end_of(&self, phase: Phase) -> Option<u64> {
        self.number(self.columns.ends[phase as usize]?)
    }

    /// Its place among all requests of the trial; `None` if that is not told.
    pub fn index(&self) -> Option<u64> {
        self.number(self.columns.index?)
    }

    /// See [`RequestRow::served_delay_ns`].
    pub fn served_delay_ns(&self) -> Option<u64> {
        self.number(self.columns.served?)
    }

    /// Whether it is known which connection carried it.
    pub fn was_carried(&self) -> bool {
        self.columns.connection.is_some_and(|column| !self.field(column).is_empty())
    }

    /// The pieces of its bodies that are told one by one: see [`RequestRow::chunk_ns`],
    /// [`RequestRow::chunk_bytes`] and [`RequestRow::sent_chunk_ns`]; `None` if there are none.
    ///
    /// # Errors
    ///
    /// What is wrong, if something in them is no number.
    pub fn pieces(&self) -> Result<Option<[Numbers; 3]>, String> {
        let Some(columns) = self.columns.pieces else { return Ok(None) };
        if columns.iter().all(|&column| self.field(column).is_empty()) {
            return Ok(None);
        }
        let list = |column: usize| {
            Numbers::read(self.field(column)).ok_or_else(|| {
                let name = String::from_utf8_lossy(&self.header[column]);
                columns::wrong(&name, self.field(column), "is not a list of whole numbers")
            })
        };
        let [at, bytes, sent] = columns;
        Ok(Some([list(at)?, list(bytes)?, list(sent)?]))
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
        self.all.read(|place| self.field(place))
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
            let lists =
                [&whole.chunk_ns, &whole.chunk_bytes, &whole.sent_chunk_ns].map(Clone::clone);
            let told = row.pieces().expect("numbers");
            assert_eq!(told, Some(lists).filter(|all| all.iter().any(|list| !list.0.is_empty())));
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
                chunk_ns: Numbers(pool.iter().chain(head).copied().collect()),
                chunk_bytes: Numbers(connect.iter().copied().collect()),
                sent_chunk_ns: Numbers(send.iter().copied().collect()),
                error: error.clone(),
                error_chain: chain.clone(),
                ..RequestRow::default()
            };
            let rows: Vec<RequestRow> = rows.iter().map(row).collect();
            prop_assert_eq!(scanned(&rows), rows);
        }
    }

    proptest! {
        #[test]
        fn a_plain_line_is_cut_at_every_comma(line in "[,\\-+. a-z0-9é\u{0}]{0,40}", rest in ".{8}") {
            let mut ends = Vec::new();
            let bytes = format!("{line}\n{rest}");
            prop_assert_eq!(cut(bytes.as_bytes(), &mut ends), Some(line.len()));
            let commas = line.bytes().enumerate().filter(|(_, b)| *b == b',');
            let wanted: Vec<usize> = commas.map(|(place, _)| place).chain([line.len()]).collect();
            prop_assert_eq!(ends, wanted);
        }

        #[test]
        fn other_lines_are_not_cut(line in "[,0-9]{0,20}[\"\r][,0-9]{0,20}", rest in ".{8}") {
            prop_assert_eq!(cut(format!("{line}\n{rest}").as_bytes(), &mut Vec::new()), None);
            // Nor one whose end is not there yet.
            let begun = line.replace(['"', '\r'], "");
            prop_assert_eq!(cut(begun.as_bytes(), &mut Vec::new()), None);
        }

        #[test]
        fn numbers_are_read_wherever_they_stand(
            before in "[0-9]{0,20},", field in "[0-9]{0,21}|[0-9]{0,10}[^,0-9][0-9]{0,10}",
        ) {
            let header = ByteRecord::from(
                vec!["scheduled_ns", "start_ns", "head_ns", "end_ns", "error", "error_chain"],
            );
            let columns = Columns::of(&header).expect("the columns");
            let all = columns::Columns::some_of::<RequestRow>(&header).expect("the columns");
            let wrong = RefCell::default();
            let text = format!("{before}{field}");
            let row = Scanned {
                line: text.as_bytes(),
                ends: &[before.len() - 1, text.len()],
                columns: &columns,
                header: &header,
                all: &all,
                wrong: &wrong,
            };
            let digits = field.bytes().all(|byte| byte.is_ascii_digit());
            let plain = field.parse().ok().filter(|_| digits);
            let number = plain.or(columns::whole_number(&field).ok());
            prop_assert_eq!(row.number(1), number);
            // A field that is something else is not taken for an empty one.
            prop_assert_eq!(wrong.borrow().is_some(), number.is_none() && !field.is_empty());
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
        let header = "index,scheduled_ns,start_ns,head_ns,end_ns,error,error_chain";
        let bytes = of(&format!("{header}\n0,1,2,,3,,\n1,2\n"));
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        assert!(scan.next_row().expect("a row").is_some());
        let error = scan.next_row().expect_err("a short row").to_string();
        assert_eq!(error, "t:3: damaged: it has 2 fields instead of 7");
        let bytes =
            of(&format!("{header},chunk_ns,chunk_bytes,sent_chunk_ns\n0,1,2,,3,,,4 x,5,\n"));
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        let row = scan.next_row().expect("a row").expect("one");
        let what = "column `chunk_ns`: `4 x` is not a list of whole numbers";
        assert_eq!(row.pieces(), Err(what.to_owned()));
        assert_eq!(row.row(), Err("it has no column `planned_delay_ns`".to_owned()));
        // Times as a data frame writes them, and one that is none.
        let bytes = of(&format!("{header}\n0,1.0,2,,x3,,\n1,2,3,4,5,,\n"));
        let mut scan = RequestScan::new("t", &bytes[..]).expect("a stream").expect("a header");
        let row = scan.next_row().expect("a row").expect("one");
        assert_eq!((row.scheduled_ns(), row.end_of(Phase::Receive)), (Some(1), None));
        let error = scan.next_row().expect_err("no number").to_string();
        assert_eq!(error, "t:2: damaged: column `end_ns`: `x3` is not a whole number");
        let newer = RequestScan::new("t", &of("index,speed\n")[..]).map(|_| ()).expect_err("newer");
        assert!(
            newer.to_string().starts_with("t: this inflight does not know column `speed`"),
            "{newer}"
        );
    }
}
