//! The program as a user meets it: its commands, files and exit codes.

mod ab;
mod bench;
mod comparing;
mod input;
mod interruption;
mod limits;
mod link;
mod listing;
mod pipeline;
mod predicting;
mod records;
mod serving;
