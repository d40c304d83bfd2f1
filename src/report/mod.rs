//! A recording in, Markdown and SVG out.

pub mod chart;
