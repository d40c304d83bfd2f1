//! Blocks: how often everything is repeated.

/// Number and order of repetitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// Measured blocks; at least one. With `until`, its `max`: the most there can be.
    pub count: u32,
    /// Whether the file gives no number, so that there may be as many as ranking the cells takes.
    pub count_is_default: bool,
    /// Stop earlier than that; `None` for a fixed number of blocks.
    pub until: Option<Until>,
    /// Blocks before them that are recorded but not analysed.
    pub warmup: u32,
    /// Seed of the order within blocks; the delays do not depend on it.
    pub seed: u64,
    /// Most repetitions of a block in which a trial was invalid because the server was late.
    pub repeat_invalid: u32,
}

impl Blocks {
    /// The fewest measured blocks that the run can end with.
    pub fn least(&self) -> u32 {
        self.until.map_or(self.count, |until| until.min)
    }
}

/// When a run has enough: a rule that looks at the width of intervals, never at what they say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Every interval reaches at most this far to either side of its middle, relative to it; 0.02
    /// is 2 %. In (0, 1).
    pub half_width: f64,
    /// Measured blocks before the first look; at least [`FEWEST_LOOKED_AT`].
    pub min: u32,
    /// Measured blocks at most; at least `min`.
    pub max: u32,
}

/// Blocks where a file gives no number: they tell differences of a few percent and rank seven cells.
pub const DEFAULT_BLOCKS: u32 = 10;

/// Fewest blocks whose intervals the stopping rule looks at: with fewer there is no interval.
pub const FEWEST_LOOKED_AT: u32 = 6;
