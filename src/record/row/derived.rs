//! Values that follow from the columns of a row.

use super::TrialRow;
use crate::record::Status;
use crate::strategy::probe::Phase;

impl TrialRow {
    /// Whether its numbers may be used.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// Whether it was interrupted.
    pub fn is_aborted(&self) -> bool {
        self.status == Status::Aborted
    }

    /// CPU time of the client within the window, user and kernel.
    pub fn client_cpu_ns(&self) -> Option<u64> {
        Some(self.client_cpu_user_ns? + self.client_cpu_sys_ns?)
    }

    /// CPU time of the client within the window by its length: 1 is one CPU all the time.
    pub fn cpu_share(&self) -> Option<f64> {
        let wall_ns = self.wall_ns.filter(|&ns| ns > 0)?;
        Some(self.client_cpu_ns()? as f64 / wall_ns as f64)
    }

    /// CPU time of the server, user and kernel.
    pub fn server_cpu_ns(&self) -> Option<u64> {
        Some(self.server_cpu_user_ns? + self.server_cpu_sys_ns?)
    }

    /// CPU time of all processes of a service, user and kernel.
    pub fn service_cpu_ns(&self) -> Option<u64> {
        Some(self.service_cpu_user_ns? + self.service_cpu_sys_ns?)
    }

    /// Share of a service's answers that the worker with the most gave.
    pub fn worker_share(&self) -> Option<f64> {
        let answers = self.service_worker_answers.filter(|&answers| answers > 0)?;
        Some(self.service_worker_answers_max? as f64 / answers as f64)
    }

    /// Mean time of a successful request, in nanoseconds; `None` without probes.
    pub fn request_ns(&self) -> Option<f64> {
        // Every request has an end, so without this phase none has been taken.
        self.phase_ns(Phase::Receive)?;
        Some(Phase::ALL.into_iter().filter_map(|phase| self.phase_ns(phase)).sum::<u64>() as f64)
    }

    /// Mean delay of a request at the server, in nanoseconds; `None` where more than one of a thousand
    /// requests failed: it is not known which delays were theirs.
    pub fn served_delay_ns(&self) -> Option<f64> {
        let few = self.errors?.saturating_mul(1_000) <= self.issued?;
        let served = self.server_requests.filter(|&served| served > 0 && few)?;
        Some(self.server_delay_sum_ns? as f64 / served as f64)
    }

    /// Mean time of a request beyond its queue and its delay, in nanoseconds.
    pub fn own_ns(&self) -> Option<f64> {
        let queue = self.phase_ns(Phase::Queue).unwrap_or(0) as f64;
        Some((self.request_ns()? - queue - self.served_delay_ns()?).max(0.0))
    }

    /// Requests that failed with this class.
    pub fn failed_with(&self, class: &str) -> Option<u64> {
        self.errors?;
        Some(self.error_classes.0.get(class).copied().unwrap_or(0))
    }

    /// Connections that were opened beyond the files that were free, and that none which ended before
    /// the last was opened made room for. More than none cannot be: a limit of files is a limit.
    pub fn unexplained_connections(&self) -> Option<u64> {
        let free = self.nofile.parse::<u64>().ok()?.checked_sub(self.client_open_files_before?)?;
        let explained = free + self.connections_ended_before_last?;
        Some(self.connections_opened?.saturating_sub(explained))
    }

    /// Requests per second that were to come, under open arrival: as they were drawn.
    pub fn offered_per_s(&self) -> Option<f64> {
        let span_ns = self.arrival_span_ns.filter(|&ns| ns > 0)?;
        Some(self.issued?.saturating_sub(1) as f64 * 1e9 / span_ns as f64)
    }

    /// The share of the offered rate that was achieved, under open arrival; see `docs/method/trial.md`.
    ///
    /// The requests between two tenths of the trial were to come in the time that the two are
    /// apart. If lateness has grown in between, they took longer to go through by as much. A
    /// request that failed is none that went through.
    pub fn kept_up(&self) -> Option<f64> {
        let apart_ns = self.lateness_apart_ns.filter(|&ns| ns > 0)? as f64;
        let grown_ns = self.lateness_end_ns?.saturating_sub(self.lateness_before_ns?) as f64;
        let succeeded = self.ok? as f64 / self.issued.filter(|&n| n > 0)? as f64;
        Some(succeeded * apart_ns / (apart_ns + grown_ns))
    }

    /// Requests per second that went through, under open arrival.
    pub fn achieved_per_s(&self) -> Option<f64> {
        Some(self.offered_per_s()? * self.kept_up()?)
    }

    /// Requests that were answered, per second of wall time.
    pub fn throughput_per_s(&self) -> Option<f64> {
        let wall_ns = self.wall_ns.filter(|&ns| ns > 0)?;
        Some(self.ok? as f64 * 1e9 / wall_ns as f64)
    }

    /// Wall time by requests, in nanoseconds.
    pub fn wall_per_request_ns(&self) -> Option<f64> {
        self.per_request(self.wall_ns?)
    }

    /// CPU time of the client within the window by requests, in nanoseconds.
    pub fn cpu_per_request_ns(&self) -> Option<f64> {
        self.per_request(self.client_cpu_ns()?)
    }

    fn per_request(&self, ns: u64) -> Option<f64> {
        let requests = self.issued.filter(|&n| n > 0)?;
        Some(ns as f64 / requests as f64)
    }

    /// Ideal wall time ÷ wall time, dimensionless.
    pub fn efficiency(&self) -> Option<f64> {
        self.wall_ns.filter(|&wall| wall > 0).map(|wall| self.ideal_ns as f64 / wall as f64)
    }
}
