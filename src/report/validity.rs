//! Whether the trials measured what they name, and how quiet it was.

use crate::analyse::widest_half_width;
use crate::record::{Check, EnvRow, Happening, PEAK_REACHED, Status, TrialRow};
use crate::strategy::Reuse;

use super::facts::Facts;
use super::markdown::{Align, Table, details, list, text};
use super::numbers::{UNKNOWN, bytes, capital, count, counted, ns, percent, ratio, span};
use super::warnings::{self, Warning};

/// A process that spent more than this share of its CPUs may itself have been the limit.
const SATURATED: f64 = 0.9;

/// Trials, checks, disturbances. A stopping rule looks at the `whole` recording, with all its builds.
pub(super) fn section(facts: &Facts, whole: &Facts) -> String {
    let mut out = vec!["## Validity and noise".to_owned(), trials(facts, whole)];
    out.extend(reasons(facts));
    out.push("### Was it what its name says?".to_owned());
    out.push(checks(facts));
    out.push("### Was it quiet?".to_owned());
    out.push(noise(facts));
    out.push(stability(facts));
    out.push(saturation(facts));
    out.join("\n\n")
}

fn trials(facts: &Facts, whole: &Facts) -> String {
    let recording = facts.recording;
    let last = facts.analysis.planned_blocks;
    let planned = facts.plan().trials.iter().filter(|t| t.block > 0 && t.block as usize <= last);
    let planned = planned.count();
    let rows: Vec<&TrialRow> = recording.measured().collect();
    let of = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let mut columns = vec![
        ("trials planned", count(planned as u64)),
        ("ok", of(Status::Ok).to_string()),
        ("failed", of(Status::Failed).to_string()),
        ("invalid", of(Status::Invalid).to_string()),
    ];
    let skipped = of(Status::Skipped);
    if skipped > 0 {
        columns.push(("skipped", skipped.to_string()));
    }
    columns.push(("not in a complete block", planned.saturating_sub(rows.len()).to_string()));
    let heads: Vec<_> = columns.iter().map(|(head, _)| (*head, Align::Right)).collect();
    let mut table = Table::new(&heads);
    table.row(columns.into_iter().map(|(_, value)| value).collect());
    let warmup = recording.trials.len() - rows.len();
    let aside = recording.all_trials.len() - recording.trials.len();
    let mut notes = vec![format!(
        "{} of {} are complete. Trials of the A/A control are counted here.",
        facts.analysis.blocks,
        counted(facts.analysis.planned_blocks, "planned block"),
    )];
    notes.extend(rule(whole));
    if warmup > 0 {
        notes.push(format!(
            "{} of warm-up are recorded and not analysed.",
            counted(warmup, "trial")
        ));
    }
    if aside > 0 {
        notes.push(format!(
            "{} of interrupted or repeated blocks are recorded and set aside.",
            counted(aside, "trial")
        ));
    }
    format!("{}\n\n{}", table.render(), notes.join(" "))
}

/// What the stopping rule did.
fn rule(facts: &Facts) -> Option<String> {
    let until = facts.plan().experiment.blocks.until.as_ref()?;
    let measured: Vec<TrialRow> = facts.recording.measured().cloned().collect();
    let widest = match widest_half_width(facts.plan(), &measured) {
        Some(widest) => format!("the widest is {}", plus_minus(widest)),
        None => "not every one can be computed".to_owned(),
    };
    let (most, blocks) = (until.max, facts.analysis.blocks);
    let wanted = format!(
        "every interval that a verdict rests on is within {}",
        plus_minus(until.half_width)
    );
    let manifest = &facts.recording.manifest;
    Some(if manifest.happened(Happening::NarrowEnough) {
        format!(
            "The run ended by its rule after {blocks} of at most {most} blocks: {wanted} ({widest})."
        )
    } else if manifest.is_finished() {
        format!(
            "The run went on to block {most}, the last that its rule allows before {wanted} ({widest})."
        )
    } else {
        format!("The run goes on until {wanted} ({widest}).")
    })
}

