//! A bar on a terminal.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::course::{Course, name};
use super::{Event, Sink};
use crate::plan::Plan;
use crate::units::ReadableNs;

/// A bar on standard error, and the lines that stay above it.
#[derive(Default)]
pub struct Bar {
    /// Drawn once the trials are known.
    bar: Option<ProgressBar>,
    course: Course,
}

impl Sink for Bar {
    fn note(&mut self, plan: &Plan, event: Event) {
        let line = self.course.note(plan, event);
        if let Event::Planned(_) = event {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} trials  {msg}");
            self.bar = Some(bar.with_style(style.expect("the template is well formed")));
        }
        let Some(bar) = &self.bar else {
            // There is nobody to tell that standard error is gone.
            let _ = line.map(|line| writeln!(anstream::stderr(), "{line}"));
            return;
        };
        if let Event::Ended(_) = event {
            bar.finish_and_clear();
        }
        line.iter().for_each(|line| bar.println(line));
        let left = self.course.left();
        match event {
            Event::Planned(trials) => {
                bar.set_length(trials.len() as u64);
                bar.set_message(left);
                bar.tick();
            }
            Event::Tick(planned, tick) => {
                let progress = self.course.progress(plan, planned, tick);
                bar.set_message(format!("{left}  {}: {progress}", plan.cells[planned.cell].name));
            }
            Event::TrialEnded(planned, row) => {
                let wall =
                    row.wall_ns.map_or(String::new(), |ns| ReadableNs(ns as f64).to_string());
                bar.set_message(format!("{left}  {} {wall}", name(plan, planned)));
                bar.inc(1);
            }
            Event::Repeated(block, _) => bar.inc_length(block.len() as u64),
            _ => {}
        }
    }
}
