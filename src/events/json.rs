//! JSON documents, for a program. `docs/record-format.md` describes them.

use std::io::Write;

use serde_json::json;

use super::{Event, Sink};
use crate::plan::Plan;

/// One JSON document a line.
pub struct Json<W: Write> {
    out: W,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out }
    }
}

impl<W: Write> Sink for Json<W> {
    fn note(&mut self, plan: &Plan, event: Event) {
        let document = match event {
            Event::Warning(text) => json!({
                "event": "warning",
                "experiment": plan.experiment.name,
                "text": text,
            }),
            Event::Planned(left) => {
                let least = plan.experiment.blocks.least();
                let in_any_case = || left.iter().copied().filter(|t| t.block <= least);
                json!({
                    "event": "begin",
                    "experiment": plan.experiment.name,
                    "cells": plan.cells.len(),
                    "trials": left.len(),
                    "expected_ns": plan.expected_of_ns(left.iter().copied()),
                    "trials_at_least": in_any_case().count(),
                    "expected_at_least_ns": plan.expected_of_ns(in_any_case()),
                })
            }
            Event::Tick(planned, tick) => json!({
                "event": "tick",
                "trial": planned.trial,
                "name": plan.cells[planned.cell].name,
                "answered": tick.answered,
                "in_flight": tick.in_flight,
                "requests": plan.scenario_of(&plan.cells[planned.cell]).requests,
            }),
            Event::TrialEnded(planned, row) => json!({
                "event": "trial",
                "trial": row.trial,
                "block": row.block,
                "cell": row.cell,
                "name": plan.cells[planned.cell].name,
                "build": row.build,
                "status": row.status,
                "reason": row.reason,
                "wall_ns": row.wall_ns,
                "efficiency": row.efficiency(),
            }),
            Event::Repeated(block, repeats) => {
                json!({ "event": "repeat", "block": block[0].block, "repeats": repeats })
            }
            Event::Ended(summary) => json!({
                "event": "end",
                "ok": summary.ok,
                "failed": summary.failed,
                "invalid": summary.invalid,
                "skipped": summary.skipped,
                "repeats": summary.repeats,
                "interrupted": summary.interrupted,
                "narrow_enough_after": summary.narrow_enough_after,
            }),
            // The events of the trials tell both.
            Event::TrialBegun(_) | Event::BlockEnded(_) => return,
        };
        // A reader that has gone does not end the recording.
        let _ = writeln!(self.out, "{document}").and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Summary;
    use crate::plan::PlannedTrial;
    use crate::protocol::Tick;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::tests::generated::text;

    #[test]
    fn every_event_has_one_form_which_the_page_names() {
        let strategies = vec![strategy("async", "async-workers", Some(10))];
        let recording = recording(experiment(strategies, 1), |_, _, _| ());
        let (plan, row) = (&recording.plan, &recording.trials[0]);
        let left: Vec<&PlannedTrial> = plan.trials.iter().collect();
        let mut json = Json::new(Vec::new());
        for event in [
            Event::Warning("one CPU only"),
            Event::Planned(&left),
            Event::TrialBegun(left[0]),
            Event::Tick(left[0], Tick { answered: 3, in_flight: 2 }),
            Event::TrialEnded(left[0], row),
            Event::BlockEnded(0),
            Event::Repeated(&left[..1], 2),
            Event::Ended(&Summary { ok: 1, ..Summary::default() }),
        ] {
            json.note(plan, event);
        }
        let lines = String::from_utf8(json.out).expect("text");
        insta::assert_snapshot!(lines, @r#"
        {"event":"warning","experiment":"synthetic","text":"one CPU only"}
        {"cells":1,"event":"begin","expected_at_least_ns":640000000,"expected_ns":640000000,"experiment":"synthetic","trials":4,"trials_at_least":4}
        {"answered":3,"event":"tick","in_flight":2,"name":"async","requests":100,"trial":"b000p000"}
        {"block":0,"build":"","cell":"1d3d8242","efficiency":1.0,"event":"trial","name":"async","reason":"","status":"ok","trial":"b000p000","wall_ns":100000000}
        {"block":0,"event":"repeat","repeats":2}
        {"event":"end","failed":0,"interrupted":false,"invalid":0,"narrow_enough_after":null,"ok":1,"repeats":0,"skipped":0}
        "#);
        let page = text("docs/record-format.md");
        let (_, section) = page.split_once("## `run --json`").expect("a section");
        for line in lines.lines() {
            let document: serde_json::Value = serde_json::from_str(line).expect("a document");
            let keys = document.as_object().expect("an object").keys().map(String::as_str);
            for word in keys.chain(document["event"].as_str()) {
                assert!(section.contains(&format!("`{word}`")), "{word} is not on the page");
            }
        }
    }
}
