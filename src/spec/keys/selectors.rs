//! Keys that select cells: `baseline`, `control`, `[[exclude]]`.

use crate::spec::Factor;
use crate::spec::key::{Key, Presence, Section, TableForm};
use crate::spec::selector::SelectorForm;

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
        keys: || Factor::ALL.into_iter().map(|factor| factor.entry().key()).collect(),
        either: &[],
    },
};
