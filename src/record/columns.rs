//! Rows of CSV as types, by the names of their columns: whatever order the columns have, and with
//! every error naming its column and its value.
//!
//! A table that a spreadsheet or a data frame has written back is read as long as nothing was lost:
//! `5.0` where a whole number belongs is 5, and `True` is `true`.

use std::fmt::Display;

use csv::ByteRecord;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::RecordError;

/// Largest whole number up to which a double holds every one (2⁵³): a larger one that has been
/// through a double may have lost digits.
const EXACT_IN_A_DOUBLE: u64 = 1 << 53;

/// Columns that timelines of November 2026 had for a day, and that nothing reads any more.
const FORMER: [&str; 6] = [
    "tcp_established",
    "tcp_syn_sent",
    "tcp_syn_received",
    "tcp_fin_wait",
    "tcp_close_wait",
    "tcp_last_ack",
];

/// A row of a table: a structure whose fields are its columns. The macro `row!` makes one.
pub trait Row: DeserializeOwned {
    /// The columns, in the order of the fields.
    const COLUMNS: &'static [Column];
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name, which ends with the unit if it has one.
    pub name: &'static str,
    /// The type of its field.
    #[cfg(test)]
    pub kind: &'static str,
    /// Its line in `docs/record-format.md`.
    #[cfg(test)]
    pub meaning: &'static str,
    /// The side that it is from, if the table tells.
    #[cfg(test)]
    pub from: &'static str,
    /// The day from which on recordings have it; empty if they all do.
    #[cfg(test)]
    pub since: &'static str,
}

/// Makes a structure a [`Row`]: all that there is to say of a column stands at its field.
///
/// `#[since("2026-11-21")]` is the day from which on recordings have it: in older ones it has the default
/// of its type. A column without it must be there. `#[from(client)]` is the side that it is from. Both
/// follow the words, and `#[serde(…)]` follows them.
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $row:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[since($since:literal)])?
                $(#[from($from:ident)])?
                $(#[serde($($serde:tt)*)])?
                $field_vis:vis $column:ident: $type:ty,
            )*
        }
    ) => {
        $(#[$meta])*
        $vis struct $row {
            $(
                $(#[doc = $doc])*
                $(#[doc = concat!("\n\nSince ", $since, ".")] #[serde(default)])?
                $(#[serde($($serde)*)])?
                $field_vis $column: $type,
            )*
        }

        impl $crate::record::columns::Row for $row {
            const COLUMNS: &'static [$crate::record::columns::Column] = &[$(
                $crate::record::columns::Column {
                    name: stringify!($column),
                    #[cfg(test)]
                    kind: stringify!($type),
                    #[cfg(test)]
                    meaning: concat!($($doc),*),
                    #[cfg(test)]
                    from: concat!($(stringify!($from))?),
                    #[cfg(test)]
                    since: concat!($($since)?),
                },
            )*];
        }
    };
}
pub(super) use row;

/// Indices of a row type's columns in a file.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// The columns of the type.
    all: &'static [Column],
    /// The place of each in the file; `None` if the file does not have it.
    places: Vec<Option<usize>>,
    /// Columns of the file.
    count: usize,
}

/// Why a header is not that of a row type.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// It has a column that the type does not have.
    Newer(String),
    /// A column stands twice.
    Twice(String),
}

impl HeaderError {
    /// The error of the file with this header.
    pub(super) fn of_file(self, file: &str) -> RecordError {
        match self {
            HeaderError::Newer(column) => {
                RecordError::Newer { file: file.to_owned(), what: format!("column `{column}`") }
            }
            HeaderError::Twice(column) => {
                RecordError::damaged(file, 1, format!("column `{column}` stands twice"))
            }
        }
    }
}

impl Columns {
    /// The columns of `T` in a file with this header.
    ///
    /// # Errors
    ///
    /// If a column stands twice, or is none that `T` has.
    pub(super) fn of<T: Row>(header: &ByteRecord) -> Result<Columns, HeaderError> {
        let columns = Columns::some_of::<T>(header)?;
        let known = |name: &[u8]| {
            let mut names = T::COLUMNS.iter().map(|column| column.name).chain(FORMER);
            names.any(|known| known.as_bytes() == name)
        };
        match header.iter().find(|name| !known(name)) {
            Some(name) => Err(HeaderError::Newer(String::from_utf8_lossy(name).into_owned())),
            None => Ok(columns),
        }
    }

