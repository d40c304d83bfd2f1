//! Why something is not predicted, and what to know about what is.

/// Reason why there is no prediction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrediction {
    /// Nothing is recorded.
    #[error("there is no recording of this experiment")]
    NoRecording,
    /// No recorded cell does the same.
    #[error("{recording} has no such cell{}; record it with fewer requests first", nearest_words(.nearest))]
    NotRecorded {
        /// The recording that was searched.
        recording: String,
        /// Name of the nearest cell, and in what this one differs.
        nearest: Option<(String, String)>,
    },
    /// No trial of it is a measurement.
    #[error("no trial of the recorded cell is a measurement; the report of the recording says why")]
    NotMeasured,
    /// The recorded cells did other work: requests failed.
    #[error(
        "{failed} of {issued} recorded requests failed; record it with a size or limit at which they do not"
    )]
    RequestsFailed {
        /// Requests that failed.
        failed: u64,
        /// Requests issued.
        issued: u64,
    },
    /// The recorded cells lost trials: only survivors are known.
    #[error(
        "{failed} of {of} recorded trials failed; record it with a size or limit at which they do not"
    )]
    TrialsFailed {
        /// Trials in which a process failed.
        failed: usize,
        /// Trials that were begun.
        of: usize,
    },
    /// CPU time is unknown.
    #[error("the recording does not have the CPU time of the client")]
    NoCpu,
    /// Requests come at a rate.
    #[error("requests come at a rate (`arrival`), which the simulation does not follow")]
    OpenArrival,
    /// The simulation does not follow the model.
    #[error("the schedule of model `{0}` cannot be simulated")]
    Model(String),
    /// Nothing is known of the connections of the client.
    #[error("this build does not have client `{0}`")]
    Client(String),
}

fn nearest_words(nearest: &Option<(String, String)>) -> String {
    nearest.as_ref().map_or_else(String::new, |(name, differing)| {
        format!(" (nearest is `{name}`, with {differing})")
    })
}

/// Reason why the memory is not predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMemory {
    /// The growth is not seen.
    #[error("unknown: memory grows with the requests of this model; record two sizes")]
    OneSize,
    /// The recording does not have it.
    #[error("unknown: the recording does not have it")]
    NotMeasured,
}

/// A note on the accuracy of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Note {
    /// Fixed cost is unknown.
    #[error(
        "one size recorded: what starting costs is counted as the requests', too much for more of them; record two sizes"
    )]
    OneSize,
    /// Another number of requests at once.
    #[error(
        "no recorded size has {0} requests at once: connections and CPU may cost another share"
    )]
    NotFull(usize),
    /// The schedule is simulated, the cost is not.
    #[error(
        "recorded with other delays: the schedule is simulated, the cost of a request may differ"
    )]
    OtherDelays,
    /// Too many requests for a simulation.
    #[error("{} requests simulated, the others by the slope of their second half", crate::units::count(*.0))]
    Extrapolated(u64),
    /// The simulation does not give what was measured.
    #[error(
        "the same method gives {ratio:.2} of the measured wall for the recorded {requests} requests"
    )]
    Missed {
        /// Recorded requests.
        requests: u32,
        /// Simulated ÷ measured.
        ratio: f64,
    },
    /// Connections need more memory than those recorded did.
    #[error(
        "memory may be too low: a recorded connection carried {carried} requests, and needs more until it has carried \
         {settled}; record {settled} for each connection, at this limit or at two lower ones"
    )]
    NotSettled {
        /// Requests of each recorded connection.
        carried: u64,
        /// Requests after which it needs no more.
        settled: u64,
    },
    /// It would not fit.
    #[error("needs more memory than the machine of the recording has")]
    TooMuchMemory,
    /// It would not fit.
    #[error("needs more open files ({needs}) than a process of the recording could have ({has})")]
    TooManyFiles {
        /// Connections.
        needs: u64,
        /// Limit of the recording.
        has: u64,
    },
}
