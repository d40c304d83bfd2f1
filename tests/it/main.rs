//! The program as a user meets it: its commands, files and exit codes.

mod ab;
mod bench;
mod comparing;
mod covering;
mod input;
mod interruption;
mod limits;
mod link;
mod links;
mod listing;
mod memory;
mod pipeline;
mod planning;
mod predicting;
mod records;
mod serving;
mod stalling;
