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
    /// Reads terms: `factor=value[,value…]` compares a factor, anything else must stand in
    /// the cell's name as whole words: `sync` does not select `async`.
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
            // A value may hold a comma itself: the whole text is one more that is accepted.
            let whole = std::iter::once(values).filter(|whole| whole.contains(','));
            let values = values.split(',').chain(whole).map(|v| v.trim().to_owned()).collect();
            only.selector.terms.push((factor, values));
        }
        Ok(only)
    }

    /// The factors that are asked for.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    pub(super) fn keeps(&self, scenario: &Scenario, strategy: &Strategy, name: &str) -> bool {
        let name = name.to_lowercase();
        self.names.iter().all(|words| has_words(&name, words))
            && self.selector.matches(scenario, strategy)
    }
}

fn has_words(name: &str, words: &str) -> bool {
    let is_border = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    name.match_indices(words).any(|(at, _)| {
        is_border(name[..at].chars().next_back())
            && is_border(name[at + words.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert!(has_words("sync ureq", "sync"));
        assert!(has_words("async, limited limit 10", "limit 10"));
        assert!(!has_words("async", "sync"));
        assert!(!has_words("threads limit 100", "limit 10"));
    }

    #[test]
    fn a_wrong_factor_names_the_nearest() {
        let error = Only::parse(&["limt=10".to_owned()]).expect_err("no such factor");
        assert_eq!(error, "--only limt=10: there is no factor `limt`; did you mean `limit`?");
    }
}
