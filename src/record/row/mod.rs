//! `trials.csv`: one row for each trial.

mod derived;
mod fill;

use serde::{Deserialize, Serialize};

pub(super) use self::fill::{attempt_name, one_line};
use super::columns::row;
use super::{ErrorClasses, Status};
use crate::network::RelayReport;
use crate::protocol::{ClientReport, ServerReport};
use crate::spec::{Factor, factors};
use crate::strategy::probe::Phase;
use crate::vocabulary::trial_columns;

macro_rules! trial_row {
    (
        strategy { $($s:ident $s_name:ident $s_doc:literal $s_more:tt)* }
        scenario { $($c:ident $c_name:ident $c_doc:literal $c_more:tt)* }
        of plan { $($(#[doc = $place_doc:literal])+ $place:ident: $place_type:ty;)* }
        factors
        $($kind:ident $source:ident $(. $part:ident)* {
            $(
                $(#[doc = $doc:literal])+
                $(#[since($since:literal)])?
                $(#[phase($phase:ident)])?
                $(#[serde($($serde:tt)*)])?
                $column:ident: $type:ty $(= $field:ident $(: $told:ty)?)?;
            )*
        })*
    ) => {
        row! {
            /// One trial. The fields are the columns of `trials.csv`, in their order; what is not known
            /// is empty. Times are nanoseconds, sizes bytes.
            #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct TrialRow {
                $($(#[doc = $place_doc])+ #[from(plan)] pub $place: $place_type,)*
                $(#[doc = $s_doc] #[from(plan)] #[serde(default)] pub $s_name: String,)*
                $(#[doc = $c_doc] #[from(plan)] #[serde(default)] pub $c_name: String,)*
                $($(
                    $(#[doc = $doc])+
                    $(#[since($since)])?
                    #[from($source)]
                    pub $column: $type,
                )*)*
            }
        }

        impl TrialRow {
            /// The value of a factor, in one fixed form.
            pub fn factor(&self, factor: Factor) -> &str {
                match factor {
                    $(Factor::$s => &self.$s_name,)*
                    $(Factor::$c => &self.$c_name,)*
                }
            }

            fn factor_mut(&mut self, factor: Factor) -> &mut String {
                match factor {
                    $(Factor::$s => &mut self.$s_name,)*
                    $(Factor::$c => &mut self.$c_name,)*
                }
            }

            /// Mean time of a successful request in a phase, in nanoseconds.
            pub fn phase_ns(&self, phase: Phase) -> Option<u64> {
                match phase {
                    $($($(Phase::$phase => self.$column,)?)*)*
                }
            }

            fn phase_mut(&mut self, phase: Phase) -> &mut Option<u64> {
                match phase {
                    $($($(Phase::$phase => &mut self.$column,)?)*)*
                }
            }

            /// Takes over the columns that are fields of the client's report.
            fn take_client(&mut self, report: &ClientReport) {
                $(take! { client self report $source $(. $part)* { $($column $(= $field)?;)* } })*
            }

            /// Takes over the columns that are fields of the server's report.
            fn take_server(&mut self, report: &ServerReport) {
                $(take! { server self report $source $(. $part)* { $($column $(= $field)?;)* } })*
            }

            /// Takes over the columns that are fields of the network's report.
            fn take_network(&mut self, report: &RelayReport) {
                $(take! { network self report $source $(. $part)* { $($column $(= $field)?;)* } })*
            }
        }
    };
}

/// Takes over the columns of a section, if they are fields of the report of this side.
macro_rules! take {
    (client $row:ident $report:ident client { $($column:ident = $field:ident;)+ }) => {
        $($row.$column = $report.$field.into();)+
    };
    (client $row:ident $report:ident client . $part:ident $(. $rest:ident)* { $($columns:tt)* }) => {
        if let Some(part) = &$report.$part {
            take! { client $row part client $(. $rest)* { $($columns)* } }
        }
    };
    (server $row:ident $report:ident server $(. $part:ident)* { $($column:ident = $field:ident;)+ }) => {
        let part = &$report$(. $part)*;
        $($row.$column = part.$field.into();)+
    };
    (network $row:ident $report:ident network { $($column:ident = $field:ident;)+ }) => {
        $($row.$column = $report.$field.into();)+
    };
    ($($other:tt)*) => {};
}

macro_rules! with_factors {
    ($($factors:tt)*) => { trial_columns! { trial_row $($factors)* } };
}
factors!(with_factors);
