//! `inflight man`: a manual page for each command, for packages.

use std::path::Path;

use clap::CommandFactory;

use super::{Failure, print};
use crate::cli::Cli;
use crate::exit::Exit;

pub(super) fn run(dir: &Path) -> Result<Exit, Failure> {
    fs_err::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)?;
    print(&format!("{}\n", dir.join("inflight.1").display()))?;
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_options() {
        let dir = tempfile::tempdir().expect("a folder");
        run(&dir.path().join("man1")).expect("pages");
        let page = |name: &str| {
            let path = dir.path().join("man1").join(format!("{name}.1"));
            fs_err::read_to_string(path).unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        let mut pages = 1;
        let commands: Vec<_> = Cli::command().get_subcommands().cloned().collect();
        for command in commands.iter().filter(|command| !command.is_hide_set()) {
            let text = page(&format!("inflight-{}", command.get_name())).replace("\\-", "-");
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(text.contains(&format!("--{option}")), "{}: {option}", command.get_name());
            }
            pages += 1 + command.get_subcommands().count();
        }
        page("inflight");
        page("inflight-runs-rm");
        let files = fs_err::read_dir(dir.path().join("man1")).expect("a folder").count();
        assert_eq!(files, pages);
    }
}
