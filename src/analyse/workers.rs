//! Shares of a service's workers: one that took most of the requests makes a comparison of numbers of
//! workers one of something else.

use crate::record::{Recording, TrialRow};

use super::{Direction, NoEstimate, Sample};

/// A worker with more than this times its even share, in whole requests, has taken those of others. At two workers it is
/// three quarters of them.
const UNEVEN: f64 = 1.5;

/// One side of a comparison: the workers of its service, where they are declared, and its trials.
type Side<'a> = (Option<u32>, &'a [&'a TrialRow]);

/// Checks that two sides with different numbers of workers may be compared: in the median trial of each,
/// no worker has answered more than 1.5 times its share.
///
/// # Errors
///
/// The share of the worker that has.
pub fn check_workers(sides: [Side; 2]) -> Result<(), NoEstimate> {
    match sides.map(|(workers, _)| workers) {
        [Some(one), Some(other)] if one != other => sides.into_iter().try_for_each(check_side),
        _ => Ok(()),
    }
}

/// [`check_workers`] for two cells of a recording.
pub(super) fn check_cells(recording: &Recording, cells: [usize; 2]) -> Result<(), NoEstimate> {
    let workers = cells.map(|cell| recording.plan.cells[cell].strategy.workers());
    let ids = cells.map(|cell| recording.plan.cells[cell].id.to_string());
    let rows = [&ids[0], &ids[1]].map(|id| recording.of_cell(id).collect::<Vec<_>>());
    check_workers([(workers[0], &rows[0]), (workers[1], &rows[1])])
}

fn check_side((workers, rows): Side) -> Result<(), NoEstimate> {
    let Some(workers) = workers.filter(|&n| n > 1) else { return Ok(()) };
    // An even share is of whole requests: one request has one worker, and that is even.
    let over_even = |row: &TrialRow| {
        let even = row.service_worker_answers?.div_ceil(u64::from(workers)).max(1);
        Some(row.service_worker_answers_max? as f64 / even as f64)
    };
    let middle = |value: &dyn Fn(&TrialRow) -> Option<f64>| {
        let mut sample = Sample::default();
        for row in rows {
            match value(row).filter(|_| row.is_ok()) {
                Some(value) => sample.values.push(value),
                None => sample.lost += 1,
            }
        }
        // A service that does not name its workers leaves the shares unknown, and that is no evenness.
        let median = sample.median(Direction::LowerIsBetter);
        median.map(|e| e.value).map_err(|_| NoEstimate::WorkersUnknown { workers })
    };
    if middle(&over_even)? <= UNEVEN {
        return Ok(());
    }
    let percent = (middle(&TrialRow::worker_share)? * 100.0).round() as u32;
    Err(NoEstimate::WorkersUneven { percent, workers })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::spec::Metric;
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
        // With as many workers on both sides, how they share the load is part of what is compared.
        let uneven = TrialRow {
            service_worker_answers: Some(100),
            service_worker_answers_max: Some(100),
            ..TrialRow::default()
        };
        let rows = [&uneven];
        assert_eq!(check_workers([(Some(4), &rows), (Some(4), &rows)]), Ok(()));
        assert!(check_workers([(Some(4), &rows), (Some(1), &rows)]).is_err());
        // One request has one worker.
        let one = TrialRow {
            service_worker_answers: Some(1),
            service_worker_answers_max: Some(1),
            ..TrialRow::default()
        };
        let rows_of_one = [&one];
        assert_eq!(check_workers([(Some(4), &rows_of_one), (Some(1), &rows_of_one)]), Ok(()));
        // Of a service that does not say, nothing is asked.
        assert_eq!(check_workers([(None, &rows), (Some(1), &rows)]), Ok(()));
    }
}
