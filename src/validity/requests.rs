//! Requests and answers: all there, once, and right.

use crate::units::{ReadableBytes, ReadableNs, count, span};

use super::answer::{Answer, NotPassed, Why, ask_if, recorded, require};
use super::{Check, MeasuredTrial, between};

pub(super) const ISSUED: Check = Check {
    words: "every request reached the server, or failed",
    by_machine: false,
    ask: issued,
    seen: |looked| {
        let issued = count(looked.sum(|t| t.row.issued)?);
        let served = count(looked.sum(|t| t.row.server_requests)?);
        let failed = match looked.sum(|t| t.row.errors)? {
            0 => String::new(),
            n => format!(", {} failed", count(n)),
        };
        Some(format!("{issued} issued, {served} served{failed}").into())
    },
};

fn issued(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    let (issued, errors) = (recorded!(row, issued)?, recorded!(row, errors)?);
    let requests = trial.requests();
    require(issued == requests, || format!("{issued} of {requests} requests were issued"))?;
    let served = recorded!(row, server_requests)?;
    // What the library sent again by itself may have been begun by the server before it refused it.
    let most = requests + row.client_retries.unwrap_or(0);
    require(errors > 0 || (requests..=most).contains(&served), || {
        let expected = between(requests, most);
        format!("the server got {served} requests instead of {expected}")
    })?;
    // Our clients issue each index once, or panic.
    if trial.strategy.program.is_some() {
        let distinct = recorded!(row, server_distinct_requests)?;
        require(errors > 0 || distinct == requests, || {
            format!("only {distinct} different requests of {requests} reached the server")
        })?;
    }
    let answered = recorded!(row, server_answered)?;
    let succeeded = requests - errors.min(requests);
    require(answered >= succeeded, || {
        format!("{succeeded} answers arrived, but the server gave {answered}")
    })
}

/// Planned starts, against those of seed and index; starts, against the planned ones.
pub(super) const ARRIVALS: Check = Check {
    words: "requests were planned for their time, and none started before it",
    by_machine: false,
    ask: |trial| {
        let (misplanned, early) = (trial.row.arrivals_misplanned, trial.row.arrivals_early);
        ask_if(!trial.scenario.arrival.is_closed(), Why::NoSubject)?;
        // The client of this build always tells; so an empty column is a fault of the trial.
        let (Some(misplanned), Some(early)) = (misplanned, early) else {
            let reason = "the client did not tell when requests were planned";
            return Err(NotPassed::Failed(reason.to_owned()));
        };
        require(misplanned == 0, || {
            format!("{misplanned} requests were planned for another time than asked")
        })?;
        require(early == 0, || format!("{early} requests started before their planned time"))
    },
    seen: |looked| {
        let off = looked.sum(|t| Some(t.row.arrivals_misplanned? + t.row.arrivals_early?))?;
        let late =
            looked.values(|t| t.row.start_lateness_p50_ns).map_or_else(String::new, |late| {
                let ends = (late.iter().min(), late.iter().max());
                let (low, high) = (*ends.0.unwrap_or(&0), *ends.1.unwrap_or(&0));
                let shown = span(low as f64, high as f64, |ns| ReadableNs(ns).to_string());
                format!("; median start late by {shown}")
            });
        Some(format!("{} at another time{late}", count(off)).into())
    },
};

pub(super) const ANSWERS: Check = Check {
    words: "every answer has the right status and content",
    by_machine: false,
    ask: answers,
    seen: |looked| {
        Some(format!("{} wrong", count(looked.sum(|t| t.row.client_body_mismatches)?)).into())
    },
};

fn answers(trial: &MeasuredTrial) -> Answer {
    recorded!(trial.row, errors)?;
    // What a full server refuses is a result.
    let refused = trial.row.server_refused.unwrap_or(0);
    let classes = trial.row.error_classes.0.iter();
    let classes = classes.map(|(class, &n)| match class.as_str() {
        "status(4xx)" => (class, n.saturating_sub(refused)),
        _ => (class, n),
    });
    let wrong: Vec<String> = classes
        .filter(|&(_, n)| n > 0)
        .filter(|(class, _)| *class == "body_mismatch" || class.starts_with("status"))
        .map(|(class, n)| format!("{n} answers were wrong ({class})"))
        .collect();
    require(wrong.is_empty(), || wrong.join(", "))?;
    // A program need not tell what it read.
    if trial.strategy.program.is_some() {
        recorded!(trial.row, client_body_mismatches)?;
    }
    Ok(())
}

/// Calls that a service makes of its backend, against those that it declares.
pub(super) const CALLS: Check = Check {
    words: "every page made its calls of the backend",
    by_machine: false,
    ask: |trial| {
        let page = trial.strategy.service.as_ref().and_then(|service| service.page.as_ref());
        let calls = page.map_or(0, |page| page.calls);
        ask_if(calls > 0, Why::NoSubject)?;
        let expected = trial.requests() * u64::from(calls);
        let called = recorded!(trial.row, backend_requests)?;
        let distinct = recorded!(trial.row, backend_distinct_requests)?;
        trial.require(called == expected && distinct == expected, || {
            format!(
                "the backend got {called} calls, {distinct} different ones, instead of {expected}"
            )
        })
    },
    seen: |looked| Some(format!("{} calls", count(looked.sum(|t| t.row.backend_requests)?)).into()),
};

pub(super) const REDIRECTS: Check = Check {
    words: "every redirect was sent",
    by_machine: false,
    ask: |trial| {
        let expected = trial.requests() * u64::from(trial.scenario.redirects);
        all_arrived(trial, expected, recorded!(trial.row, server_redirects), |sent| {
            format!("the server sent {sent} redirects instead of {expected}")
        })
    },
    seen: |looked| Some(format!("{} sent", count(looked.sum(|t| t.row.server_redirects)?)).into()),
};

/// A body comes again with each hop.
pub(super) const UPLOADS: Check = Check {
    words: "the bodies of all requests arrived",
    by_machine: false,
    ask: |trial| {
        let hops = u64::from(trial.scenario.redirects) + 1;
        let expected = trial.requests() * hops * trial.scenario.upload_bytes;
        all_arrived(trial, expected, recorded!(trial.row, server_uploaded_bytes), |received| {
            format!("the server got {received} bytes of request bodies instead of {expected}")
        })
    },
    seen: |looked| {
        let received = looked.sum(|t| t.row.server_uploaded_bytes)?;
        Some(format!("{} received", ReadableBytes(received as f64)).into())
    },
};

/// A count at the server is what the plan says, where no request failed. Where the plan has none, a count
/// of none leaves nothing to ask.
fn all_arrived(
    trial: &MeasuredTrial,
    expected: u64,
    counted: Result<u64, NotPassed>,
    reason: impl FnOnce(u64) -> String,
) -> Answer {
    ask_if(expected > 0 || counted.as_ref().is_ok_and(|&n| n > 0), Why::NoSubject)?;
    let counted = counted?;
    trial.require(counted == expected, || reason(counted))
}
