//! The file that a program appends its report to: lines of CSV, see `docs/programs.md`.

use crate::strategy::failure::{Class, Failure, Stage};

/// All that a program reported.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reported {
    /// Begin of its window, in nanoseconds of its clock.
    pub(super) begin_ns: u64,
    /// End of its window.
    pub(super) end_ns: u64,
    /// Its requests, in the order of the file; each index once.
    pub(super) rows: Vec<Row>,
}

/// A request as a program reported it. Times are nanoseconds of its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) index: u32,
    pub(super) start_ns: u64,
    pub(super) head_ns: Option<u64>,
    pub(super) end_ns: u64,
    pub(super) status: Option<u16>,
    pub(super) bytes: Option<u64>,
    pub(super) failure: Option<Failure>,
}

/// Reads the report of a program that was to make this many requests with bodies of `body_bytes`. `None`
/// if it reported nothing.
pub(super) fn parse(
    text: &[u8],
    requests: u32,
    body_bytes: Option<u64>,
) -> Result<Option<Reported>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text);
    let (mut begin, mut end) = (None, None);
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = vec![false; requests as usize];
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(format!("its report cannot be read: {error}")),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let at = |why: String| format!("its report, line {line}: {why}");
        let first = record.get(0).unwrap_or_default();
        if let "begin" | "end" = first {
            let ns = number(&record, 1, "a time").map_err(at)?;
            let place = if first == "begin" { &mut begin } else { &mut end };
            if place.replace(ns).is_some() {
                return Err(at(format!("there are two lines `{first}`")));
            }
            continue;
        }
        let row = row(&record, body_bytes).map_err(at)?;
        match seen.get_mut(row.index as usize) {
            None => return Err(at(format!("request {} is none of the {requests}", row.index))),
            Some(true) => return Err(at(format!("request {} is there twice", row.index))),
            Some(place) => *place = true,
        }
        rows.push(row);
    }
    if rows.is_empty() && begin.is_none() && end.is_none() {
        return Ok(None);
    }
    let begin_ns = begin.or(rows.iter().map(|row| row.start_ns).min()).unwrap_or(0);
    let end_ns = end.or(rows.iter().map(|row| row.end_ns).max()).unwrap_or(begin_ns);
    let outside = rows.iter().find(|row| row.start_ns < begin_ns || row.end_ns > end_ns);
    if let Some(row) = outside {
        return Err(format!("its report: request {} is outside `begin` and `end`", row.index));
    }
    if end_ns < begin_ns {
        return Err("its report: `end` is before `begin`".to_owned());
    }
    Ok(Some(Reported { begin_ns, end_ns, rows }))
}

fn number<T: std::str::FromStr>(
    record: &csv::StringRecord,
    field: usize,
    what: &str,
) -> Result<T, String> {
    let text = record.get(field).unwrap_or_default();
    text.parse().map_err(|_| format!("field {}: `{}` is not {what}", field + 1, shown(text)))
}

/// The beginning of a text that may be anything.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

fn row(record: &csv::StringRecord, body_bytes: Option<u64>) -> Result<Row, String> {
    if !(5..=6).contains(&record.len()) {
        let fields = record.len();
        return Err(format!(
            "{fields} fields, where a request has INDEX,START_NS,HEAD_NS,END_NS,RESULT and maybe BYTES"
        ));
    }
    let index = number(record, 0, "the number of a request")?;
    let start_ns = number(record, 1, "a time")?;
    let head_ns = match record.get(2).unwrap_or_default() {
        "" => None,
        _ => Some(number(record, 2, "a time")?),
    };
    let end_ns = number(record, 3, "a time")?;
    if head_ns.is_some_and(|head| head < start_ns || head > end_ns) || end_ns < start_ns {
        return Err("start, head and end are not in this order".to_owned());
    }
    let bytes = match record.get(5).unwrap_or_default() {
        "" => None,
        _ => Some(number(record, 5, "a number of bytes")?),
    };
    let result = record.get(4).unwrap_or_default();
    let (status, failure) = match status(result) {
        Some(200) => {
            let wrong = bytes.zip(body_bytes).filter(|(bytes, expected)| bytes != expected);
            let text =
                wrong.map(|(n, expected)| format!("a body of {n} B instead of {expected} B"));
            (Some(200), text.map(|text| Failure::new(Class::BodyMismatch, text)))
        }
        Some(status) => (
            Some(status),
            Some(Failure::new(Class::Status(status / 100), format!("status {status}"))),
        ),
        None => (None, Some(failure(result, head_ns.is_some())?)),
    };
    Ok(Row { index, start_ns, head_ns, end_ns, status, bytes, failure })
}