/// `±1.8 %`
fn plus_minus(share: f64) -> String {
    format!("±{}", percent(share))
}

fn reasons(facts: &Facts) -> Option<String> {
    let mut seen: Vec<(usize, Status, String, usize)> = Vec::new();
    for row in facts.recording.measured().filter(|r| !r.is_ok()) {
        let Some(cell) = facts.cell_of(row) else { continue };
        let same = |(c, s, reason, _): &&mut (usize, Status, String, usize)| {
            *c == cell && *s == row.status && *reason == row.reason
        };
        match seen.iter_mut().find(same) {
            Some((.., n)) => *n += 1,
            None => seen.push((cell, row.status, row.reason.clone(), 1)),
        }
    }
    if seen.is_empty() {
        return None;
    }
    seen.sort_by_key(|(cell, ..)| *cell);
    let mut table = Table::new(&[
        ("cell", Align::Left),
        ("status", Align::Left),
        ("trials", Align::Right),
        ("reason", Align::Left),
    ]);
    for (cell, status, reason, n) in &seen {
        let status = status.to_string();
        table.row(vec![facts.full_code(*cell), status, n.to_string(), text(reason)]);
    }
    let all: usize = seen.iter().map(|(.., n)| n).sum();
    let summary = format!(
        "Why {} {} no measurement",
        counted(all, "trial"),
        if all == 1 { "is" } else { "are" }
    );
    Some(details(&summary, &table.render()))
}

/// One line of the table of checks: how many trials were looked at, and what was seen.
struct Line {
    what: &'static str,
    passed: usize,
    looked_at: usize,
    seen: String,
}

/// The `ok` trials, with their cells.
struct Looked<'a> {
    facts: &'a Facts<'a>,
    rows: Vec<(&'a TrialRow, usize)>,
}

fn checks(facts: &Facts) -> String {
    let rows = facts.all_ok_rows().filter_map(|r| Some((r, facts.cell_of(r)?))).collect();
    let looked = Looked { facts, rows };
    let mut table = Table::new(&[
        ("check of every `ok` trial", Align::Left),
        ("passed", Align::Right),
        ("seen", Align::Left),
    ]);
    for check in Check::ALL {
        let Line { what, passed, looked_at, seen } = looked.line(check);
        let passed = match looked_at {
            // No encryption, say, or no network of its own: not a question here.
            0 if !is_for_all(check) => continue,
            0 => UNKNOWN.to_owned(),
            n => format!("{passed} of {n}"),
        };
        table.row(vec![what.to_owned(), passed, seen]);
    }
    format!(
        "{}\n\nA trial that fails a check of the harness is *invalid* and not in this table. Failed \
         requests are a result of the strategy, not a reason.",
        table.render()
    )
}

/// Whether every recording is to answer it. The others ask for what a scenario need not have, or for
/// what earlier recordings do not hold.
fn is_for_all(check: Check) -> bool {
    match check {
        Check::Requests
        | Check::Limit
        | Check::Peak
        | Check::Connections
        | Check::Accepted
        | Check::Answers
        | Check::Delays
        | Check::Bound => true,
        Check::Arrivals
        | Check::Sides
        | Check::Kept
        | Check::Tls
        | Check::Names
        | Check::Redirects
        | Check::Uploads
        | Check::Network => false,
    }
}

