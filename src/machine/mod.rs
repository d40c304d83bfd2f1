//! Who and where: this process, this machine.

pub mod process;
