//! Shares of a service's workers: one that took most of the requests makes a comparison of numbers of
//! workers one of something else.

use crate::record::Recording;
use crate::spec::Metric;

use super::NoEstimate;

/// A worker with more than this times its even share has taken the requests of others. At two workers it is
/// three quarters of them.
const UNEVEN: f64 = 1.5;

/// Checks that two cells with different numbers of workers may be compared: in the median trial of each,
/// no worker has answered more than [`UNEVEN`] times its share.
///
/// # Errors
///
/// The share of the worker that has.
pub(super) fn check(recording: &Recording, base: usize, new: usize) -> Result<(), NoEstimate> {
    let workers = |cell: usize| recording.plan.cells[cell].strategy.workers();
    match (workers(base), workers(new)) {
        (Some(one), Some(other)) if one != other => {
            [base, new].into_iter().try_for_each(|cell| check_cell(recording, cell))
        }
        _ => Ok(()),
    }
}

fn check_cell(recording: &Recording, cell: usize) -> Result<(), NoEstimate> {
    let Some(workers) = recording.plan.cells[cell].strategy.workers().filter(|&n| n > 1) else {
        return Ok(());
    };
    // A service that does not name its workers leaves the shares unknown, and that is no evenness.
    let Ok(share) = Metric::WorkerShare.median_of_cell(recording, cell) else {
        return Err(NoEstimate::WorkersUnknown { workers });
    };
    match share.value * f64::from(workers) > UNEVEN {
        true => {
            let percent = (share.value * 100.0).round() as u32;
            Err(NoEstimate::WorkersUneven { percent, workers })
        }
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::strategy::{Product, Service, Settings, Strategy};

    fn on(workers: u32) -> Strategy {
        let service =
            Service { workers: Some(Product(vec!["workers".into()])), ..Service::named("x") };
        Strategy {
            service: Some(service),
            service_settings: Settings::parse(&format!("workers={workers}")),
            ..strategy(&workers.to_string(), "async-all", None)
        }
    }

    fn ratio(one: u32, other: u32, most: Option<u64>) -> Result<f64, NoEstimate> {
        let recording = recording(experiment(vec![on(one), on(other)], 12), |_, _, row| {
            let all = row.issued.expect("a number");
            row.service_worker_answers = most.map(|_| all);
            let is_one = row.service_settings == "workers=1";
            row.service_worker_answers_max = if is_one { most.map(|_| all) } else { most };
        });
        Metric::Wall.ratio_of_cells(&recording, 0, 1).map(|ratio| ratio.ratio.value)
    }

    #[test]
    fn numbers_of_workers_are_compared_where_these_shared_the_load() {
        // 100 requests: even shares are 25 of four and 50 of two.
        assert!(ratio(1, 4, Some(37)).is_ok());
        let uneven = NoEstimate::WorkersUneven { percent: 38, workers: 4 };
        assert_eq!(ratio(1, 4, Some(38)), Err(uneven));
        assert!(ratio(1, 2, Some(75)).is_ok());
        assert!(ratio(1, 2, Some(76)).is_err());
        // All to one of them is the worst, and unknown is no better.
        assert_eq!(
            ratio(2, 4, Some(100)).expect_err("uneven").to_string(),
            "one of 2 workers answered 100 % of the requests"
        );
        assert_eq!(ratio(1, 4, None), Err(NoEstimate::WorkersUnknown { workers: 4 }));
        // Two services with as many workers differ in how these share the load, too.
        assert!(ratio(4, 4, Some(100)).is_ok() || on(4) == on(4));
    }
}