impl Looked<'_> {
    fn line(&self, check: Check) -> Line {
        match check {
            Check::Requests => self.requests(),
            Check::Arrivals => self.arrivals(),
            Check::Limit => self.limits(),
            Check::Peak => self.peaks(),
            Check::Connections => self.connections(),
            Check::Sides => self.sides(),
            Check::Kept => self.kept(),
            Check::Accepted => self.accepted(),
            Check::Tls => self.tls(),
            Check::Names => self.names(),
            Check::Redirects => self.redirects(),
            Check::Uploads => self.uploads(),
            Check::Answers => self.bodies(),
            Check::Delays => self.delays(),
            Check::Network => self.network(),
            Check::Bound => self.bounds(),
        }
    }

    /// Asks the harness's own check of every trial that has a value.
    fn ask<T>(
        &self,
        check: Check,
        what: &'static str,
        value: impl Fn(&TrialRow, usize) -> Option<T>,
        seen: impl FnOnce(&[T]) -> String,
    ) -> Line {
        let mut values = Vec::new();
        let mut passed = 0;
        for &(row, cell) in &self.rows {
            let Some(value) = value(row, cell) else { continue };
            let planned = self.facts.cell(cell);
            let scenario = self.facts.plan().scenario_of(planned);
            passed += usize::from(check.failure(row, scenario, &planned.strategy).is_none());
            values.push(value);
        }
        let seen = if values.is_empty() { "not recorded".to_owned() } else { seen(&values) };
        Line { what, passed, looked_at: values.len(), seen }
    }

    fn requests(&self) -> Line {
        self.ask(
            Check::Requests,
            "every request reached the server, or failed",
            |r, _| Some((r.issued?, r.server_requests?, r.errors?)),
            |all| {
                let sum = |of: fn(&(u64, u64, u64)) -> u64| all.iter().map(of).sum::<u64>();
                let failed = match sum(|v| v.2) {
                    0 => String::new(),
                    n => format!(", {} failed", count(n)),
                };
                format!("{} issued, {} served{failed}", count(sum(|v| v.0)), count(sum(|v| v.1)))
            },
        )
    }

    fn arrivals(&self) -> Line {
        self.ask(
            Check::Arrivals,
            "requests were planned for their time, and none started before it",
            |r, _| Some((r.arrivals_misplanned?, r.arrivals_early?, r.start_lateness_p50_ns)),
            |all| {
                let off: u64 = all.iter().map(|v| v.0 + v.1).sum();
                let late = || all.iter().filter_map(|v| v.2);
                let late = match (late().min(), late().max()) {
                    (Some(low), Some(high)) => {
                        let shown = span(low as f64, high as f64, ns);
                        format!("; median start late by {shown}")
                    }
                    _ => String::new(),
                };
                format!("{} at another time{late}", count(off))
            },
        )
    }

    fn limits(&self) -> Line {
        self.ask(
            Check::Limit,
            "never more in flight than allowed",
            |r, _| r.server_peak_in_flight,
            |all| {
                let most = all.iter().copied().max().unwrap_or(0);
                format!("highest at the server: {}", count(most))
            },
        )
    }

    fn peaks(&self) -> Line {
        self.ask(
            Check::Peak,
            "the expected peak was reached, or it is known why not",
            |r, cell| {
                let expected = f64::from(r.expected_peak_in_flight);
                (expected > 0.0).then_some((r.server_peak_in_flight? as f64 / expected, cell))
            },
            |all| {
                let mut below: Vec<usize> =
                    all.iter().filter(|v| v.0 < PEAK_REACHED).map(|v| v.1).collect();
                below.sort_unstable();
                below.dedup();
                let least = all.iter().map(|v| v.0).fold(f64::INFINITY, f64::min);
                match below.as_slice() {
                    [] => format!("least: {} of the expected peak", percent(least)),
                    cells => format!(
                        "least: {}; below in {} (the client's own CPU or a short schedule kept it \
                         low)",
                        percent(least),
                        self.facts.codes(cells, 4)
                    ),
                }
            },
        )
    }

    fn connections(&self) -> Line {
        self.ask(
            Check::Connections,
            "connections match the mode of reuse",
            |r, cell| {
                let reuses = self.facts.cell(cell).strategy.reuse != Reuse::None;
                Some((r.server_connections?, reuses))
            },
            |all| {
                let range = |reuses: bool| {
                    let some = || all.iter().filter(|v| v.1 == reuses).map(|v| v.0);
                    Some((some().min()?, some().max()?))
                };
                let words = [(false, "without reuse"), (true, "with reuse")];
                let parts: Vec<String> = words
                    .iter()
                    .filter_map(|&(reuses, word)| {
                        let (least, most) = range(reuses)?;
                        let number = if least == most {
                            count(least)
                        } else {
                            format!("{} to {}", count(least), count(most))
                        };
                        Some(format!("{number} {word}"))
                    })
                    .collect();
                format!("per trial: {}", parts.join(", "))
            },
        )
    }

    fn sides(&self) -> Line {
        self.ask(
            Check::Sides,
            "client and server know the same connections",
            |r, _| {
                let spare = r.connections_unused? + r.connections_given_up?;
                let failed = r.connections_failed?;
                Some((r.connections_mismatched?, r.server_connections?, spare, failed))
            },
            |all| {
                let sum = |of: fn(&(u64, u64, u64, u64)) -> u64| all.iter().map(of).sum::<u64>();
                let parts = [
                    (sum(|v| v.2), "unused or given up"),
                    (sum(|v| v.3), "failed"),
                    (sum(|v| v.0), "in dispute"),
                ];
                let parts: String = parts
                    .iter()
                    .filter(|(n, _)| *n > 0)
                    .map(|(n, what)| format!(", {} {what}", count(*n)))
                    .collect();
                format!("{} accepted{parts}", count(sum(|v| v.1)))
            },
        )
    }

    fn kept(&self) -> Line {
        self.ask(
            Check::Kept,
            "connections are kept only for reuse",
            |r, cell| {
                let reuses = self.facts.cell(cell).strategy.reuse != Reuse::None;
                Some((r.connections_kept?, reuses))
            },
            |all| {
                let most = |reuses: bool| {
                    let some = all.iter().filter(|v| v.1 == reuses).map(|v| v.0).max()?;
                    let word = if reuses { "with" } else { "without" };
                    Some(format!("{} {word} reuse", count(some)))
                };
                let parts: Vec<String> = [false, true].into_iter().filter_map(most).collect();
                format!("at most at the end: {}", parts.join(", "))
            },
        )
    }

    fn tls(&self) -> Line {
        self.ask(
            Check::Tls,
            "every connection was encrypted, and resumed only where it may be",
            |r, cell| {
                let encrypts = self.facts.plan().scenario_of(self.facts.cell(cell)).tls;
                encrypts.then_some((r.tls_full?, r.tls_resumed?))
            },
            |all| {
                let (full, resumed) =
                    all.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                format!("handshakes: {} full, {} resumed", count(full), count(resumed))
            },
        )
    }

    fn names(&self) -> Line {
        self.ask(
            Check::Names,
            "names were looked up as the cache asks for",
            |r, cell| {
                self.facts.plan().scenario_of(self.facts.cell(cell)).dns_delay_ns?;
                Some((r.dns_queries?, r.dns_hits?, r.dns_coalesced?))
            },
            |all| {
                let sum = |of: fn(&(u64, u64, u64)) -> u64| count(all.iter().map(of).sum());
                let (asked, hits, shared) = (sum(|v| v.0), sum(|v| v.1), sum(|v| v.2));
                format!("{asked} queries, {hits} hits, {shared} waited for the query of another")
            },
        )
    }

    fn redirects(&self) -> Line {
        self.ask(
            Check::Redirects,
            "every redirect was sent",
            |r, cell| {
                let scenario = self.facts.plan().scenario_of(self.facts.cell(cell));
                r.server_redirects.filter(|_| scenario.redirects > 0)
            },
            |all| format!("{} sent", count(all.iter().sum())),
        )
    }

    fn uploads(&self) -> Line {
        self.ask(
            Check::Uploads,
            "the bodies of all requests arrived",
            |r, cell| {
                let scenario = self.facts.plan().scenario_of(self.facts.cell(cell));
                r.server_uploaded_bytes.filter(|_| scenario.upload_bytes > 0)
            },
            |all| format!("{} received", bytes(all.iter().sum::<u64>() as f64)),
        )
    }

    fn accepted(&self) -> Line {
        self.ask(
            Check::Accepted,
            "the server accepted every connection at once",
            |r, _| r.server_accept_failures,
            |all| format!("{} waited", count(all.iter().sum())),
        )
    }

    fn bodies(&self) -> Line {
        self.ask(
            Check::Answers,
            "every answer has the right status, length and checksum",
            |r, _| r.client_body_mismatches,
            |all| format!("{} wrong", count(all.iter().sum())),
        )
    }

    fn delays(&self) -> Line {
        self.ask(
            Check::Delays,
            "delays were as planned, but for the server's own bursts",
            |r, _| Some((r.server_delay_error_p50_ns? as f64, r.server_delay_error_p99_ns? as f64)),
            |all| {
                let worst = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).fold(0.0, f64::max);
                format!(
                    "late by {} (p50) and {} (p99) in the worst trial",
                    ns(worst(|v| v.0)),
                    ns(worst(|v| v.1))
                )
            },
        )
    }

    fn network(&self) -> Line {
        self.ask(
            Check::Network,
            "the network lost nothing, and held packets for as long as it was to",
            |r, _| Some((r.rtt_dropped?, r.rtt_error_p50_ns? as f64, r.rtt_error_p99_ns? as f64)),
            |all| {
                let worst =
                    |of: fn(&(u64, f64, f64)) -> f64| all.iter().map(of).fold(0.0, f64::max);
                format!(
                    "{} lost; late by {} (p50) and {} (p99) in the worst trial",
                    count(all.iter().map(|v| v.0).sum()),
                    ns(worst(|v| v.1)),
                    ns(worst(|v| v.2))
                )
            },
        )
    }

    fn bounds(&self) -> Line {
        self.ask(
            Check::Bound,
            "nothing was faster than any schedule can be",
            |r, _| {
                let bounded = r.bound_ns > 0 && r.errors == Some(0);
                bounded.then_some(r.wall_ns? as f64 / r.bound_ns as f64)
            },
            |all| {
                let least = all.iter().copied().fold(f64::INFINITY, f64::min);
                format!("closest: {} times its bound", ratio(least))
            },
        )
    }
}

