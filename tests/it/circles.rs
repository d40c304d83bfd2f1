//! Whether files of the source need each other.
//!
//! A file needs another one if it names something that is defined there, in a `use` or by a path, also
//! where a third file hands it on. A module may name what its own children define. Tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::path::Path;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path in the source: the crate, modules, and what it names.
type Names = Vec<String>;

/// Files by the path of their module.
type Modules = BTreeMap<Names, Module>;

/// What a file defines, and what it names.
#[derive(Default)]
struct Module {
    file: String,
    defined: BTreeSet<String>,
    /// What a name of a `use` stands for, and whether it is handed on.
    uses: BTreeMap<String, (Names, bool)>,
    globs: Vec<Names>,
    paths: BTreeSet<Names>,
}

#[test]
fn no_files_need_each_other() {
    let mut modules = Modules::new();
    read(&mut modules, &["crate"], Path::new("src/lib.rs"));
    read(&mut modules, &["inflight_stats"], Path::new("crates/stats/src/lib.rs"));
    assert!(modules.len() > 100, "{} files", modules.len());
    let circles = circles(&modules);
    assert!(circles.is_empty(), "{} circles\n\n{}", circles.len(), circles.join("\n\n"));
}

#[test]
fn a_circle_is_found_where_names_are_handed_on() {
    let found = |b: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        let all = "mod a; mod b; mod c; pub(crate) use a::{A, a as made}; fn f(_: c::C) {}";
        write("lib.rs", all).expect("a file");
        write("a.rs", "use crate::b; pub struct A; pub fn a() { b::b(); }").expect("a file");
        write("b.rs", b).expect("a file");
        write("c.rs", "pub struct C; fn c() { super::f(C) }").expect("a file");
        let mut modules = Modules::new();
        read(&mut modules, &["crate"], &folder.path().join("lib.rs"));
        circles(&modules).len()
    };
    assert_eq!(found("use crate::A; pub fn b() -> A { A }"), 1);
    assert_eq!(found("use super::*; pub fn b() { made() }"), 1);
    assert_eq!(found("pub fn b() -> super::A { super::A }"), 1);
    assert_eq!(found("pub fn b() {} #[cfg(test)] mod tests { use crate::A; fn f(_: A) {} }"), 0);
    assert_eq!(found("pub fn b() {} // crate::A"), 0);
}

/// Reads a file and those of its modules.
fn read(modules: &mut Modules, path: &[&str], file: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut tokens = Vec::new();
    flatten(text.parse().expect("Rust"), &mut tokens);
    let (module, children) = Module::of(file.display().to_string(), &tokens);
    modules.insert(path.iter().copied().map(str::to_owned).collect(), module);
    let folder = match file.file_stem() {
        Some(stem) if stem == "lib" || stem == "mod" => file.with_file_name(""),
        _ => file.with_extension(""),
    };
    for child in children {
        let place = child.iter().fold(folder.clone(), |folder, name| folder.join(name));
        let alone = place.with_extension("rs");
        let file = if alone.is_file() { alone } else { place.join("mod.rs") };
        read(modules, &[path, &child[..]].concat(), &file);
    }
}

/// Words and signs in their order, brackets among them; `::` is one sign.
fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    let mut colon = false;
    for token in stream {
        let after_colon = std::mem::take(&mut colon);
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    _ => ("(", ")"),
                };
                tokens.push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(close.to_owned());
            }
            TokenTree::Punct(sign) if sign.as_char() == ':' && after_colon => {
                *tokens.last_mut().expect("a colon") = "::".to_owned();
            }
            TokenTree::Punct(sign) => {
                colon = sign.as_char() == ':' && sign.spacing() == Spacing::Joint;
                tokens.push(sign.as_char().to_string());
            }
            TokenTree::Ident(word) => tokens.push(word.to_string()),
            TokenTree::Literal(_) => tokens.push("0".to_owned()),
        }
    }
}

