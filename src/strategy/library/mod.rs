//! HTTP libraries: what each can do. One file and one line of [`ALL`] each.

mod reqwest;
mod reqwest_blocking;
mod ureq;

use super::{Flavour, Reuse};

/// One HTTP client library, as far as the choice of a strategy is concerned.
#[derive(Debug, PartialEq, Eq)]
pub struct Library {
    /// The word of the experiment file.
    pub name: &'static str,
    /// How its calls wait.
    pub flavour: Flavour,
    /// The ways of reuse that it has; the first is the default.
    pub reuse: &'static [Reuse],
    /// One line for the documentation.
    pub summary: &'static str,
}

/// Every library.
pub const ALL: &[&Library] = &[&ureq::LIBRARY, &reqwest_blocking::LIBRARY, &reqwest::LIBRARY];

/// The library of this name.
pub fn named(name: &str) -> Option<&'static Library> {
    ALL.iter().copied().find(|l| l.name == name)
}

/// The libraries of one flavour.
pub fn of_flavour(flavour: Flavour) -> impl Iterator<Item = &'static Library> {
    ALL.iter().copied().filter(move |l| l.flavour == flavour)
}
