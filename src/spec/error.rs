//! Errors of experiment files: what is wrong, where, and a way out.

use std::fmt;

/// A place in one of the texts of an experiment: the file is number 0, overrides follow. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) source: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// An error on its way: it knows its place as a span and not yet as a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Problem {
    pub(super) span: Option<Span>,
    pub(super) message: String,
    pub(super) notes: Vec<String>,
    /// Other places that belong to it, each with what it is.
    pub(super) also: Vec<(&'static str, Span)>,
    /// Boxed to keep an error small on its way up.
    pub(super) hint: Option<Box<str>>,
}

impl Problem {
    /// A problem at a place.
    pub(super) fn at(span: Span, message: impl Into<String>) -> Problem {
        Problem { span: Some(span), ..Problem::anywhere(message) }
    }

    /// Something is wrong that has no place in the file.
    pub(super) fn anywhere(message: impl Into<String>) -> Problem {
        let message = message.into();
        Problem { span: None, message, notes: vec![], also: vec![], hint: None }
    }

    /// Adds a line of facts, such as the known alternatives.
    pub(super) fn note(mut self, note: impl Into<String>) -> Problem {
        self.notes.push(note.into());
        self
    }

    /// Adds the one thing to try.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// Adds another place.
    pub(super) fn also(mut self, what: &'static str, span: Span) -> Problem {
        self.also.push((what, span));
        self
    }

    /// Adds the known words, and the nearest of them to what was written as the hint.
    pub(super) fn known<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let problem = self.note(format!("known: {}", listed(&known)));
        match nearest(written, known) {
            Some(word) => problem.hint(format!("did you mean `{word}`?")),
            None => problem,
        }
    }
}

/// At most 30 words with commas, so that no list fills a screen.
pub(super) fn listed(words: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = words.iter().take(30).map(AsRef::as_ref).collect();
    match words.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}

/// The known word that was probably meant: one edit for each three letters at most.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase().replace('_', "-");
    let distance =
        |word: &str| strsim::damerau_levenshtein(&lower, &word.to_lowercase().replace('_', "-"));
    let best = known.into_iter().map(|word| (distance(word), word)).min_by_key(|(d, _)| *d);
    best.filter(|(d, word)| *d <= word.chars().count().max(3) / 3).map(|(_, word)| word)
}

/// One error of an experiment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    message: String,
    /// Boxed to keep an error small on its way up.
    place: Option<Box<Place>>,
    notes: Vec<String>,
    hint: Option<String>,
}

/// Place of an error, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Order among the errors of a file.
    order: (usize, usize),
    /// `x.toml:3:1`, or the file and the override.
    location: String,
    /// Empty for a place on the command line.
    number: String,
    /// The line, shortened around the span, and the marks under it.
    snippet: Option<(String, String)>,
}

impl SpecError {
    /// An error that has no place inside a file.
    pub(super) fn unplaced(message: String, hint: Option<String>) -> SpecError {
        SpecError { message, place: None, notes: vec![], hint }
    }

    /// The problem in one line, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// `file:line:column`, or the file and the override; `None` for an error about the whole file.
    pub fn location(&self) -> Option<&str> {
        self.place.as_ref().map(|p| p.location.as_str())
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        let gutter = self.place.as_ref().map_or(0, |p| p.number.len());
        let blank = " ".repeat(gutter);
        if let Some(place) = &self.place {
            write!(f, "\n{blank}--> {}", place.location)?;
            if let Some((line, marks)) = &place.snippet {
                write!(f, "\n{blank} |\n{:>gutter$} | {line}\n{blank} | {marks}", place.number)?;
            }
        }
        for note in &self.notes {
            write!(f, "\n{blank} = {note}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n{blank} = help: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SpecError {}

/// Every error of an experiment file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecErrors {
    errors: Vec<SpecError>,
    /// The file, and the overrides if there are any.
    name: String,
}

/// More errors than this help nobody; the rest is counted.
const SHOWN: usize = 50;

impl SpecErrors {
    /// Places the problems in their texts: the file, then each override.
    pub(super) fn new(problems: &[Problem], name: &str, texts: &[&str]) -> SpecErrors {
        let mut errors: Vec<SpecError> = problems.iter().map(|p| placed(p, name, texts)).collect();
        errors.sort_by_key(|e| e.place.as_ref().map(|p| p.order));
        errors.dedup();
        let overrides: Vec<&str> = texts.iter().skip(1).copied().collect();
        let name = match overrides.as_slice() {
            [] => name.to_owned(),
            some => format!("{name} (with {})", some.join(", ")),
        };
        SpecErrors { errors, name }
    }

    /// The errors, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SpecError> {
        self.errors.iter()
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in self.errors.iter().take(SHOWN) {
            write!(f, "{error}\n\n")?;
        }
        match self.errors.len() {
            1 => write!(f, "1 error in {}", self.name),
            n if n > SHOWN => write!(f, "{n} errors in {}, the first {SHOWN} shown", self.name),
            n => write!(f, "{n} errors in {}", self.name),
        }
    }
}

impl std::error::Error for SpecErrors {}

fn placed(problem: &Problem, name: &str, texts: &[&str]) -> SpecError {
    let mut notes = problem.notes.clone();
    notes.extend(problem.also.iter().map(|(what, span)| {
        let place = place(*span, name, texts);
        let line = place.snippet.map_or(String::new(), |(line, _)| format!(": {}", line.trim()));
        format!("{what}: {}{line}", place.location)
    }));
    SpecError {
        message: problem.message.clone(),
        place: problem.span.map(|span| Box::new(place(span, name, texts))),
        notes,
        hint: problem.hint.as_deref().map(str::to_owned),
    }
}

fn place(span: Span, name: &str, texts: &[&str]) -> Place {
    let text = texts.get(span.source).copied().unwrap_or_default();
    let start = boundary(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let end = boundary(text, span.end).clamp(start, (line_start + line.len()).max(start));
    let number = 1 + text[..start].matches('\n').count();
    let column = 1 + text[line_start..start].chars().count();
    let whole_file = span.start == 0 && span.end == 0;
    let snippet = (!whole_file && !line.trim().is_empty())
        .then(|| marked(line, start - line_start, end - line_start));
    let order = (span.source, span.start);
    if span.source == 0 {
        let location = format!("{name}:{number}:{column}");
        Place { order, location, number: number.to_string(), snippet }
    } else {
        Place { order, location: format!("{name} (with {text})"), number: String::new(), snippet }
    }
}

/// The line and the marks under its bytes `start..end`. Of a long line, what is around them.
fn marked(line: &str, start: usize, end: usize) -> (String, String) {
    /// Fits a terminal of 100 columns beside the line number.
    const WIDTH: usize = 90;
    let before: Vec<char> = line[..start.min(line.len())].chars().collect();
    let width = line[start.min(line.len())..end.min(line.len())].chars().count();
    let cut = if before.len() + width.min(20) > WIDTH { before.len() - 30 } else { 0 };
    let printable = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    let shown: String = line.chars().skip(cut).take(WIDTH).map(printable).collect();
    let (head, tail) =
        (if cut > 0 { "…" } else { "" }, if line.chars().count() > cut + WIDTH { "…" } else { "" });
    // A tab stays a tab, so that the marks stand under what they mark.
    let pad: String = before[cut..].iter().map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
    let room = WIDTH.saturating_sub(before.len() - cut).max(1);
    let marks = "^".repeat(width.clamp(1, room));
    let indent = " ".repeat(head.chars().count());
    (format!("{head}{shown}{tail}"), format!("{indent}{pad}{marks}"))
}

/// The start of the character that holds this byte.
fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
