//! Load on the machine from other programs, and processes that were busy.

use crate::page::{Block, Table, Words, blocks, cells, details, message, words};
use crate::record::{EnvRow, TrialRow};
use crate::report::facts::Facts;
use crate::report::numbers::{UNKNOWN, capital, count, counted, ns, percent, span};
use crate::report::warnings::{self, Warning};

/// A process that spent more than this share of its CPUs may itself have been the limit.
const SATURATED: f64 = 0.9;

/// Timer, network and machine.
pub(super) fn noise(facts: &Facts) -> Vec<Block> {
    let env: Vec<&EnvRow> = facts.recording.env.iter().collect();
    let over = |of: &dyn Fn(&EnvRow) -> Option<f64>, show: &dyn Fn(f64) -> String| {
        let values: Vec<f64> = env.iter().filter_map(|e| of(e)).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (!values.is_empty()).then(|| Words::from(span(low, high, show)))
    };
    let sum = |of: &dyn Fn(&TrialRow) -> Option<u64>| {
        let values: Vec<(u64, usize)> =
            facts.all_ok_rows().filter_map(|r| Some((of(r)?, facts.cell_of(r)?))).collect();
        let all: u64 = values.iter().map(|v| v.0).sum();
        let worst = values.iter().max_by_key(|v| v.0).filter(|v| v.0 > 0);
        let most = worst.map(|&(n, cell)| {
            words!(", at most " (count(n)) " in one trial of " (facts.full_code(cell)))
        });
        let most = most.unwrap_or_default();
        (!values.is_empty()).then(|| words!((count(all)) " in all trials" most))
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
    let mut table = Table::new(["over the blocks", "seen"]);
    for (what, seen) in rows {
        table.row(cells![what, seen.unwrap_or_else(|| UNKNOWN.into())]);
    }
    let unknown =
        format!("{UNKNOWN} means that the system did not tell, or that it was not recorded.");
    blocks![table, unknown]
}

/// Signs of disturbance in wall times and machine.
pub(super) fn signs(facts: &Facts) -> Vec<Block> {
    let line = |warning: Warning| match warning.cell {
        Some(cell) => words!((facts.full_code(cell)) ": " (message(&warning.text)) "."),
        None => message(&capital(&format!("{}.", warning.text))),
    };
    let flags: Vec<Words> = warnings::all(facts).into_iter().map(line).collect();
    let cells = facts.analysis.cells.len();
    match flags.len() {
        0 => blocks![format!(
            "No sign of disturbance in the wall times of {} (spread, outliers, slow start, trend, \
             resemblance of neighbours, groups) nor in what is known of the machine (stolen CPU \
             time, other programs, clock).",
            counted(cells, "cell")
        )],
        1..=5 => {
            blocks!["Signs of disturbance, nothing of which was left out:", Block::List(flags)]
        }
        n => {
            let summary = format!("{n} signs of disturbance, nothing of which was left out");
            vec![details(summary, vec![Block::List(flags)])]
        }
    }
}

/// Numbers that show whether server or client may have been the limit.
pub(super) fn saturation(facts: &Facts) -> Vec<Block> {
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
            let busy = percent(busy);
            flags.push(words!(
                (name.clone()) ": " who " used " busy " of " whose " CPU time: " it " may be what is \
                 measured."
            ));
        }
        if let Some(busy) = share(TrialRow::client_cpu_ns, client_cpus) {
            let busy = percent(busy);
            flags.push(words!(
                name ": the client used " busy " of its CPU time: CPU is its limit, not waiting."
            ));
        }
    }
    if flags.is_empty() {
        return blocks!["Neither server nor client used more than 90 % of its CPUs in any cell."];
    }
    blocks!["Saturated CPUs:", Block::List(flags)]
}
