//! Models and libraries by name: a recording may name one that this build does not have.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Library, Model, library, model};

/// A model or a library, known to this build or not.
#[derive(Debug)]
pub enum ByName<T: 'static> {
    /// This build has it.
    Known(&'static T),
    /// Another build has made a recording with it.
    Unknown(String),
}

/// One of a list that this build has.
pub trait Listed: 'static {
    /// The list.
    const ALL: &'static [&'static Self];
    /// The word of the experiment file.
    fn name(&self) -> &'static str;
}

impl Listed for Model {
    const ALL: &'static [&'static Model] = model::ALL;
    fn name(&self) -> &'static str {
        self.name
    }
}

impl Listed for Library {
    const ALL: &'static [&'static Library] = library::ALL;
    fn name(&self) -> &'static str {
        self.name
    }
}

impl<T: Listed> ByName<T> {
    /// The word of the experiment file.
    pub fn name(&self) -> &str {
        match self {
            ByName::Known(known) => known.name(),
            ByName::Unknown(name) => name,
        }
    }

    /// All that this build knows of it.
    pub fn known(&self) -> Option<&'static T> {
        match self {
            ByName::Known(known) => Some(known),
            ByName::Unknown(_) => None,
        }
    }
}

impl<T> Clone for ByName<T> {
    fn clone(&self) -> Self {
        match self {
            ByName::Known(known) => ByName::Known(known),
            ByName::Unknown(name) => ByName::Unknown(name.clone()),
        }
    }
}

impl<T> From<&'static T> for ByName<T> {
    fn from(known: &'static T) -> ByName<T> {
        ByName::Known(known)
    }
}

impl<T: Listed> fmt::Display for ByName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<T: Listed> PartialEq for ByName<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl<T: Listed> Eq for ByName<T> {}

impl<T: Listed> Hash for ByName<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl<T: Listed> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de, T: Listed> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        let known = T::ALL.iter().copied().find(|one| one.name() == name).map(ByName::Known);
        Ok(known.unwrap_or(ByName::Unknown(name)))
    }
}
