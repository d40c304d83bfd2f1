//! A whole report, as it stands.

use super::*;
use crate::report::{Entry, PAGE_FILE, check, index, write};

fn whole() -> (tempfile::TempDir, Recording) {
    on_a_disk(recording(seed(12), lifelike))
}

#[test]
fn the_report_of_the_seed_experiment() {
    let (_dir, recording) = whole();
    insta::assert_snapshot!(page(&recording));
}

#[test]
fn the_answer_for_a_terminal() {
    let (_dir, recording) = whole();
    let on = |width| {
        let screen = terminal::Screen { width, color: false };
        crate::report::answer(&recording, &Analysis::of(&recording), screen)
    };
    insta::assert_snapshot!(on(None));
    insta::assert_snapshot!(
        "the_answer_in_120_and_60_columns",
        [120, 60].map(|n| on(Some(n))).join("\n---\n")
    );
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let (_one, first) = whole();
    let (_two, second) = whole();
    assert_eq!(rendered(&first).files, rendered(&second).files);
    assert_eq!(rendered(&first).files, rendered(&first).files);
}

#[test]
fn every_image_of_the_page_is_a_file_and_the_other_way_round() {
    let (_dir, recording) = whole();
    let rendered = rendered(&recording);
    let page = page(&recording);
    let mut images: Vec<String> = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| target.ends_with(".svg"))
        .map(str::to_owned)
        .collect();
    images.sort();
    let charts = || rendered.files.iter().filter(|(name, _)| name.ends_with(".svg"));
    let files: Vec<&String> = charts().map(|(name, _)| name).collect();
    assert_eq!(images.iter().collect::<Vec<_>>(), files);
    assert!(files.len() >= 7, "{files:?}");

    // For a browser, they are within the page, shape by shape.
    let html = String::from_utf8(rendered.files[PAGE_FILE].clone()).expect("text");
    assert_eq!(html.matches("<svg ").count(), files.len());
    for (name, svg) in charts() {
        let svg = String::from_utf8(svg.clone()).expect("text");
        let shapes = svg.rsplit("</style>\n").next().expect("shapes");
        assert!(html.contains(shapes), "{name}");
    }
}

#[test]
fn what_is_written_passes_its_check_and_a_changed_byte_does_not() {
    let (_dir, recording) = whole();
    let rendered = rendered(&recording);
    let dir = tempfile::tempdir().expect("a folder");
    write(&rendered, dir.path()).expect("written");
    assert_eq!(check(&rendered, dir.path()), Ok(()));
    let chart = dir.path().join("wall.svg");
    let mut bytes = fs_err::read(&chart).expect("a chart");
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs_err::write(&chart, bytes).expect("changed");
    let found = check(&rendered, dir.path()).expect_err("a difference");
    assert_eq!(found.len(), 1);
    assert!(found[0].to_string().starts_with("wall.svg:"), "{}", found[0]);
}

#[cfg(feature = "png")]
#[test]
fn png_copies_are_added_on_demand_and_never_checked() {
    let (_dir, recording) = whole();
    let plain = rendered(&recording);
    let with_png = rendered(&recording).with_png();
    assert_eq!(with_png.files.len(), plain.files.len() * 2 - 2);
    let dir = tempfile::tempdir().expect("a folder");
    write(&with_png, dir.path()).expect("written");
    assert_eq!(check(&plain, dir.path()), Ok(()));
    write(&plain, dir.path()).expect("written");
    assert!(!dir.path().join("wall.png").exists());
    assert_eq!(check(&with_png, dir.path()), Ok(()));
}

#[test]
fn the_index_lists_the_newest_first() {
    let entry = |name: &str, blocks: u32| {
        let mut recording = recording(seed(blocks), lifelike);
        recording.name = name.to_owned();
        let analysis = Analysis::of(&recording);
        Entry::of(&recording, &analysis)
    };
    let entries = [
        entry("20260101T000000Z-003-async-01234567", 12),
        entry("20260301T000000Z-003-async-89abcdef", 1),
    ];
    let files = index(&entries);
    let [(_, text), (_, html)] = &files;
    insta::assert_snapshot!(text);
    for run in ["20260101T000000Z-003-async-01234567", "20260301T000000Z-003-async-89abcdef"] {
        assert!(html.contains(&format!("<a href=\"{run}/report.html\">")), "{run}");
    }
    let [first, second] = entries;
    assert_eq!(index(&[second, first]), files);
    assert!(index(&[]).iter().all(|(_, text)| text.contains("none yet")));
}

/// To look at: `cargo test --features png gallery -- --ignored`, then `target/report-gallery`.
#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/report-gallery");
    for (name, experiment) in [
        ("seed", seed(12)),
        ("one-block", seed(1)),
        ("forty", odd::forty_cells()),
        ("scenarios", odd::scenarios()),
        ("labels", odd::awkward_labels()),
    ] {
        let (_dir, recording) = on_a_disk(recording(experiment, lifelike));
        gallery_of(&recording, &folder.join(name));
    }
    let (_dir, traced) = life::traced();
    gallery_of(&traced, &folder.join("life"));
}

fn gallery_of(recording: &Recording, folder: &std::path::Path) {
    let rendered = rendered(recording);
    #[cfg(feature = "png")]
    let rendered = rendered.with_png();
    write(&rendered, folder).expect("written");
}
