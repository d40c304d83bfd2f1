//! Tests of several stages at once, and what the tests of several stages share.

mod calibration;
pub(crate) mod generated;
mod headlines;
