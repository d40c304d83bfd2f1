//! Failed requests by class, as a field of `trials.csv`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Failed requests by class, in one field: `emfile:12 timeout:3`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorClasses(pub BTreeMap<String, u64>);

impl fmt::Display for ErrorClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(class, n)| format!("{class}:{n}")).collect();
        f.write_str(&parts.join(" "))
    }
}

impl FromStr for ErrorClasses {
    type Err = String;

    fn from_str(text: &str) -> Result<ErrorClasses, String> {
        let part = |part: &str| {
            let (class, n) = part.rsplit_once(':')?;
            Some((class.to_owned(), n.parse().ok()?))
        };
        let parts: Option<_> = text.split_whitespace().map(part).collect();
        parts.map(ErrorClasses).ok_or_else(|| "is not a list of class:count".to_owned())
    }
}

impl Serialize for ErrorClasses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ErrorClasses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ErrorClasses, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
