//! What picks cells: `baseline`, `control`, `[[exclude]]`.

use super::{SEED, server::*, strategy::*, workload::*};
use crate::spec::Factor;
use crate::spec::forms::SelectorForm;
use crate::spec::key::{AnyKey, Key, Presence, Section, TableForm};

pub(in crate::spec) static BASELINE: Key<SelectorForm> = Key::optional(
    "baseline",
    SelectorForm,
    "the cell of each scenario that the others are compared with",
)
.otherwise("the first cell of each scenario");
pub(in crate::spec) static CONTROL: Key<SelectorForm> = Key::optional(
    "control",
    SelectorForm,
    "the cell of each scenario that is run twice, to show the noise (the A/A twin)",
)
.otherwise("the cell with the shortest ideal time");

pub(in crate::spec) static EXCLUDE: Section = Section {
    name: "exclude",
    presence: Presence::Optional,
    many: true,
    table: &TableForm {
        title: "[[exclude]]",
        doc: "Cells that are left out.",
        keys: &FACTORS,
        either: &[],
    },
};

/// The keys of a selector: those of every table that has factors.
static FACTORS: [&dyn AnyKey; Factor::ALL.len()] = {
    let tables: [&[&dyn AnyKey]; 4] =
        [STRATEGY.table.keys, WORKLOAD.table.keys, &[&SEED], SERVER.table.keys];
    let mut factors: [&dyn AnyKey; Factor::ALL.len()] = [&SEED; Factor::ALL.len()];
    let (mut table, mut key, mut factor) = (0, 0, 0);
    while table < tables.len() {
        if key == tables[table].len() {
            (table, key) = (table + 1, 0);
            continue;
        }
        factors[factor] = tables[table][key];
        (key, factor) = (key + 1, factor + 1);
    }
    assert!(factor == Factor::ALL.len(), "a table has a key that is no factor");
    factors
};
