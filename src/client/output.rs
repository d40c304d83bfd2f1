//! Rows of a trial on disk: `requests/<trial>.csv.zst`, `connections/<trial>.csv.zst`, and the place
//! of `timeline/<trial>.csv`, which its sampler writes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};

use super::connections;
use super::record::{Outcome, Recorder};
use crate::protocol::{ClientConfig, RequestLog};
use crate::record::{CompressedRows, Numbers, RequestRow, write_compressed};
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
                rows.push(row(config, index, outcome));
            }
        })?;
        rows.sort_unstable_by_key(|row| row.index);
        return write_compressed(file, rows);
    }
    let mut writer = CompressedRows::new(file)?;
    let mut written = Ok(());
    recorder.for_each(|index, outcome| {
        if index < log.rows && written.is_ok() {
            written = writer.write(&row(config, index, outcome));
        }
    })?;
    written?;
    writer.finish()
}

fn row(config: &ClientConfig, index: u32, outcome: Outcome) -> RequestRow {
    let (error, errno, error_chain) = match outcome.failure {
        Some(failure) => (Some(failure.class.to_string()), failure.errno, Some(failure.chain)),
        None => (None, None, None),
    };
    let pieces = outcome.pieces.map(|pieces| *pieces).unwrap_or_default();
    let (chunk_ns, chunk_bytes) = pieces.received.iter().map(|p| (p.at_ns, p.bytes)).unzip();
    RequestRow {
        index,
        scheduled_ns: outcome.scheduled_ns,
        start_ns: outcome.start_ns,
        pool_ns: outcome.seen.and_then(|s| s.pool_ns),
        dns_ns: outcome.seen.and_then(|s| s.dns_ns),
        connect_ns: outcome.seen.and_then(|s| s.connect_ns),
        tls_ns: outcome.seen.and_then(|s| s.tls_ns),
        stream_ns: outcome.seen.and_then(|s| s.stream_ns),
        send_ns: outcome.seen.and_then(|s| s.send_ns),
        head_ns: outcome.head_ns,
        first_body_ns: outcome.first_body_ns,
        end_ns: outcome.end_ns,
        planned_delay_ns: config.planned().ns(index.into()),
        served_delay_ns: outcome.served_delay_ns,
        status: outcome.status,
        body_bytes: outcome.body_bytes,
        chunks: Some(outcome.chunks),
        chunk_ns: Numbers(chunk_ns),
        chunk_bytes: Numbers(chunk_bytes),
        sent_chunk_ns: Numbers(pieces.sent_ns),
        sent_chunks: outcome.seen.map(|s| s.sent_chunks),
        redirects: outcome.seen.map(|s| s.redirects),
        connection: outcome.seen.and_then(|s| s.carried).map(|c| c.connection),
        nth: outcome.seen.and_then(|s| s.carried).map(|c| c.nth),
        dns: outcome.seen.and_then(|s| s.source),
        error,
        errno,
        error_chain,
    }
}