/// Timer, network and machine.
fn noise(facts: &Facts) -> String {
    let env: Vec<&EnvRow> = facts.recording.env.iter().collect();
    let over = |of: &dyn Fn(&EnvRow) -> Option<f64>, show: &dyn Fn(f64) -> String| {
        let values: Vec<f64> = env.iter().filter_map(|e| of(e)).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (!values.is_empty()).then(|| span(low, high, show))
    };
    let sum = |of: &dyn Fn(&TrialRow) -> Option<u64>| {
        let values: Vec<(u64, usize)> =
            facts.all_ok_rows().filter_map(|r| Some((of(r)?, facts.cell_of(r)?))).collect();
        let all: u64 = values.iter().map(|v| v.0).sum();
        let worst = values.iter().max_by_key(|v| v.0).filter(|v| v.0 > 0);
        let most = worst.map_or_else(String::new, |(n, cell)| {
            format!(", at most {} in one trial of {}", count(*n), facts.full_code(*cell))
        });
        (!values.is_empty()).then(|| format!("{} in all trials{most}", count(all)))
    };
    let late = |of: fn(&EnvRow) -> Option<u64>| over(&|e| of(e).map(|v| v as f64), &ns);
    let percents = |v: f64| percent(v / 100.0);
    let plain = |v: f64| format!("{v:.2}");
    let rows = [
        ("delay server's timer late, p50 (self-check)", late(|e| e.timer_error_p50_ns)),
        ("delay server's timer late, p99 (self-check)", late(|e| e.timer_error_p99_ns)),
        ("connections dropped by a full accept queue", sum(&|r| r.listen_overflows)),
        ("TCP segments sent again", sum(&|r| r.retransmits)),
        ("CPU time stolen by the hypervisor", over(&|e| e.steal_percent, &percents)),
        ("CPU busy, all programs", over(&|e| e.busy_percent, &percents)),
        ("load average of a minute", over(&|e| e.load_1min, &plain)),
        ("clock of the CPUs, MHz", over(&|e| e.cpu_mhz, &|v| format!("{v:.0}"))),
    ];
    let mut table = Table::new(&[("over the blocks", Align::Left), ("seen", Align::Left)]);
    for (what, seen) in rows {
        table.row(vec![what.to_owned(), seen.unwrap_or_else(|| UNKNOWN.to_owned())]);
    }
    let unknown =
        format!("{UNKNOWN} means that the system did not tell, or that it was not recorded.");
    format!("{}\n\n{unknown}", table.render())
}

