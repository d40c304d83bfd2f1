//! Reference values computed by SciPy and diptest; `crates/stats/fixtures/make.py` names the command.

use serde::Deserialize;

use super::RatioEstimate;

/// The fixtures of `stats.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixtures {
    pub(crate) paired: Vec<RatioCase>,
    pub(crate) unpaired: Vec<RatioCase>,
    pub(crate) normal: Vec<(f64, f64)>,
    pub(crate) t_975: Vec<(usize, f64)>,
    pub(crate) kendall: Vec<KendallCase>,
    pub(crate) dip: Vec<DipCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatioCase {
    name: String,
    pub(crate) base: Vec<f64>,
    pub(crate) new: Vec<f64>,
    ratio: f64,
    interval: Option<(f64, f64)>,
    achieved: Option<f64>,
    p: f64,
    superiority: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KendallCase {
    pub(crate) values: Vec<f64>,
    pub(crate) tau: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DipCase {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) dip: f64,
    pub(crate) p: f64,
}

pub(crate) fn fixtures() -> Fixtures {
    let text = include_str!("../fixtures/stats.json");
    serde_json::from_str(text).expect("stats.json matches its type")
}

impl RatioCase {
    /// Holds our result against SciPy's; the logs are taken in another order, hence the tolerance.
    pub(crate) fn check(&self, ours: &RatioEstimate) {
        let name = &self.name;
        near(ours.ratio.value, self.ratio, name);
        near(ours.p, self.p, name);
        if let Some(superiority) = self.superiority {
            near(ours.superiority, superiority, name);
        }
        let exact = self.base.len().max(self.new.len()) <= 50;
        assert_eq!(ours.p_exact, exact, "{name}");
        match (&ours.ratio.interval, self.interval, self.achieved) {
            (Ok(interval), Some((low, high)), Some(achieved)) => {
                near(interval.low, low, name);
                near(interval.high, high, name);
                near(interval.achieved, achieved, name);
                assert_eq!(interval.exact, exact, "{name}");
            }
            (Err(_), None, None) => {}
            (interval, ..) => panic!("{name}: {interval:?} instead of {:?}", self.interval),
        }
    }
}

/// Equal to nine digits, or to 10⁻¹⁵ where zero is expected.
pub(crate) fn near(ours: f64, theirs: f64, name: &str) {
    let tolerance = if theirs == 0.0 { 1e-15 } else { 1e-9 * theirs.abs() };
    assert!((ours - theirs).abs() <= tolerance, "{name}: {ours} instead of {theirs}");
}
