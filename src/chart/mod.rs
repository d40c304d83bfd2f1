//! Charts: plain data in, an SVG string out.
//!
//! Nothing here knows recordings. Each kind is a struct of numbers and words that
//! the caller has already decided on, and [`Draw::draw`] is a pure function of it:
//! the same data give the same bytes. One SVG serves light and dark.
//!
//! ```
//! use std::time::Duration;
//! use inflight::chart::{wall, Draw, Frame, Group};
//!
//! let chart = wall::Wall {
//!     frame: Frame {
//!         id: "wall".into(),
//!         title: "Async takes as long as the slowest answer".into(),
//!         subtitle: "Wall time of 100 requests · median of 15 blocks".into(),
//!         footer: "n = 15 blocks".into(),
//!         description: "Wall time by strategy.".into(),
//!     },
//!     groups: vec![Group {
//!         heading: String::new(),
//!         rows: vec![wall::Row {
//!             label: "async".into(),
//!             series: 0,
//!             median: Some(Duration::from_millis(312)),
//!             interval: None,
//!             trials: vec![],
//!             ideal: Some(Duration::from_millis(300)),
//!             efficiency: Some(0.96),
//!             note: String::new(),
//!         }],
//!     }],
//! };
//! assert!(chart.svg().starts_with("<svg"));
//! ```

pub mod aa;
mod axes;
pub mod bars;
mod canvas;
mod coincide;
mod font;
mod format;
pub mod inflight;
mod layout;
mod limits;
mod lines;
pub mod load;
pub mod percentiles;
mod phase;
pub mod phases;
#[cfg(feature = "png")]
mod png;
mod rows;
mod scale;
pub mod scaling;
mod spread;
mod svg;
mod theme;
mod tiers;
pub mod timeline;
pub mod wall;
pub mod waterfall;

#[cfg(test)]
mod check;

pub use svg::Drawing;
pub use theme::{Mode, page_style};

/// Fonts of the charts, OpenType, by their weight in CSS.
pub const FONTS: [(u16, &[u8]); 2] = [(400, font::REGULAR), (600, font::SEMI_BOLD)];

/// The words around a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Prefix of every id in the SVG; distinct for charts on one page.
    pub id: String,
    /// The finding, as a sentence. Wraps to two lines, then is cut.
    pub title: String,
    /// The quantity, its unit, and how it was summarised.
    pub subtitle: String,
    /// Number of trials and blocks, and what was left out.
    pub footer: String,
    /// Text for readers who cannot see the chart.
    pub description: String,
}

/// Rows under a heading: usually the cells of one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<R> {
    /// The scenario; empty for no heading.
    pub heading: String,
    /// Its rows, from top to bottom.
    pub rows: Vec<R>,
}

/// A chart that can be drawn.
pub trait Draw {
    /// The chart, drawn.
    fn draw(&self) -> Drawing;

    /// The chart as one SVG for light and dark.
    fn svg(&self) -> String {
        self.draw().svg()
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $module:ident :: $kind:ident),* $(,)?) => {
        /// Any chart.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Chart {
            $($(#[$doc])* $kind($module::$kind),)*
        }

        /// The name of each kind of chart.
        pub const KINDS: &[&str] = &[$(stringify!($module)),*];

        impl Chart {
            /// The name of its kind, as in [`KINDS`].
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($module),)*
                }
            }

            /// The words around it, to be changed.
            pub fn frame_mut(&mut self) -> &mut Frame {
                match self {
                    $(Self::$kind(chart) => &mut chart.frame,)*
                }
            }

            /// The words around it.
            #[must_use]
            pub fn frame(&self) -> &Frame {
                match self {
                    $(Self::$kind(chart) => &chart.frame,)*
                }
            }
        }

        impl Draw for Chart {
            fn draw(&self) -> Drawing {
                match self {
                    $(Self::$kind(chart) => chart.draw(),)*
                }
            }
        }

        $(impl Draw for $module::$kind {
            fn draw(&self) -> Drawing {
                layout::page(&self.frame, |canvas, y| self.body(canvas, y))
            }
        }

        impl From<$module::$kind> for Chart {
            fn from(chart: $module::$kind) -> Self {
                Self::$kind(chart)
            }
        })*
    };
}

// The list of all kinds: a new one is a file, its `mod` line above, and a line here.
kinds! {
    /// Wall time of each cell against its ideal.
    wall::Wall,
    /// Latency by percentile.
    percentiles::Percentiles,
    /// Wall time or throughput against the limit.
    scaling::Scaling,
    /// Latency against the offered rate.
    load::Load,
    /// Every request as a bar on a time axis.
    waterfall::Waterfall,
    /// Requests in flight over time.
    inflight::InFlight,
    /// One trial over time, quantity by quantity.
    timeline::Timeline,
    /// Where the time of a request goes.
    phases::Phases,
    /// Bars of quantities, such as CPU time and memory.
    bars::Bars,
    /// Ratios with intervals and verdicts.
    aa::Ratios,
}