    /// The columns of `T` in a file that may have others besides.
    pub(super) fn some_of<T: Row>(header: &ByteRecord) -> Result<Columns, HeaderError> {
        let place = |name: &str| {
            let mut found = header.iter().zip(0..).filter(|(column, _)| *column == name.as_bytes());
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => Err(HeaderError::Twice(name.to_owned())),
                (first, _) => Ok(first.map(|(_, place)| place)),
            }
        };
        let places =
            T::COLUMNS.iter().map(|column| place(column.name)).collect::<Result<_, _>>()?;
        Ok(Columns { all: T::COLUMNS, places, count: header.len() })
    }

    /// The names that the type has and the file has not.
    pub(super) fn absent(&self) -> impl Iterator<Item = &'static str> {
        let columns = self.all.iter().zip(&self.places);
        columns.filter(|(_, place)| place.is_none()).map(|(column, _)| column.name)
    }

    /// The fields of a row of the type, in the order of the file.
    pub(super) fn arrange<'f>(&self, fields: &'f ByteRecord) -> Vec<&'f [u8]> {
        let mut arranged: Vec<&[u8]> = vec![&[]; self.count];
        for (field, place) in fields.iter().zip(&self.places) {
            if let Some(place) = *place {
                arranged[place] = field;
            }
        }
        arranged
    }

    /// Reads a row whose field at a place of the file is `field(place)`.
    ///
    /// # Errors
    ///
    /// In words, with the column and its value.
    pub(super) fn read<'f, T: Row>(&self, field: impl Fn(usize) -> &'f [u8]) -> Result<T, String> {
        let row = Fields { columns: self, field, next: 0 };
        T::deserialize(row).map_err(|error| match error {
            FieldError::Absent(index) => {
                format!("it has no column `{}`", self.all.get(index).map_or("?", |all| all.name))
            }
            FieldError::Wrong(what) => what,
        })
    }
}

/// `column `wall_ns`: `12x` is not a whole number`, for messages.
pub(super) fn wrong(column: &str, value: &[u8], what: impl Display) -> String {
    format!("column `{column}`: `{}` {what}", String::from_utf8_lossy(value))
}

/// A whole number, also as a data frame writes it where other rows of its column are empty: `5.0`.
pub(super) fn whole_number(text: &str) -> Result<u64, &'static str> {
    let wrong = "is not a whole number";
    let (digits, fraction) = match text.split_once('.') {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (text, None),
    };
    let number = crate::units::read_decimal(digits.as_bytes()).ok_or(wrong)?;
    match fraction {
        None => Ok(number),
        Some(zeros) if zeros.is_empty() || zeros.bytes().any(|digit| digit != b'0') => Err(wrong),
        Some(_) if number > EXACT_IN_A_DOUBLE => Err("may have lost digits as a decimal number"),
        Some(_) => Ok(number),
    }
}

/// The text that `True`, `False` or `5.0` was before a data frame wrote it back; other text is
/// itself.
pub(super) fn as_written(text: &str) -> &str {
    match text {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        _ => match text.split_once('.') {
            Some((digits, _)) if whole_number(text).is_ok() => digits,
            _ => text,
        },
    }
}

#[derive(Debug)]
enum FieldError {
    /// The column of this field, which rows of the type need.
    Absent(usize),
    /// In words.
    Wrong(String),
}

impl Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FieldError::Absent(index) => write!(f, "field {index} is missing"),
            FieldError::Wrong(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FieldError {}

impl serde::de::Error for FieldError {
    fn custom<M: Display>(what: M) -> FieldError {
        FieldError::Wrong(what.to_string())
    }

    /// Called by a structure that finds no element for a field without a default.
    fn invalid_length(index: usize, _: &dyn serde::de::Expected) -> FieldError {
        FieldError::Absent(index)
    }
}

/// A row as the fields of a structure, in the order of the structure. A field without a column is no
/// element; its default takes the place if it has one.
struct Fields<'c, F> {
    columns: &'c Columns,
    field: F,
    next: usize,
}

