//! PNG copies of charts, through `resvg` and the embedded font.

use std::sync::Arc;

use resvg::tiny_skia;
use resvg::usvg::{self, fontdb};

use super::font;

/// The first name of [`font::FAMILY`].
const FAMILY: &str = "Inter";

/// A PNG of an SVG with plain colours, `scale` pixels per px.
///
/// # Panics
///
/// If `svg` is not an SVG: it is always one of ours.
pub(super) fn rasterise(svg: &str, scale: f32) -> Vec<u8> {
    let mut options = usvg::Options { font_family: FAMILY.to_owned(), ..usvg::Options::default() };
    for bytes in [font::REGULAR, font::SEMI_BOLD] {
        load(options.fontdb_mut(), bytes);
    }
    let tree = usvg::Tree::from_str(svg, &options).expect("our own SVG is well-formed");
    let size = tree.size().to_int_size().scale_by(scale).expect("a chart has a size");
    let mut pixels =
        tiny_skia::Pixmap::new(size.width(), size.height()).expect("a chart has a size");
    let transform = tiny_skia::Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    pixels.encode_png().expect("encoding into memory cannot fail")
}

/// Loads a font under the family name that charts ask for: the semi-bold file names
/// itself a family of its own.
fn load(fonts: &mut fontdb::Database, bytes: &'static [u8]) {
    let source = fontdb::Source::Binary(Arc::new(bytes));
    for id in fonts.load_font_source(source) {
        if let Some(mut face) = fonts.face(id).cloned() {
            fonts.remove_face(id);
            face.families = vec![(FAMILY.to_owned(), fontdb::Language::English_UnitedStates)];
            fonts.push_face_info(face);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rasterise;

    /// A text of weight `weight` on white, as PNG.
    fn text(weight: u32) -> Vec<u8> {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"20\" \
             font-family=\"Inter, sans-serif\"><text y=\"15\" font-weight=\"{weight}\">Wall time</text></svg>"
        );
        rasterise(&svg, 2.0)
    }

    #[test]
    fn both_weights_are_found_and_the_bytes_repeat() {
        assert!(text(400).starts_with(b"\x89PNG"));
        assert_eq!(text(600), text(600));
        assert_ne!(text(400), text(600));
        let without_text = rasterise(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90\" height=\"20\"/>",
            2.0,
        );
        assert_ne!(text(400), without_text);
    }
}
