//! Every setting has an effect.

use std::fs;
use std::path::{Path, PathBuf};

use tudone::config::settings::SETTINGS;

#[test]
fn every_setting_is_read_outside_the_configuration() {
    let program: String = sources(Path::new("src"))
        .iter()
        .filter(|path| !path.starts_with("src/config"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();

    let unread: Vec<&str> = SETTINGS
        .iter()
        .filter(|setting| !program.contains(setting.field))
        .map(|setting| setting.name)
        .collect();

    assert!(unread.is_empty(), "nothing reads {unread:?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
