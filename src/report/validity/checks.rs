//! The checks of every trial: what was asked, of how many, and what was seen.

use crate::link::LinkKind;
use crate::record::{Check, PEAK_REACHED, TrialRow, lost_to_lateness};
use crate::report::facts::Facts;
use crate::report::markdown::{Align, Table};
use crate::report::numbers::{UNKNOWN, bytes, count, ns, percent, ratio, span};
use crate::strategy::Reuse;

/// A line for each check that asks something of these trials.
pub(super) fn table(facts: &Facts) -> String {
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
        | Check::Pauses
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
            Check::Pauses => self.pauses(),
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
                let (failed, disputed) = (r.connections_failed?, r.connections_mismatched?);
                Some((spare, failed, disputed, r.server_connections?, r.errors? > 0))
            },
            |all| {
                let sum = |of: fn(&(u64, u64, u64, u64, bool)) -> u64| -> u64 {
                    all.iter().map(of).sum()
                };
                // One that failed may have been sent and never have reached the server.
                let parts = [
                    (sum(|v| v.0), "unused or given up"),
                    (sum(|v| v.1), "failed"),
                    (sum(|v| if v.4 { 0 } else { v.2 }), "in dispute"),
                    (sum(|v| if v.4 { v.2 } else { 0 }), "not the same where requests failed"),
                ];
                let parts: String = parts
                    .iter()
                    .filter(|(n, _)| *n > 0)
                    .map(|(n, what)| format!(", {} {what}", count(*n)))
                    .collect();
                format!("{} accepted{parts}", count(sum(|v| v.3)))
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

    fn pauses(&self) -> Line {
        self.ask(
            Check::Pauses,
            "the server's lateness cost no part of the wall time that matters",
            |r, _| {
                let late = [
                    r.server_delay_late?,
                    r.server_piece_late?,
                    r.server_connect_late?,
                    r.server_handshake_late?,
                    r.server_name_late?,
                ];
                let all = [
                    r.server_delay_pauses?,
                    r.server_piece_pauses?,
                    r.server_connect_pauses?,
                    r.server_handshake_pauses?,
                    r.server_name_pauses?,
                ];
                let share = lost_to_lateness(r)? / r.wall_ns.filter(|&ns| ns > 0)? as f64;
                let sums = (late.iter().sum::<u64>(), all.iter().sum::<u64>());
                Some((sums, r.server_late_max_ns? as f64, share))
            },
            |all| {
                type Seen = ((u64, u64), f64, f64);
                let sum = |of: fn(&Seen) -> u64| count(all.iter().map(of).sum());
                let most = |of: fn(&Seen) -> f64| all.iter().map(of).fold(0.0, f64::max);
                format!(
                    "{} of {} pauses late, the worst by {}; at most {} of a wall time",
                    sum(|v| v.0.0),
                    sum(|v| v.0.1),
                    ns(most(|v| v.1)),
                    percent(most(|v| v.2))
                )
            },
        )
    }

    fn network(&self) -> Line {
        self.ask(
            Check::Network,
            "the network lost nothing, and held packets for as long as it was to",
            |r, _| {
                let late = (r.rtt_error_p50_ns? as f64, r.rtt_error_p99_ns? as f64);
                Some((r.rtt_dropped?, late, r.rtt_kind == LinkKind::Netem.name()))
            },
            |all| {
                type Held = (u64, (f64, f64), bool);
                let worst = |of: fn(&Held) -> f64| all.iter().map(of).fold(0.0, f64::max);
                // The relay times every packet; of netem only probes are timed.
                let timed = match all.iter().filter(|v| v.2).count() {
                    0 => String::new(),
                    n if n == all.len() => " (netem, by probes)".to_owned(),
                    n => format!(" (netem, by probes, in {} of {})", count(n as u64), all.len()),
                };
                format!(
                    "{} lost; late by {} (p50) and {} (p99) in the worst trial{timed}",
                    count(all.iter().map(|v| v.0).sum()),
                    ns(worst(|v| v.1.0)),
                    ns(worst(|v| v.1.1))
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