fn status(result: &str) -> Option<u16> {
    let is_status = result.len() == 3 && result.bytes().all(|byte| byte.is_ascii_digit());
    result.parse().ok().filter(|_| is_status)
}

/// Words for errors. A program knows less of them than our clients: `timeout` is one, for example.
const CLASSES: [(&str, Class); 11] = [
    ("connect", Class::Refused),
    ("reset", Class::Reset),
    ("timeout", Class::Timeout(Stage::Head)),
    ("dns", Class::Dns),
    ("tls", Class::Tls),
    ("closed", Class::Closed),
    ("truncated", Class::Truncated),
    ("canceled", Class::Canceled),
    ("emfile", Class::Emfile),
    ("eaddrnotavail", Class::AddressUnavailable),
    ("other", Class::Other),
];

/// `timeout`, or `timeout: what the program said`.
fn failure(result: &str, has_head: bool) -> Result<Failure, String> {
    let (word, text) = result.split_once(':').unwrap_or((result, result));
    let word = word.trim();
    let Some((_, class)) = CLASSES.iter().find(|(known, _)| *known == word) else {
        let known: Vec<&str> = CLASSES.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "`{}` is neither a status nor an error; errors begin with one of {}",
            shown(result),
            known.join(", ")
        ));
    };
    let failure = Failure::new(*class, text.trim());
    Ok(if has_head { failure.after_head() } else { failure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        match parse(text.as_bytes(), 3, Some(4)) {
            Ok(reported) => format!("{reported:?}"),
            Err(why) => why,
        }
    }

    #[test]
    fn a_report_is_read() {
        let text = "begin,100\n1,110,120,130,200,4\n0,100,,150,timeout: after 5 s\nend,160\n";
        let reported = parse(text.as_bytes(), 3, Some(4)).expect("a report").expect("rows");
        assert_eq!((reported.begin_ns, reported.end_ns), (100, 160));
        assert_eq!(reported.rows[0].failure, None);
        let failure = reported.rows[1].failure.as_ref().expect("a failure");
        assert_eq!(
            (failure.class, failure.chain.as_str()),
            (Class::Timeout(Stage::Head), "after 5 s")
        );
        assert_eq!(parse(b"", 3, Some(4)), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let cases = [
            ("hello\n", "line 1: 1 fields"),
            ("0,1,2,3,200\n0,1,2,3,200\n", "line 2: request 0 is there twice"),
            ("7,1,2,3,200\n", "request 7 is none of the 3"),
            ("0,5,4,6,200\n", "not in this order"),
            ("0,1,2,3,fine\n", "`fine` is neither a status nor an error"),
            ("begin,1\nbegin,2\n", "line 2: there are two lines `begin`"),
            ("begin,x\n", "field 2: `x` is not a time"),
            ("begin,5\n0,4,,6,200\n", "request 0 is outside"),
            ("0,1,2,-3,200\n", "`-3` is not a time"),
        ];
        for (text, want) in cases {
            assert!(told(text).contains(want), "{text:?}: {}", told(text));
        }
    }

    #[test]
    fn a_wrong_body_and_a_wrong_status_are_failures() {
        let text = "0,1,2,3,200,5\n1,1,2,3,503\n2,1,2,3,timeout\n";
        let reported = parse(text.as_bytes(), 3, Some(4)).expect("a report").expect("rows");
        let classes: Vec<String> = reported
            .rows
            .iter()
            .map(|row| row.failure.as_ref().expect("a failure").class.to_string())
            .collect();
        assert_eq!(classes, ["body_mismatch", "status(5xx)", "timeout(body)"]);
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
            // It must not panic.
            let _ = parse(&text, 3, Some(4));
        }

        #[test]
        fn no_request_is_lost_or_made_up(starts in prop::collection::vec(0u64..1_000, 0..20)) {
            let lines: String =
                starts.iter().enumerate().map(|(i, at)| format!("{i},{at},,{},200\n", at + 5)).collect();
            let reported = parse(lines.as_bytes(), 20, Some(4)).expect("a report");
            prop_assert_eq!(reported.map_or(0, |reported| reported.rows.len()), starts.len());
        }
    }
}
