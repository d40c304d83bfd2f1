//! A part of a delay model, beside the requests that drew it.

use std::fmt;

use serde::Serialize;

use crate::units::three_digits;

/// A part of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrawnPart {
    /// In words: `at 1s`.
    pub name: String,
    /// Its share of the draws.
    pub share: f64,
    /// Requests that have it on average.
    pub expected: f64,
    /// Requests that have it here; unknown where a delay could be from several parts.
    pub drawn: Option<u64>,
}

impl fmt::Display for DrawnPart {
    /// `1 % at 1s: expected 0.6, drawn 0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DrawnPart { name, share, expected, drawn } = self;
        let drawn = drawn.map_or("unknown".to_owned(), |drawn| drawn.to_string());
        let (percent, expected) = (short(share * 100.0), short(*expected));
        write!(f, "{percent} % {name}: expected {expected}, drawn {drawn}")
    }
}

/// Three digits, without zeros behind the point: `0.6`, `59.4`, `60`.
pub(super) fn short(x: f64) -> String {
    let digits = three_digits(x);
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits,
    }
}
