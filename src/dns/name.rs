//! Host names.

use std::fmt;

/// Most bytes of a label, by RFC 1035.
const MAX_LABEL_BYTES: usize = 63;

/// Most bytes of a name on the wire, which has a length byte before each label and a zero at its
/// end.
const MAX_WIRE_BYTES: usize = 255;

/// A host name in lower case, without a dot at its end.
///
/// Names differ only by letter case are one name, by RFC 4343. A label has letters, digits, `-`
/// and `_`: all that a URL can hold, and nothing that a dot in a text could be confused with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// Why a text or some bytes are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No label, or one without a character.
    #[error("a label of a host name is empty")]
    Empty,
    /// A label is longer than 63 bytes.
    #[error("a label of a host name has more than {MAX_LABEL_BYTES} bytes")]
    LongLabel,
    /// The name is longer than 253 bytes.
    #[error("a host name has more than {} bytes", MAX_WIRE_BYTES - 2)]
    Long,
    /// Something else than letters, digits, `-` and `_`.
    #[error("a host name has the byte {0:#04x}: only letters, digits, - and _ make labels")]
    Byte(u8),
}

impl Name {
    /// Reads a name; a dot at its end is left out.
    ///
    /// # Errors
    ///
    /// If it is empty, too long, or has a character that no host name has.
    pub fn new(text: &str) -> Result<Name, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        Name::of_labels(text.split('.').map(str::as_bytes))
    }

    /// The name of these labels.
    pub(super) fn of_labels<'a>(
        labels: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Name, NameError> {
        let mut name = String::new();
        for label in labels {
            if label.is_empty() {
                return Err(NameError::Empty);
            }
            if label.len() > MAX_LABEL_BYTES {
                return Err(NameError::LongLabel);
            }
            if !name.is_empty() {
                name.push('.');
            }
            for &byte in label {
                if !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
                    return Err(NameError::Byte(byte));
                }
                name.push(byte.to_ascii_lowercase().into());
            }
            if name.len() > MAX_WIRE_BYTES - 2 {
                return Err(NameError::Long);
            }
        }
        if name.is_empty() { Err(NameError::Empty) } else { Ok(Name(name)) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_end_without_a_dot() {
        assert_eq!(Name::new("A.Test.").unwrap(), Name::new("a.test").unwrap());
        assert_eq!(Name::new("A.Test.").unwrap().as_str(), "a.test");
    }

    #[test]
    fn what_is_no_name_is_told() {
        for (text, want) in [
            ("", NameError::Empty),
            (".", NameError::Empty),
            ("a..b", NameError::Empty),
            ("a.test..", NameError::Empty),
            (&"a".repeat(64), NameError::LongLabel),
            (&"abc.".repeat(64), NameError::Long),
            ("a b", NameError::Byte(b' ')),
            ("ä", NameError::Byte(0xc3)),
        ] {
            assert_eq!(Name::new(text), Err(want), "{text}");
        }
        assert!(Name::new(&"a".repeat(63)).is_ok());
        assert_eq!(Name::new(&"abc.".repeat(63)).unwrap().as_str().len(), 251);
    }
}
