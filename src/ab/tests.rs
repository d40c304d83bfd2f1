//! Tests that need neither git nor cargo.

use fs_err as fs;

use super::*;
use crate::record::{Patch, Patched};

fn side(name: &str, origin: Origin, dirty: Option<&str>) -> Side {
    let build = Build {
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        dirty: dirty.map(str::to_owned),
        ..Build::this()
    };
    Side { name: name.to_owned(), build, origin, binary: "00".to_owned() }
}

fn builds(sides: Vec<Side>) -> Builds {
    let dir = tempfile::tempdir().expect("a folder");
    Builds { sides, binaries: Vec::new(), _dir: dir }
}

#[test]
fn what_was_built_of_a_commit_is_built_of_it_again() {
    let commit = Source::Revision("0123456789abcdef0123456789abcdef01234567".to_owned());
    let again = |origin, dirty| Source::again(&side("base", origin, dirty)).ok();
    // A revision may be a branch, which moves; and a tree without changes is its commit.
    assert_eq!(again(Origin::Revision("main".to_owned()), None), Some(commit.clone()));
    assert_eq!(again(Origin::WorkingTree, None), Some(commit));
    assert_eq!(again(Origin::WorkingTree, Some("aa")), Some(Source::WorkingTree));
    assert_eq!(again(Origin::Binary, None), None);
}

#[test]
fn a_recording_goes_on_with_the_builds_that_it_began_with() {
    let base = || side("base", Origin::Revision("main".to_owned()), None);
    let recorded = [base(), side("new", Origin::WorkingTree, Some("aa"))];
    let with = |new: Side| builds(vec![base(), new]).are_those_of(&recorded);

    let mut rebuilt = side("new", Origin::WorkingTree, Some("aa"));
    // Another folder of sources may give another file.
    rebuilt.binary = "01".to_owned();
    with(rebuilt).expect("the same build");
    with(side("new", Origin::Binary, Some("aa"))).expect("a binary that was kept");

    let error = with(side("new", Origin::WorkingTree, Some("bb"))).expect_err("other changes");
    assert_eq!(error.exit(), Exit::BadInput);
    let text = error.to_string();
    assert!(text.starts_with("new is not what it was"), "{text}");
    assert!(text.contains("bring the working tree back"), "{text}");

    let given = |file: &str| Side { binary: file.to_owned(), ..side("base", Origin::Binary, None) };
    let error = builds(vec![given("01")]).are_those_of(&[given("00")]).expect_err("another file");
    assert!(error.to_string().contains("give the same binary"), "{error}");
}

fn patched(dirty: Option<&str>) -> Patched {
    let patch = Patch {
        name: "ureq".to_owned(),
        version: "3.5.1".to_owned(),
        commit: Some("ab".repeat(20)),
        dirty: dirty.map(str::to_owned),
    };
    Patched { crates: vec![patch], lock: Vec::new() }
}

fn patched_side(dirty: Option<&str>) -> Side {
    let mut side = side("base", Origin::WorkingTree, None);
    side.build.patched = Some(patched(dirty));
    side
}

#[test]
fn patches_of_a_recorded_side_have_to_be_given_again() {
    let source = |name: &str| PatchSource {
        name: name.to_owned(),
        folder: "../ureq".into(),
        revision: None,
    };
    let again = Wanted::again(&patched_side(None), vec![source("ureq")]).expect("all is given");
    assert!(matches!(again.source, Source::Revision(_)));
    let error = Wanted::again(&patched_side(None), vec![source("log")]).expect_err("another crate");
    assert_eq!(error.exit(), Exit::Usage);
    let option = format!("give them again: --base-patch ureq=PATH@{}", "ab".repeat(20));
    assert!(error.to_string().ends_with(&option), "{error}");
    let error = Wanted::again(&patched_side(Some("00")), Vec::new()).expect_err("no crate");
    assert!(error.to_string().ends_with(" --base-patch ureq=PATH"), "{error}");
}