impl<'f, 'de, F: Fn(usize) -> &'f [u8]> Deserializer<'de> for Fields<'_, F> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_seq(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'f, 'de, F: Fn(usize) -> &'f [u8]> SeqAccess<'de> for Fields<'_, F> {
    type Error = FieldError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, FieldError> {
        let index = self.next;
        self.next += 1;
        let Some(Some(place)) = self.columns.places.get(index) else { return Ok(None) };
        let bytes = (self.field)(*place);
        let name = self.columns.all[index].name;
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(FieldError::Wrong(wrong(name, bytes, "is not UTF-8")));
        };
        seed.deserialize(Field(text)).map(Some).map_err(|error| match error {
            FieldError::Wrong(what) => FieldError::Wrong(wrong(name, bytes, what)),
            absent @ FieldError::Absent(_) => absent,
        })
    }
}

struct Field<'f>(&'f str);

impl Field<'_> {
    fn whole<N: TryFrom<u64>>(&self) -> Result<N, FieldError> {
        let number = whole_number(self.0).map_err(|what| FieldError::Wrong(what.to_owned()))?;
        N::try_from(number).map_err(|_| FieldError::Wrong("is too large".to_owned()))
    }

    fn signed(&self) -> Result<i64, FieldError> {
        match self.0.strip_prefix('-') {
            None => self.whole(),
            Some(digits) => Field(digits).whole().map(|number: i64| -number),
        }
    }

    fn decimal(&self) -> Result<f64, FieldError> {
        let number = self.0.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| FieldError::Wrong("is not a number".to_owned()))
    }
}

macro_rules! numbers {
    ($($deserialize:ident $visit:ident $of:ident,)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            visitor.$visit(self.$of()?)
        })*
    };
}

