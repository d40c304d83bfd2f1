//! `--only`: a part of the matrix, chosen on the command line.

use strsim::jaro_winkler;

use crate::spec::{Factor, Scenario, Selector};
use crate::strategy::Strategy;

/// Cells to keep: those that meet every term.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Only {
    names: Vec<String>,
    selector: Selector,
}

impl Only {
    /// Reads terms: `factor=value[,value…]` compares a factor, anything else must be a part of
    /// the cell's name.
    pub fn parse(terms: &[String]) -> Result<Only, String> {
        let mut only = Only::default();
        for term in terms {
            let Some((key, values)) = term.split_once('=') else {
                only.names.push(term.to_lowercase());
                continue;
            };
            let factor =
                Factor::ALL.into_iter().find(|f| f.name() == key.trim()).ok_or_else(|| {
                    let near = Factor::ALL
                        .into_iter()
                        .map(Factor::name)
                        .max_by(|a, b| jaro_winkler(a, key).total_cmp(&jaro_winkler(b, key)))
                        .unwrap_or_default();
                    format!("--only {term}: there is no factor `{key}`; did you mean `{near}`?")
                })?;
            let values = values.split(',').map(|v| v.trim().to_owned()).collect();
            only.selector.terms.push((factor, values));
        }
        Ok(only)
    }

    pub(super) fn keeps(&self, scenario: &Scenario, strategy: &Strategy, name: &str) -> bool {
        let name = name.to_lowercase();
        self.names.iter().all(|part| name.contains(part))
            && self.selector.matches(scenario, strategy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_factor_names_the_nearest() {
        let error = Only::parse(&["limt=10".to_owned()]).expect_err("no such factor");
        assert_eq!(error, "--only limt=10: there is no factor `limt`; did you mean `limit`?");
    }
}