fn stability(facts: &Facts) -> String {
    let line = |warning: Warning| match warning.cell {
        Some(cell) => format!("{}: {}.", facts.full_code(cell), warning.text),
        None => capital(&format!("{}.", warning.text)),
    };
    let flags: Vec<String> = warnings::all(facts).into_iter().map(line).collect();
    let cells = facts.analysis.cells.len();
    match flags.len() {
        0 => format!(
            "No sign of disturbance in the wall times of {} (spread, outliers, slow start, trend, \
             resemblance of neighbours, groups) nor in what is known of the machine (stolen CPU \
             time, other programs, clock).",
            counted(cells, "cell")
        ),
        1..=5 => {
            format!("Signs of disturbance, nothing of which was left out:\n\n{}", list(&flags))
        }
        n => details(
            &format!("{n} signs of disturbance, nothing of which was left out"),
            &list(&flags),
        ),
    }
}

/// Whether server or client may have been the limit.
fn saturation(facts: &Facts) -> String {
    let cpus = |given: &[usize]| {
        let all = facts.recording.machine.as_ref().map_or(1, |m| m.cpus as usize);
        if given.is_empty() { all } else { given.len() }.max(1) as f64
    };
    let manifest = &facts.recording.manifest;
    let (server_cpus, client_cpus) = (cpus(&manifest.server_cpus), cpus(&manifest.client_cpus));
    let mut flags = Vec::new();
    for cell in 0..facts.plan().cells.len() {
        let share = |of: fn(&TrialRow) -> Option<u64>, cpus: f64| {
            let busy = facts.median(cell, |r| {
                Some(of(r)? as f64 / r.wall_ns.filter(|&w| w > 0)? as f64 / cpus)
            });
            busy.ok().map(|e| e.value).filter(|&busy| busy > SATURATED)
        };
        let name = facts.full_code(cell);
        // The relay of a network shares the server's CPUs.
        let server = |r: &TrialRow| Some(r.server_cpu_ns()? + r.rtt_cpu_ns.unwrap_or(0));
        let with_network = facts.plan().scenario_of(facts.cell(cell)).rtt_ns.is_some();
        let (who, whose, it) = match with_network {
            true => ("server and network", "the server's", "they"),
            false => ("the server", "its", "it"),
        };
        if let Some(busy) = share(server, server_cpus) {
            flags.push(format!(
                "{name}: {who} used {} of {whose} CPU time: {it} may be what is measured.",
                percent(busy)
            ));
        }
        if let Some(busy) = share(TrialRow::client_cpu_ns, client_cpus) {
            flags.push(format!(
                "{name}: the client used {} of its CPU time: CPU is its limit, not waiting.",
                percent(busy)
            ));
        }
    }
    match flags.as_slice() {
        [] => capital("neither server nor client used more than 90 % of its CPUs in any cell."),
        _ => format!("Saturated CPUs:\n\n{}", list(&flags)),
    }
}