#[test]
fn a_recording_goes_on_with_the_same_patches_only() {
    let recorded = [patched_side(Some("00"))];
    builds(vec![patched_side(Some("00"))]).are_those_of(&recorded).expect("the same");
    let error =
        builds(vec![patched_side(Some("11"))]).are_those_of(&recorded).expect_err("other changes");
    let text = error.to_string();
    assert!(text.contains("the recording has 01234567, with ureq@abababab-dirty (3.5.1"), "{text}");
    assert!(text.contains("changes 00), ") && text.contains("changes 11), "), "{text}");
    assert!(text.contains("give the same patched crates"), "{text}");
}

#[test]
fn a_patch_is_a_folder_and_maybe_a_revision_of_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("at@home");
    fs::create_dir(&folder).expect("a folder");
    let folder = folder.display().to_string();
    let parse = |text: String| text.parse::<PatchSource>();
    let revision = |behind: &str| {
        let patch = parse(format!("ureq={folder}{behind}")).expect("a patch");
        assert_eq!(
            (patch.name.as_str(), patch.folder.display().to_string()),
            ("ureq", folder.clone())
        );
        patch.revision
    };
    assert_eq!(revision(""), None);
    assert_eq!(revision("@main"), Some("main".to_owned()));
    assert_eq!(revision("@HEAD@{1}"), Some("HEAD@{1}".to_owned()));
    assert_eq!(revision("@feature/a@b"), Some("feature/a@b".to_owned()));
    for (text, says) in [
        ("ureq".to_owned(), "write CRATE=PATH"),
        ("=x".to_owned(), "write CRATE=PATH"),
        ("ureq=".to_owned(), "write CRATE=PATH"),
        (format!("ureq={folder}@"), "a revision is missing"),
        ("ureq=no/such@main".to_owned(), "there is no folder no/such"),
    ] {
        let error = parse(text).expect_err(says);
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_digest_tells_names_and_contents_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let digest = |names: &[&str]| {
        let names = names.iter().map(|&name| name.into()).collect();
        git::digest(dir.path(), names).expect("a digest")
    };
    fs::write(dir.path().join("a"), "x").expect("a file");
    fs::write(dir.path().join("b"), "y").expect("a file");
    let first = digest(&["a", "b"]);
    assert_eq!(first, digest(&["b", "a"]));
    assert_ne!(first, digest(&["a"]));
    assert_ne!(first, digest(&["a", "b", "gone"]));
    fs::write(dir.path().join("a"), "y").expect("a file");
    fs::write(dir.path().join("b"), "x").expect("a file");
    assert_ne!(first, digest(&["a", "b"]));
}

#[cfg(unix)]
#[test]
fn a_changed_tree_is_copied_with_what_is_gone_and_what_is_linked() {
    use std::os::unix::fs::PermissionsExt;

    let (from, to) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another"));
    let (from, to) = (from.path(), to.path());
    for (folder, name, text) in
        [(from, "changed", "new"), (to, "changed", "old"), (to, "gone", "old"), (to, "link", "old")]
    {
        fs::write(folder.join(name), text).expect("a file");
    }
    fs::set_permissions(from.join("changed"), PermissionsExt::from_mode(0o755)).expect("a mode");
    fs_err::os::unix::fs::symlink("changed", from.join("link")).expect("a link");
    fs::create_dir_all(from.join("deep/er")).expect("a folder");
    fs::write(from.join("deep/er/file"), "new").expect("a file");
    for name in ["changed", "gone", "link", "deep/er/file", "deep/er", "never"] {
        git::copy(&from.join(name), &to.join(name)).expect("a copy");
    }
    let mode = fs::metadata(to.join("changed")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(fs::read_to_string(to.join("link")).expect("a file behind a link"), "new");
    assert_eq!(fs::read_link(to.join("link")).expect("a link"), Path::new("changed"));
    assert_eq!(fs::read_to_string(to.join("deep/er/file")).expect("a file"), "new");
    assert!(!to.join("gone").exists() && !to.join("never").exists());
}

#[test]
fn this_binary_says_hello_in_its_own_protocol() {
    let text = serde_json::to_string(&Hello::this()).expect("plain data");
    let hello: Hello = serde_json::from_str(&text).expect("a greeting");
    assert_eq!((hello.protocol, hello.build), (crate::protocol::VERSION, Build::this()));
}
