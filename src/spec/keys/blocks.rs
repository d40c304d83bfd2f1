//! `[blocks]`: how often everything is repeated.

use crate::spec::FEWEST_LOOKED_AT;
use crate::spec::forms::{FirstLook, Integer, MOST, Percent};
use crate::spec::key::{Key, Presence, Section, TableForm};

const MOST_BLOCKS: u64 = 1_000;

pub(in crate::spec) static COUNT: Key<Integer<u32>> = Key::optional(
    "count",
    Integer { least: 1, most: MOST_BLOCKS, make: |n| u32::try_from(n).ok(), example: "15" },
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
    Integer {
        least: FEWEST_LOOKED_AT as u64,
        most: MOST_BLOCKS,
        make: |n| u32::try_from(n).ok(),
        example: "50",
    },
    "measured blocks at most",
);

pub(in crate::spec) static UNTIL: Section = Section {
    name: "until",
    presence: Presence::Optional,
    many: false,
    table: &TableForm {
        title: "[blocks.until]",
        doc: "Instead of `count`: whole blocks until the intervals are narrow.",
        keys: &[&HALF_WIDTH, &MIN, &MAX],
        either: &[],
    },
};
pub(in crate::spec) static WARMUP: Key<Integer<u32>> = Key::optional(
    "warmup",
    Integer { least: 0, most: 100, make: |n| u32::try_from(n).ok(), example: "1" },
    "blocks before them that are recorded but not analysed",
)
.default("1");
pub(in crate::spec) static BLOCK_SEED: Key<Integer<u64>> = Key::optional(
    "seed",
    Integer { least: 0, most: MOST, make: Some, example: "1" },
    "seed of the order within blocks; the delays do not depend on it",
)
.default("1");
pub(in crate::spec) static REPEAT_INVALID: Key<Integer<u32>> = Key::optional(
    "repeat_invalid",
    Integer { least: 0, most: 10, make: |n| u32::try_from(n).ok(), example: "2" },
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
        keys: &[&COUNT, &UNTIL, &WARMUP, &BLOCK_SEED, &REPEAT_INVALID],
        either: &[("count", "until")],
    },
};
