use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::chart::Group;
use super::super::chart::phases::{Bar, Phase, Phases, Row};
use super::super::chart::waterfall::Waterfall;
use super::{STRATEGIES, frame, seconds, waterfall_of};

/// Cells whose time is mostly waiting (two panels) or mostly their own.
pub(super) fn phases_of(cells: usize, groups: usize, two: bool) -> Phases {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut row = |i: usize| {
        let mut ms = |least: f64, most: f64| seconds(rng.random_range(least..most) / 1e3);
        let own = [
            (Phase::Pool, ms(0.005, 0.05)),
            (Phase::Dns, if i % 3 == 2 { Duration::ZERO } else { ms(0.1, 5.0) }),
            (Phase::Connect, ms(0.1, 16.0)),
            (Phase::Tls, ms(0.5, 16.0)),
            (Phase::Stream, ms(0.005, 0.02)),
            (Phase::Send, ms(0.01, 0.3)),
        ];
        let mut whole = vec![(
            Phase::Queue,
            if i.is_multiple_of(2) { ms(200.0, 900.0) } else { Duration::ZERO },
        )];
        whole.extend(own);
        whole.extend([(Phase::Wait, ms(150.0, 153.0)), (Phase::Receive, ms(0.1, 3.0))]);
        let mut rest = own.to_vec();
        rest.extend([(Phase::Wait, ms(0.2, 2.0)), whole[8]]);
        let bar =
            |parts: Vec<(Phase, Duration)>| Bar { total: parts.iter().map(|p| p.1).sum(), parts };
        let known = i != 3;
        Row {
            label: STRATEGIES[i % STRATEGIES.len()].to_owned(),
            rest: (known && i != 4).then(|| bar(rest.clone())),
            whole: known.then(|| bar(if two { whole } else { rest })),
            note: "without probes".to_owned(),
        }
    };
    let groups = (0..groups).map(|g| Group {
        heading: if g == 0 { String::new() } else { "round trip 15 ms, TLS".to_owned() },
        rows: (0..cells).map(&mut row).collect(),
    });
    Phases {
        frame: frame(
            "phases",
            "A new connection for each request costs as much as two answers",
            "Mean time of a successful request by phase · median of 12 blocks",
            "n = 12 trials of each cell, one in each block · synthetic data",
        ),
        groups: groups.collect(),
        rest: two.then(|| "without queue and the server's delay".to_owned()),
    }
}

/// Requests of which all phases are known.
pub(super) fn waterfall_by_phase(n: usize, limits: &[usize]) -> Waterfall {
    let mut chart = waterfall_of(n, limits);
    chart.frame.id = "waterfall-phases".into();
    for request in chart.panels.iter_mut().flat_map(|p| &mut p.requests) {
        let all = request.end.saturating_sub(request.sent);
        let mark = |share: f64| Some(request.sent + all.mul_f64(share));
        request.between = [mark(0.02), mark(0.1), mark(0.25), mark(0.4), mark(0.42), mark(0.5)];
        if request.failed {
            request.between[4] = None;
            request.between[5] = None;
            request.head = None;
        }
    }
    chart
}
