//! Several numbers in one field.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::units::read_decimal;

/// Whole numbers in one field, with spaces between: `12 345 678`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Numbers(pub Vec<u64>);

impl From<Numbers> for String {
    fn from(numbers: Numbers) -> String {
        let mut text = String::new();
        for (place, number) in numbers.0.iter().enumerate() {
            let space = if place > 0 { " " } else { "" };
            write!(text, "{space}{number}").expect("memory takes it");
        }
        text
    }
}

impl TryFrom<String> for Numbers {
    type Error = String;

    fn try_from(text: String) -> Result<Numbers, String> {
        let wrong = || "is not a list of whole numbers".to_owned();
        Numbers::read(text.as_bytes()).ok_or_else(wrong)
    }
}

impl Numbers {
    /// Reads a field; `None` if something in it is no number.
    pub(super) fn read(field: &[u8]) -> Option<Numbers> {
        let parts = field.split(|&byte| byte == b' ').filter(|part| !part.is_empty());
        parts.map(read_decimal).collect::<Option<_>>().map(Numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers in prop::collection::vec(any::<u64>(), 0..5)) {
            let text = String::from(Numbers(numbers.clone()));
            prop_assert_eq!(text.split_whitespace().count(), numbers.len());
            prop_assert_eq!(Numbers::try_from(text), Ok(Numbers(numbers)));
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        let error = Numbers::try_from("1 x".to_owned()).expect_err("a letter");
        assert_eq!(error, "is not a list of whole numbers");
    }
}
