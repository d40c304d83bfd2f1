//! Syntax of delay models in an experiment file, told by the model itself.
//!
//! The model names its settings and is made of their values; where the text comes from, how errors
//! are placed and what the JSON schema says is the business of [`crate::spec`].

use std::io::Read;

use super::{Model, Part};

/// A delay model as an experiment file writes it.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The key of the delay table.
    pub word: &'static str,
    /// One line for the documentation.
    pub doc: &'static str,
    /// The inside of a delay table, valid as it stands.
    pub example: &'static str,
    /// The value after the word.
    pub syntax: Syntax,
}

/// Value after the word of a model, and how the model is made of it. Durations are nanoseconds.
#[derive(Debug, Clone, Copy)]
pub enum Syntax {
    /// One duration.
    Duration(fn(u64) -> Model),
    /// A list of durations.
    Durations {
        /// Fewest durations.
        least: usize,
        /// Most durations.
        most: usize,
        /// Makes the model, or says what is wrong with these durations together.
        make: fn(Vec<u64>) -> Result<Model, String>,
    },
    /// A table of settings, all required.
    Settings {
        /// The settings.
        keys: &'static [Setting],
        /// Makes the model; every setting is given.
        make: fn(&Given) -> Model,
    },
    /// A list of delay tables, each with a `weight`.
    Parts(fn(Vec<Part>) -> Model),
    /// A file beside the experiment: its name and its content.
    File(fn(String, &mut dyn Read) -> Result<Model, String>),
}

/// A setting of a model.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key.
    pub name: &'static str,
    /// Kind of its value.
    pub kind: SettingKind,
    /// Half a line for the documentation.
    pub doc: &'static str,
}

/// Kind of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A duration.
    Duration,
    /// A finite number of at least zero.
    NotNegative,
    /// A finite number above zero.
    Positive,
}

/// The values of a model's settings.
#[derive(Debug, Default)]
pub struct Given {
    /// Durations by the name of their setting, in nanoseconds.
    pub durations: Vec<(&'static str, u64)>,
    /// Numbers by the name of their setting.
    pub numbers: Vec<(&'static str, f64)>,
}

impl Given {
    /// The duration of this name, in nanoseconds.
    pub fn duration(&self, name: &str) -> u64 {
        let found = self.durations.iter().find(|(n, _)| *n == name);
        found.expect("a model asks for settings that it names").1
    }

    /// The number of this name.
    pub fn number(&self, name: &str) -> f64 {
        let found = self.numbers.iter().find(|(n, _)| *n == name);
        found.expect("a model asks for settings that it names").1
    }
}
