//! The program as a user meets it: its commands, files and exit codes. And files of its source: none
//! are in a circle.

mod ab;
mod bench;
mod circles;
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
mod programs;
mod records;
mod services;
mod serving;
mod stalling;
