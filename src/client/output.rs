//! Rows of a trial on disk: `requests/<trial>.csv.zst`, `connections/<trial>.csv.zst`, and the place
//! of `timeline/<trial>.csv`, which its sampler writes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use serde::Serialize;

use super::connections;
use super::record::Recorder;
use crate::protocol::{ClientConfig, RequestLog};
use crate::record::{CompressedRows, write_compressed};
use crate::strategy::probe::Connections;

/// Files that are there, empty and closed: a path that cannot be written is found before the
/// trial, and an open file would be one less for the strategy.
pub(super) struct Files(());

impl Files {
    /// Creates the files that the parent asks for; they must not exist.
    pub(super) fn reserve(config: &ClientConfig) -> io::Result<Files> {
        let log = config.request_log.as_ref().map(|log| &log.path);
        let timeline = config.timeline.as_ref().map(|timeline| &timeline.path);
        for path in log.into_iter().chain(&config.connection_log).chain(timeline) {
            OpenOptions::new().write(true).create_new(true).open(path)?;
        }
        Ok(Files(()))
    }

    /// Writes the rows, to the disk itself.
    pub(super) fn write(
        self,
        config: &ClientConfig,
        recorder: &Recorder,
        connections: Option<&Connections>,
    ) -> io::Result<()> {
        if let Some(log) = &config.request_log {
            finish(write_requests(config, log, recorder)?)?;
        }
        if let Some(path) = &config.connection_log {
            let all = connections.map(Connections::all).unwrap_or_default();
            let rows = all.iter().map(|connection| connections::row(connection, recorder));
            finish(write_compressed(open(path)?, rows)?)?;
        }
        Ok(())
    }
}

/// Writes rows to a file that must not exist.
#[cfg(target_os = "linux")]
pub(super) fn write_new<T: Serialize>(
    path: &Path,
    rows: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    finish(write_compressed(BufWriter::new(file), rows)?)
}

fn open(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::new(OpenOptions::new().write(true).open(path)?))
}

fn finish(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush()?;
    file.get_ref().sync_all()
}

/// Rows are sorted by index as long as they are so few; more stand in the order in which the
/// requests ended, as in the log that they come from. 100 000 rows are some 30 MB.
const SORTED_ROWS: u32 = 100_000;

fn write_requests(
    config: &ClientConfig,
    log: &RequestLog,
    recorder: &Recorder,
) -> io::Result<BufWriter<File>> {
    let file = open(&log.path)?;
    if log.rows.min(config.requests) <= SORTED_ROWS {
        let mut rows = Vec::new();
        recorder.for_each(|index, outcome| {
            if index < log.rows {
                rows.push(outcome.row(config, index));
            }
        })?;
        rows.sort_unstable_by_key(|row| row.index);
        return write_compressed(file, rows);
    }
    let mut writer = CompressedRows::new(file)?;
    let mut written = Ok(());
    recorder.for_each(|index, outcome| {
        if index < log.rows && written.is_ok() {
            written = writer.write(&outcome.row(config, index));
        }
    })?;
    written?;
    writer.finish()
}
