//! A recording in, Markdown and SVG out.
