//! Requests and answers: all there, once, and right.

use super::{Seen, Trial, between};

pub(super) fn issued(trial: &Trial) -> Option<String> {
    let Seen { issued, errors, served, answered, .. } = trial.seen;
    let requests = trial.requests();
    if issued != requests {
        return Some(format!("{issued} of {requests} requests were issued"));
    }
    // What the library sent again by itself may have been begun by the server before it refused it.
    let most = requests + trial.row.client_retries.unwrap_or(0);
    if trial.all_succeeded() && !(requests..=most).contains(&served) {
        let expected = between(requests, most);
        return Some(format!("the server got {served} requests instead of {expected}"));
    }
    let succeeded = requests - errors.min(requests);
    (answered < succeeded)
        .then(|| format!("{succeeded} answers arrived, but the server gave {answered}"))
}

/// Planned starts, against those of seed and index; starts, against the planned ones.
pub(super) fn arrivals(trial: &Trial) -> Option<String> {
    let (misplanned, early) = (trial.row.arrivals_misplanned, trial.row.arrivals_early);
    if trial.scenario.arrival.is_closed() {
        return None;
    }
    let (Some(misplanned), Some(early)) = (misplanned, early) else {
        return Some("the client did not tell when requests were planned".to_owned());
    };
    if misplanned > 0 {
        return Some(format!("{misplanned} requests were planned for another time than asked"));
    }
    (early > 0).then(|| format!("{early} requests started before their planned time"))
}

pub(super) fn answers(trial: &Trial) -> Option<String> {
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
    (!wrong.is_empty()).then(|| wrong.join(", "))
}

pub(super) fn redirects(trial: &Trial) -> Option<String> {
    let sent = trial.row.server_redirects?;
    let expected = trial.requests() * u64::from(trial.scenario.redirects);
    (trial.all_succeeded() && sent != expected)
        .then(|| format!("the server sent {sent} redirects instead of {expected}"))
}

/// A body comes again with each hop.
pub(super) fn uploads(trial: &Trial) -> Option<String> {
    let received = trial.row.server_uploaded_bytes?;
    let hops = u64::from(trial.scenario.redirects) + 1;
    let expected = trial.requests() * hops * trial.scenario.upload_bytes;
    (trial.all_succeeded() && received != expected)
        .then(|| format!("the server got {received} bytes of request bodies instead of {expected}"))
}
