//! Delays from a CSV file, by request index.

use std::io::Read;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::listed::{listed_quantile, listed_share};
use super::{Draw, Model, Syntax, Written};

/// Delays from a CSV file, by request index, from the start again at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The file's name, without its folder.
    pub file: String,
    /// The delays, in nanoseconds; at least one.
    pub delays_ns: Vec<u64>,
}

impl Trace {
    /// Reads a CSV with a header of which one column is called `delay_ns`.
    pub fn read(file: String, csv: impl Read) -> Result<Trace, String> {
        let mut reader = csv::Reader::from_reader(csv);
        let headers = reader.headers().map_err(|e| e.to_string())?;
        let column = headers
            .iter()
            .position(|h| h.trim() == "delay_ns")
            .ok_or("it has no column `delay_ns`; the first line must name one")?;
        let mut delays_ns = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|e| e.to_string())?;
            let line = row.position().map_or(0, csv::Position::line);
            let text = row.get(column).unwrap_or_default().trim();
            let delay = text.parse().map_err(|_| {
                format!("line {line}: `{text}` is not a whole number of nanoseconds")
            })?;
            delays_ns.push(delay);
        }
        if delays_ns.is_empty() {
            return Err("it holds no delay".to_owned());
        }
        Ok(Trace { file, delays_ns })
    }
}

impl Trace {
    pub(super) const WRITTEN: Written = Written {
        word: "trace",
        doc: "Delays from a CSV file, by request index, from the start again at its end.",
        example: r#"trace = "delays.csv""#,
        syntax: Syntax::File(|file, csv| Trace::read(file, csv).map(Model::Trace)),
    };
}

impl Draw for Trace {
    fn draw(&self, _rng: &mut ChaCha8Rng, index: u64) -> f64 {
        self.delays_ns[(index % self.delays_ns.len() as u64) as usize] as f64
    }

    fn quantile(&self, share: f64) -> f64 {
        listed_quantile(&self.delays_ns, share)
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        listed_share(&self.delays_ns, ns)
    }

    fn describe(&self) -> String {
        format!("trace {} ({} delays)", self.file, self.delays_ns.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_names_the_line_that_is_wrong() {
        let read = |text: &str| Trace::read("t.csv".into(), text.as_bytes());
        assert_eq!(read("a,delay_ns\n1,5\n2,6\n").expect("a good trace").delays_ns, [5, 6]);
        assert_eq!(
            read("delay_ns\n5\n6 ms\n").expect_err("a bad line"),
            "line 3: `6 ms` is not a whole number of nanoseconds"
        );
        assert!(read("delay_ns\n").is_err());
        assert!(read("ms\n5\n").is_err());
    }
}
