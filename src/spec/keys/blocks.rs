//! `[blocks]`: how often everything is repeated.

use crate::spec::FEWEST_LOOKED_AT;
use crate::spec::forms::{FirstLook, Integer, MOST, Percent};
use crate::spec::key::{Key, Presence, Section, TableForm};

const MOST_BLOCKS: u64 = 1_000;

pub(in crate::spec) static COUNT: Key<Integer<u32>> = Key::optional(
    "count",
    Integer::whole(1, MOST_BLOCKS, "15"),
    "measured blocks; a block is every cell once, in a random order",
)
.otherwise("10, or as many as ranking the cells of a scenario takes");
pub(in crate::spec) static HALF_WIDTH: Key<Percent> = Key::required(
    "half_width",
    Percent,
    "every interval that a verdict rests on reaches at most this far to either side of its middle",
);
pub(in crate::spec) static MIN: Key<FirstLook> = Key::optional(
    "min",
    FirstLook { most: MOST_BLOCKS },
    "measured blocks before the intervals are looked at",
)
.default("8");
pub(in crate::spec) static MAX: Key<Integer<u32>> = Key::required(
    "max",
    Integer::whole(FEWEST_LOOKED_AT as u64, MOST_BLOCKS, "50"),
    "measured blocks at most",
);

pub(in crate::spec) static UNTIL: Section = Section {
    name: "until",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[blocks.until]",
        doc: "Instead of `count`: whole blocks until the intervals are narrow.",
        keys: || vec![&HALF_WIDTH, &MIN, &MAX],
        either: &[],
    },
};
pub(in crate::spec) static WARMUP: Key<Integer<u32>> = Key::optional(
    "warmup",
    Integer::whole(0, 100, "1"),
    "blocks before them that are recorded but not analysed",
)
.default("1");
pub(in crate::spec) static BLOCK_SEED: Key<Integer<u64>> = Key::optional(
    "seed",
    Integer::wide(0, MOST, "1"),
    "seed of the order within blocks; the delays do not depend on it",
)
.default("1");
pub(in crate::spec) static REPEAT_INVALID: Key<Integer<u32>> = Key::optional(
    "repeat_invalid",
    Integer::whole(0, 10, "2"),
    "a block is repeated whole, so many times at most, if a trial of it was invalid because the server was late",
)
.default("0");

pub(in crate::spec) static BLOCKS: Section = Section {
    name: "blocks",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[blocks]",
        doc: "How often everything is repeated.",
        keys: || vec![&COUNT, &UNTIL, &WARMUP, &BLOCK_SEED, &REPEAT_INVALID],
        either: &[("count", "until")],
    },
};
