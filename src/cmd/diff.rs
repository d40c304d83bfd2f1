//! `inflight diff`.

use super::{Failure, print};
use crate::cli::{self, Format};
use crate::diff;
use crate::exit::Exit;
use crate::record::Recording;

pub(super) fn run(args: &cli::Diff) -> Result<Exit, Failure> {
    let base = Recording::read(&args.base)?;
    let new = Recording::read(&args.new)?;
    let compared = diff::compare(&base, &new, &diff::Options { margin: args.margin });
    let text = match args.format {
        // The stream takes colours away where they are not wanted.
        Format::Text => diff::text(&compared, true),
        Format::Markdown => diff::markdown(&compared),
        Format::Csv => diff::csv(&compared),
        Format::Json => diff::json(&compared),
    };
    print(&text)?;
    Ok(diff::exit(&compared, args.strict))
}