impl<'de> Deserializer<'de> for Field<'_> {
    type Error = FieldError;

    numbers! {
        deserialize_u8 visit_u8 whole,
        deserialize_u16 visit_u16 whole,
        deserialize_u32 visit_u32 whole,
        deserialize_u64 visit_u64 whole,
        deserialize_i32 visit_i64 signed,
        deserialize_i64 visit_i64 signed,
        deserialize_f64 visit_f64 decimal,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match as_written(self.0) {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(FieldError::Wrong("is neither true nor false".to_owned())),
        }
    }

    /// An empty field is unknown.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        if variants.contains(&self.0) {
            return visitor.visit_enum(self.0.into_deserializer());
        }
        Err(FieldError::Wrong(format!("is none of {}", variants.join(", "))))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_str(self.0)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Fate, Numbers, Status};
    use proptest::prelude::*;
    use serde::Deserialize;

    row! {
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        struct Line {
            a: u32,
            b: Option<u64>,
            #[since("2026-11-21")]
            late: Option<i32>,
            share: Option<f64>,
            word: String,
            #[since("2026-11-21")]
            list: Numbers,
            fate: Option<Fate>,
            status: Status,
            sure: bool,
        }
    }

    fn read(header: &[&str], row: &[&str]) -> Result<Line, String> {
        let columns = Columns::of::<Line>(&ByteRecord::from(header));
        let columns = columns.map_err(|error| error.of_file("t.csv").to_string())?;
        columns.read(|place| row[place].as_bytes())
    }

    const HEADER: [&str; 9] = ["a", "b", "late", "share", "word", "list", "fate", "status", "sure"];
    const FIELDS: [&str; 9] = ["7", "8", "-2", "0.5", "5.0", "1 2", "given-up", "ok", "true"];

    fn row() -> Line {
        Line {
            a: 7,
            b: Some(8),
            late: Some(-2),
            share: Some(0.5),
            word: "5.0".to_owned(),
            list: Numbers(vec![1, 2]),
            fate: Some(Fate::GivenUp),
            status: Status::Ok,
            sure: true,
        }
    }

    proptest! {
        #[test]
        fn the_order_of_the_columns_changes_nothing(
            order in Just((0..HEADER.len()).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let header: Vec<&str> = order.iter().map(|&place| HEADER[place]).collect();
            let fields: Vec<&str> = order.iter().map(|&place| FIELDS[place]).collect();
            prop_assert_eq!(read(&header, &fields), Ok(row()));
            let columns = Columns::of::<Line>(&ByteRecord::from(header)).expect("the columns");
            let written = ByteRecord::from(FIELDS.to_vec());
            let arranged = ByteRecord::from(fields);
            prop_assert!(columns.arrange(&written).into_iter().eq(&arranged));
        }

        #[test]
        fn whole_numbers_are_read_as_a_data_frame_writes_them(n in 0..=EXACT_IN_A_DOUBLE, zeros in 1..4usize) {
            prop_assert_eq!(whole_number(&n.to_string()), Ok(n));
            prop_assert_eq!(whole_number(&format!("{n}.{}", "0".repeat(zeros))), Ok(n));
            let half = format!("{n}.5");
            prop_assert!(whole_number(&half).is_err());
        }
    }

    #[test]
    fn what_a_data_frame_writes_back_is_read() {
        let fields = ["7.0", "8.0", "-2.0", "0.5", "5.0", "1 2", "given-up", "ok", "True"];
        assert_eq!(read(&HEADER, &fields), Ok(row()));
        let empty = ["7", "", "", "", "", "", "", "ok", "FALSE"];
        let read = read(&HEADER, &empty).expect("a row of unknowns");
        assert_eq!((read.b, read.late, read.share, read.fate), (None, None, None, None));
        assert_eq!(
            ["True", "false", "40.0", "0.01", "5 ms", "1."].map(as_written),
            ["true", "false", "40", "0.01", "5 ms", "1."]
        );
    }

    #[test]
    fn what_is_wrong_names_its_column_and_its_value() {
        let with = |column: &str, value: &str| {
            let mut fields = FIELDS;
            let place = HEADER.iter().position(|name| *name == column).expect("a column");
            fields[place] = value;
            read(&HEADER, &fields).expect_err("a wrong value")
        };
        assert_eq!(with("a", "x1"), "column `a`: `x1` is not a whole number");
        assert_eq!(with("a", ""), "column `a`: `` is not a whole number");
        assert_eq!(with("a", "4294967296"), "column `a`: `4294967296` is too large");
        assert_eq!(with("b", "5.25"), "column `b`: `5.25` is not a whole number");
        assert_eq!(
            with("b", "9007199254740994.0"),
            "column `b`: `9007199254740994.0` may have lost digits as a decimal number"
        );
        assert_eq!(with("share", "inf"), "column `share`: `inf` is not a number");
        assert_eq!(
            with("fate", "lost"),
            "column `fate`: `lost` is none of used, unused, failed, given-up"
        );
        assert_eq!(with("sure", "1"), "column `sure`: `1` is neither true nor false");
        assert!(with("list", "1 x").starts_with("column `list`: `1 x` "));
    }

    #[test]
    fn columns_are_missing_newer_or_twice() {
        let without = |column: &str| {
            let all = HEADER.iter().zip(FIELDS).filter(|(name, _)| **name != column);
            let (header, fields): (Vec<&str>, Vec<&str>) = all.unzip();
            read(&header, &fields)
        };
        assert_eq!(without("b"), Err("it has no column `b`".to_owned()));
        assert_eq!(without("a"), Err("it has no column `a`".to_owned()));
        assert_eq!(without("late"), Ok(Line { late: None, ..row() }), "older files lack it");
        let newer = read(&["a", "speed"], &["1", "2"]).expect_err("a newer column");
        assert!(newer.starts_with("t.csv: this inflight does not know column `speed`"), "{newer}");
        let twice = read(&["a", "b", "a"], &["1", "2", "3"]).expect_err("twice");
        assert_eq!(twice, "t.csv:1: damaged: column `a` stands twice");
    }
}
