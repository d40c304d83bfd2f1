//! Words for the network of a trial.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Holder of a link's packets, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RttBy {
    /// netem where the kernel has it, otherwise the relay.
    #[default]
    Auto,
    /// netem.
    Netem,
    /// The relay, behind a TUN device.
    Tun,
}

impl RttBy {
    /// All, the default first.
    pub const ALL: [RttBy; 3] = [RttBy::Auto, RttBy::Netem, RttBy::Tun];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            RttBy::Auto => "auto",
            RttBy::Netem => "netem",
            RttBy::Tun => "tun",
        }
    }
}

impl fmt::Display for RttBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
