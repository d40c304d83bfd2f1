//! Reference values computed by SciPy and diptest; `tests/fixtures/stats/make.py` names the command.

use serde::Deserialize;

use super::RatioEstimate;

/// Everything in `stats.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fixtures {
    pub(super) paired: Vec<RatioCase>,
    pub(super) unpaired: Vec<RatioCase>,
    pub(super) normal: Vec<(f64, f64)>,
    pub(super) t_975: Vec<(usize, f64)>,
    pub(super) kendall: Vec<KendallCase>,
    pub(super) dip: Vec<DipCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RatioCase {
    name: String,
    pub(super) base: Vec<f64>,
    pub(super) new: Vec<f64>,
    ratio: f64,
    interval: Option<(f64, f64)>,
    achieved: Option<f64>,
    p: f64,
    superiority: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KendallCase {
    pub(super) values: Vec<f64>,
    pub(super) tau: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DipCase {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
    pub(super) dip: f64,
    pub(super) p: f64,
}

pub(super) fn fixtures() -> Fixtures {
    let text = include_str!("../../tests/fixtures/stats/stats.json");
    serde_json::from_str(text).expect("stats.json matches its type")
}

impl RatioCase {
    /// Holds our result against SciPy's; the logs are taken in another order, hence the tolerance.
    pub(super) fn check(&self, ours: &RatioEstimate) {
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
pub(super) fn near(ours: f64, theirs: f64, name: &str) {
    let tolerance = if theirs == 0.0 { 1e-15 } else { 1e-9 * theirs.abs() };
    assert!((ours - theirs).abs() <= tolerance, "{name}: {ours} instead of {theirs}");
}
