//! Renders every kind of chart with synthetic data, ordinary and awkward, into a
//! folder: `cargo run --example chart_gallery --features png -- FOLDER`.
//!
//! With the `png` feature each chart also appears as PNG in light and in dark.

use std::path::Path;

use inflight::chart::{self, Draw};

mod data;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: chart_gallery FOLDER");
        std::process::exit(64);
    };
    let folder = Path::new(&folder);
    fs_err::create_dir_all(folder)?;
    for (name, chart) in data::gallery() {
        let drawing = chart.draw();
        fs_err::write(folder.join(format!("{name}.svg")), drawing.svg())?;
        #[cfg(feature = "png")]
        {
            let png = |mode| drawing.png(mode, 2.0);
            fs_err::write(folder.join(format!("{name}.png")), png(chart::Mode::Light))?;
            fs_err::write(folder.join(format!("{name}-dark.png")), png(chart::Mode::Dark))?;
        }
    }
    Ok(())
}
