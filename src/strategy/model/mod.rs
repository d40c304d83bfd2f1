//! Models: how requests are issued. One file and one line of [`ALL`] each.

mod async_all;
mod async_buffered;
mod async_semaphore;
mod async_workers;
mod sequential;
mod thread_pool;
mod threads;

use std::num::NonZeroU32;

use super::Flavour;
use super::schedule::Schedule;

/// Whether a model takes a `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitRule {
    /// It means nothing without one.
    Required,
    /// It has no use for one.
    Forbidden,
}

/// One way of issuing requests.
#[derive(Debug)]
pub struct Model {
    /// The word of the experiment file.
    pub name: &'static str,
    /// What it does, for the documentation and the report.
    pub summary: &'static str,
    /// The same thing in other languages and libraries.
    pub known_as: &'static str,
    /// Which libraries it can drive.
    pub flavour: Flavour,
    /// Whether it takes a limit.
    pub limit: LimitRule,
    /// Its schedule without overhead, for these delays (nanoseconds, in request order). A model
    /// whose limit is required always gets one.
    pub ideal: fn(&[u64], Option<NonZeroU32>) -> Schedule,
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Model {}

/// Every model, in the order of the documentation.
pub const ALL: &[&Model] = &[
    &sequential::MODEL,
    &threads::MODEL,
    &thread_pool::MODEL,
    &async_all::MODEL,
    &async_semaphore::MODEL,
    &async_buffered::MODEL,
    &async_workers::MODEL,
];

/// The model of this name.
pub fn named(name: &str) -> Option<&'static Model> {
    ALL.iter().copied().find(|m| m.name == name)
}

/// The names of the models that take a limit.
pub fn limited() -> Vec<&'static str> {
    ALL.iter().filter(|m| m.limit == LimitRule::Required).map(|m| m.name).collect()
}

/// The limit of a model that requires one: `Strategy::new` lets no other reach its ideal.
fn required(limit: Option<NonZeroU32>) -> NonZeroU32 {
    limit.expect("a strategy of a limited model has a limit")
}
