//! Progress of a request.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::io::Watch;
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::probe::{Connection, Marks, Phase, Sent};
use crate::timer::Moment;

/// Progress of a request, which outlives it if it is given up.
pub(super) struct Progress {
    probes: bool,
    /// When its time is over, and how much that was.
    deadline: Option<(Instant, Duration)>,
    stage: Stage,
    marks: Marks,
    /// The marks of the request itself, if it was redirected since. The answer that is waited for
    /// is then the last one, and the time of the way there is a part of the wait.
    first: Option<Box<Marks>>,
    redirects: u32,
    /// The connection that is being opened for it.
    opening: Option<Arc<Connection>>,
    /// Tells what has been written since a connection took it.
    writing: Option<Arc<Watch>>,
    /// Pieces of its body that were taken, over all redirects.
    sent: Sent,
}

impl Progress {
    pub(super) fn new(probes: bool, timeout: Option<Duration>) -> Progress {
        Progress {
            probes,
            deadline: timeout.map(|limit| (Instant::now() + limit, limit)),
            stage: Stage::Pool,
            marks: Marks::default(),
            first: None,
            redirects: 0,
            opening: None,
            writing: None,
            sent: Sent::default(),
        }
    }

    /// Now, if anybody wants to know.
    pub(super) fn now(&self) -> Option<Moment> {
        self.probes.then(Moment::now)
    }

    /// A body is to be sent: where its pieces are noted, if anybody wants to know.
    pub(super) fn sending(&mut self) -> &Sent {
        if self.probes { self.sent.begin() } else { &self.sent }
    }

    /// Comes to a stage.
    pub(super) fn at(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// The moments that the library sees.
    pub(super) fn seen(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// A connection is being opened for it.
    pub(super) fn opening(&mut self, connection: &Arc<Connection>) {
        self.marks[Phase::Pool] = Some(connection.start);
        self.opening = Some(Arc::clone(connection));
    }

    /// The connection is ready; the request gets it.
    pub(super) fn opened(&mut self) {
        self.opening = None;
    }

    /// A connection takes the request; what it writes is written for it alone.
    pub(super) fn taken(&mut self, by: Option<&Connection>, watch: Option<&Arc<Watch>>) {
        self.stage = Stage::Head;
        self.marks.carried = by.map(Connection::carry);
        self.writing = watch.map(Arc::clone);
    }

    /// The response head is there.
    pub(super) fn answered(&mut self) {
        self.stage = Stage::Body;
        self.note_written();
    }

    /// The last byte that was written by now.
    fn note_written(&mut self) {
        if let (Some(watch), Some(since)) = (self.writing.take(), self.marks[Phase::Stream]) {
            self.marks[Phase::Send] = watch.last_write().filter(|written| *written >= since);
        }
    }

    /// The answer was a redirect; at most `most` are followed.
    pub(super) fn redirected(&mut self, most: u32) -> Result<(), Failure> {
        if self.redirects == most {
            return Err(Failure::new(Class::Redirects, format!("more than {most} redirects")));
        }
        self.redirects += 1;
        self.stage = Stage::Pool;
        let marks = std::mem::take(&mut self.marks);
        self.marks.carried = marks.carried;
        self.first.get_or_insert_with(|| Box::new(marks));
        Ok(())
    }

    /// When its time is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.map(|(at, _)| at)
    }

    /// An error if its time is over: whoever was told late begins nothing new.
    pub(super) fn in_time(&self) -> Result<(), Failure> {
        match self.deadline {
            Some((at, _)) if Instant::now() >= at => Err(self.too_slow()),
            _ => Ok(()),
        }
    }

    /// Its time is over.
    pub(super) fn too_slow(&self) -> Failure {
        let limit = self.deadline.map(|(_, limit)| limit).unwrap_or_default();
        let failure = Failure::new(Class::Timeout(self.stage), format!("no end after {limit:?}"));
        if let Some(connection) = &self.opening {
            connection.fail(&failure);
        }
        failure
    }

    /// Marks of the request, at its end.
    pub(super) fn marks(&mut self) -> Marks {
        self.note_written();
        let (carried, redirects) = (self.marks.carried, self.redirects);
        let first = self.first.as_deref().unwrap_or(&self.marks);
        Marks { carried, redirects, sent: self.sent.clone(), ..first.clone() }
    }
}