impl Module {
    /// A file, and the modules that have files of their own, each with the modules in the file around it.
    fn of(file: String, tokens: &[String]) -> (Module, Vec<Vec<&str>>) {
        let (mut module, mut children) = (Module { file, ..Module::default() }, Vec::new());
        let token = |at: usize| tokens.get(at).map_or("", String::as_str);
        let is_test = |at: usize| {
            let words = [at + 2, at + 4, at + 6].map(token);
            matches!(words, ["cfg", "test", _] | ["cfg", "all", "test"])
        };
        // Modules that the file opens, each with the braces around it.
        let (mut inside, mut depth): (Vec<(&str, usize)>, usize) = (Vec::new(), 0);
        let mut at = 0;
        while at < tokens.len() {
            match token(at) {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    inside.pop_if(|(_, around)| *around == depth);
                }
                "#" if is_test(at) => at = end_of_item(tokens, at),
                "use" if token(at + 1) != "<" && token(at.wrapping_sub(1)) != "$" => {
                    let end = end_of_item(tokens, at);
                    let public = matches!(token(at.wrapping_sub(1)), "pub" | ")");
                    let tree = &mut tokens[at + 1..end].iter().map(String::as_str).peekable();
                    module.take_use(tree, Names::new(), public);
                    at = end;
                }
                "mod" if token(at + 2) == ";" => {
                    let around = inside.iter().map(|(name, _)| *name);
                    children.push(around.chain([token(at + 1)]).collect());
                }
                "mod" if token(at + 2) == "{" => inside.push((token(at + 1), depth)),
                "macro_rules" => _ = module.defined.insert(token(at + 2).to_owned()),
                "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static"
                | "mod" => _ = module.defined.insert(token(at + 1).to_owned()),
                word if is_word(word) => {
                    let mut path = vec![word.to_owned()];
                    while token(at + 1) == "::" && is_word(token(at + 2)) {
                        path.push(token(at + 2).to_owned());
                        at += 2;
                    }
                    module.paths.insert(path);
                }
                _ => {}
            }
            at += 1;
        }
        (module, children)
    }

    /// Takes over a tree of `use`, up to what ends it.
    fn take_use<'t>(
        &mut self,
        tokens: &mut Peekable<impl Iterator<Item = &'t str>>,
        mut path: Names,
        public: bool,
    ) {
        let mut name = None;
        while let Some(token) = tokens.next_if(|token| !matches!(*token, "," | "}")) {
            match token {
                "{" => {
                    while tokens.peek().is_some_and(|token| *token != "}") {
                        self.take_use(tokens, path.clone(), public);
                        tokens.next_if_eq(&",");
                    }
                    tokens.next();
                    return;
                }
                "*" => return self.globs.push(path),
                "as" => name = tokens.next().map(str::to_owned),
                "self" if !path.is_empty() => {}
                "::" => {}
                word => path.push(word.to_owned()),
            }
        }
        // What is taken `as _` goes by the last name of its path.
        let name = name.filter(|name| name != "_").or_else(|| path.last().cloned());
        self.uses.insert(name.unwrap_or_default(), (path, public));
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The last token of an item.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" | "(" => depth += 1,
            "}" | ")" => depth -= 1,
            _ => {}
        }
        let ends = token == ";" || (token == "}" && tokens.get(at + 1).is_none_or(|t| t != ";"));
        if depth < 0 || (depth == 0 && ends) {
            return at;
        }
    }
    tokens.len()
}

/// A path from its crate on; `None` if it leads out of the source.
fn absolute(modules: &Modules, here: &[String], path: &[String]) -> Option<Names> {
    let up = path.iter().take_while(|name| matches!(name.as_str(), "super" | "self")).count();
    let supers = path[..up].iter().filter(|name| *name == "super").count();
    let first = path.first()?.as_str();
    Some(match first {
        "crate" => [&here[..1], &path[1..]].concat(),
        "super" | "self" => [&here[..here.len() - supers], &path[up..]].concat(),
        "inflight_stats" => path.to_vec(),
        first => {
            let child = [here, &[first.to_owned()]].concat();
            modules.contains_key(&child).then(|| [here, path].concat())?
        }
    })
}

/// The module that defines what a path names; nothing of a path that ends at a module. Macros define too:
/// with `guess`, a module that is asked for a name has it.
fn origin<'m>(
    modules: &'m Modules,
    path: &[String],
    guess: bool,
    steps: usize,
) -> Option<&'m [String]> {
    let known = |n: &usize| modules.contains_key(&path[..*n]);
    let (here, module) = modules.get_key_value(&path[..(1..=path.len()).rev().find(known)?])?;
    let here = here.as_slice();
    let (name, rest) = path[here.len()..].split_first().filter(|_| steps > 0)?;
    let onward = |target: &Names, rest: &[String], guess| {
        let target = absolute(modules, here, target)?;
        origin(modules, &[&target[..], rest].concat(), guess, steps - 1)
    };
    if module.defined.contains(name) {
        return Some(here);
    }
    if let Some((target, _)) = module.uses.get(name) {
        return onward(target, rest, guess);
    }
    let mut through =
        module.globs.iter().filter_map(|glob| onward(glob, &path[here.len()..], false));
    through.next().or(guess.then_some(here))
}

/// Which file needs which, and the names that it needs it for.
fn arrows(modules: &Modules) -> BTreeMap<(&str, &str), BTreeSet<String>> {
    let mut arrows: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for (here, module) in modules {
        let own = module.uses.values().filter(|(_, handed_on)| !handed_on).map(|(path, _)| path);
        for path in own.chain(&module.paths) {
            let whole = absolute(modules, here, path).unwrap_or_else(|| [&here[..], path].concat());
            if let Some(to) = origin(modules, &whole, true, 9).filter(|to| !to.starts_with(here)) {
                let names = arrows.entry((&module.file, &modules[to].file)).or_default();
                names.extend(path.last().cloned());
            }
        }
    }
    arrows
}

/// Files that need each other: a text for each group, with all of its arrows.
fn circles(modules: &Modules) -> Vec<String> {
    let arrows = arrows(modules);
    let reached = |from: &str| {
        let (mut all, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(file) = open.pop() {
            let next = arrows.keys().filter(|(from, _)| *from == file).map(|(_, to)| *to);
            open.extend(next.filter(|to| all.insert(*to)).map(str::to_owned));
        }
        all
    };
    let all: BTreeMap<&str, BTreeSet<&str>> =
        modules.values().map(|module| (&*module.file, reached(&module.file))).collect();
    let circle = |file: &str| -> BTreeSet<&str> {
        all[file].iter().copied().filter(|other| all[other].contains(file)).collect()
    };
    let circles: BTreeSet<_> = all.keys().map(|file| circle(file)).collect();
    let shown = |circle: &BTreeSet<&str>| {
        let within = |(from, to): &(&str, &str)| circle.contains(from) && circle.contains(to);
        let lines = arrows.iter().filter(|(arrow, _)| within(arrow)).map(|((from, to), names)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{from} -> {to}: {}", names.join(", "))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    circles.iter().filter(|circle| !circle.is_empty()).map(shown).collect()
}
