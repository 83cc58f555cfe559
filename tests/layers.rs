//! A layer imports from lower ones only; the table is in `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// Every module at the top of `src`, with its layer.
const LAYERS: &[(&str, u8)] = &[
    ("domain", 0),
    ("browser", 0),
    ("finding", 0),
    ("http", 1),
    ("store", 2),
    ("auth", 2),
    ("sync", 3),
    ("app", 4),
    ("graphql", 4),
    ("config", 5),
    ("ui", 6),
    ("profile", 6),
    ("setup", 6),
    ("sync_driver", 7),
    ("doctor", 7),
    ("runtime", 8),
    ("cli", 9),
];

/// Modules beneath all layers: every module may import them, the sandbox too,
/// and they import nothing of ours but themselves.
const BASE: &[&str] = &["os", "text"];

/// Crates that the pure modules never see.
const OUTSIDE_WORLD: &[&str] = &[
    "tokio",
    "ratatui",
    "crossterm",
    "reqwest",
    "rusqlite",
    "keyring",
    "keyring_core",
];

#[test]
fn a_layer_imports_from_lower_ones_only() {
    let broken: Vec<String> = imports()
        .into_iter()
        .filter(|import| !allowed(&import.from, &import.to))
        .map(|import| format!("{}: {} imports {}", import.place, import.from, import.to))
        .collect();

    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn pure_modules_never_see_the_outside_world() {
    let broken: Vec<String> = code_lines()
        .into_iter()
        .filter(|line| is_pure(&line.module))
        .flat_map(|line| {
            OUTSIDE_WORLD
                .iter()
                .filter(|name| mentions_crate(&line.text, name))
                .map(|name| format!("{}: {} sees {name}", line.place, line.module))
                .collect::<Vec<_>>()
        })
        .collect();

    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let known: Vec<&str> = LAYERS
        .iter()
        .map(|(name, _)| *name)
        .chain(BASE.iter().copied())
        .chain(["sandbox", "lib", "main"])
        .collect();
    let unknown: Vec<String> = code_lines()
        .into_iter()
        .map(|line| line.module)
        .filter(|module| !known.contains(&module.as_str()))
        .collect();

    assert!(unknown.is_empty(), "no layer for {unknown:?}");
}

#[test]
fn only_convert_knows_the_generated_types_and_only_runtime_the_terminals_events() {
    let broken: Vec<String> = code_lines()
        .into_iter()
        .filter(|line| {
            (line.module != "runtime" && line.text.contains("crossterm::event"))
                || (line.module == "graphql"
                    && line.text.contains("graphql::operations")
                    && !line.place.contains("graphql/convert"))
        })
        .map(|line| line.place)
        .collect();

    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn allowed(from: &str, to: &str) -> bool {
    if from == to || from == "main" || from == "lib" {
        return true;
    }
    if BASE.contains(&to) {
        return !(BASE.contains(&from) || is_pure(from) && to == "os");
    }
    if BASE.contains(&from) {
        return false;
    }
    if to == "sandbox" {
        return from == "cli";
    }
    if from == "sandbox" {
        return false;
    }
    match (layer(from), layer(to)) {
        (Some(from_layer), Some(to_layer)) => from_layer > to_layer,
        _ => false,
    }
}

/// Returns whether `module` does no I/O and reads no clock.
fn is_pure(module: &str) -> bool {
    module == "domain" || module == "app"
}

fn layer(module: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, layer)| *layer)
}

struct CodeLine {
    module: String,
    place: String,
    text: String,
}

struct Import {
    from: String,
    to: String,
    place: String,
}

/// Every `crate::module` in every file of `src`, comments left out, also the
/// ones inside `use crate::{a, b}`.
fn imports() -> Vec<Import> {
    let mut found = Vec::new();
    for line in code_lines() {
        for part in line.text.split("crate::").skip(1) {
            let names = part.strip_prefix('{').map_or_else(
                || vec![first_word(part)],
                |group| group.split(',').map(first_word).collect(),
            );
            for to in names.into_iter().filter(|name| !name.is_empty()) {
                if layer(&to).is_some() || BASE.contains(&to.as_str()) || to == "sandbox" {
                    found.push(Import {
                        from: line.module.clone(),
                        to,
                        place: line.place.clone(),
                    });
                }
            }
        }
    }
    assert!(
        found.len() > 20,
        "the scan found almost no imports: is it still right?"
    );
    found
}

fn code_lines() -> Vec<CodeLine> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut lines = Vec::new();
    for file in rust_files(&root) {
        let inside = file.strip_prefix(&root).unwrap_or(&file).to_owned();
        let module = inside
            .iter()
            .next()
            .map(|first| first.to_string_lossy().trim_end_matches(".rs").to_owned())
            .unwrap_or_default();
        let source = fs::read_to_string(&file).unwrap_or_default();
        for (number, text) in (1..).zip(source.lines()) {
            let code = text.split("//").next().unwrap_or_default();
            lines.push(CodeLine {
                module: module.clone(),
                place: format!("src/{}:{number}", inside.display()),
                text: code.to_owned(),
            });
        }
    }
    lines
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .flat_map(|path| match path.is_dir() {
            true => rust_files(&path),
            false if path.extension().is_some_and(|ext| ext == "rs") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

fn mentions_crate(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let import = format!("use {name};");
    code.match_indices(&path)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        || code.contains(&import)
}

fn first_word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
