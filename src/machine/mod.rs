//! This process and this machine.

mod facts;
mod load;
mod paths;
pub mod process;
pub mod sockets;
pub mod watch;

pub use facts::{Machine, kernel};
pub use load::{Cpu, Load};
pub use paths::without_folders;
