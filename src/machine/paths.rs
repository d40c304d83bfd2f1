//! Records name files, never folders of the machine that they were made on.

/// `text` with every absolute path cut to its last part.
pub fn without_folders(text: &str) -> String {
    let is_border = |c: char| c.is_whitespace() || "\"'`()<>[]{},;=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars() {
        if is_border(c) {
            flush(&mut out, &mut word);
            out.push(c);
        } else {
            word.push(c);
        }
    }
    flush(&mut out, &mut word);
    out
}

fn flush(out: &mut String, word: &mut String) {
    let is_path = word.starts_with('/') && word.len() > 1;
    let last = word.trim_end_matches('/').rsplit('/').next();
    out.push_str(match last {
        Some(last) if is_path => last,
        _ => word,
    });
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_keep_their_last_part() {
        assert_eq!(without_folders("/home/me/x/inflight"), "inflight");
        assert_eq!(without_folders("at '/a/b/c.rs':12, --out=/tmp/x/"), "at 'c.rs':12, --out=x");
        assert_eq!(without_folders("experiments/a.toml 1 / 2"), "experiments/a.toml 1 / 2");
        assert_eq!(without_folders("/0 http://127.0.0.1:1/3"), "0 http://127.0.0.1:1/3");
    }
}
