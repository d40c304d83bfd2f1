//! Tests that need neither git nor cargo.

use super::*;

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
