use std::path::Path;

use super::*;

fn problems(text: &str) -> Vec<String> {
    match parse(text, Path::new("c.toml")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_ui_and_views_are_checked_as_the_rest() -> Result<(), Vec<ConfigProblem>> {
    let text = "[ui]\ntheme = \"drak\"\ngroup = \"no\"\nweek_start = \"sunday\"\n\
                [views]\nToday = \"+work\"\nWork = \"due:someday\"\n";
    let found = problems(text);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("c.toml:2: `theme` is `drak`"))
    );
    assert!(
        found
            .iter()
            .any(|it| it.contains("`group` must be true or false"))
    );
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("c.toml:6: `Today` is the name of"))
    );
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("c.toml:7: view `Work`"))
    );

    let text = "[views]\nZ = \"+z\"\nA = \"+a --sort priority\"\n";
    let file = parse(text, Path::new("c.toml"))?;
    let names: Vec<&str> = file.views.iter().map(OwnView::name).collect();
    assert_eq!(names, ["Z", "A"], "in the order of the file");
    Ok(())
}

#[test]
fn styles_of_roles_are_checked_as_the_rest() -> Result<(), Vec<ConfigProblem>> {
    let found = problems("[theme]\nlat = \"red\"\nlate = \"blurple bold\"\ntoday = 3\n");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("c.toml:2: ") && it.contains("late"))
    );
    assert!(found.iter().any(|it| it.starts_with("c.toml:3: `blurple`")));

    let file = parse("[theme]\nlate = \"red bold\"\n", Path::new("c.toml"))?;
    let roles: Vec<&str> = file.theme.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["late"]);
    Ok(())
}

#[test]
fn every_problem_names_its_line_and_the_nearest_name() {
    let text = "default_profile = \"hom\"\nthem = 1\n\n[profiles.home]\nisuer = \"x\"\n\
                endpoint = \"http://hasura.example/\"\nclient_id = 7\ncredential_store = \"keyrin\"\n\
                [keys]\nquit = 3\n";

    let found = problems(text);

    let expected = [
        "c.toml:1: no profile is called `hom`; did you mean `home`?",
        "c.toml:2: unknown setting `them`; did you mean `theme`?",
        "c.toml:5: unknown setting `isuer`; did you mean `issuer`?",
        "c.toml:6: `endpoint` must begin with https:// (plain http is accepted for loopback addresses only)",
        "c.toml:7: `client_id` must be text in quotes, not this integer",
        "c.toml:8: `credential_store` is `keyrin`, but must be one of keyring, file, command, memory; did you mean `keyring`?",
        "c.toml:10: `quit` must be text in quotes, not this integer",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_slip_in_the_syntax_does_not_hide_what_comes_after_it() {
    let found = problems("default_profile = \n\n[profiles.home]\nisuer = \"x\"\n");

    assert!(found.iter().any(|line| line.starts_with("c.toml:1: ")));
    assert!(found.iter().any(|line| line.contains("`issuer`")));
}

#[test]
fn the_default_file_has_no_problem() -> Result<(), Box<dyn std::error::Error>> {
    let file = parse(crate::config::DEFAULT_FILE, Path::new("config.toml"))
        .map_err(|problems| format!("{problems:?}"))?;

    let home = file.profiles.get("home").ok_or("no profile home")?;
    for setting in settings::in_section(Section::Profile) {
        let name = setting.name;
        let written = crate::config::DEFAULT_FILE.contains(&format!("{name} = "));
        assert!(written, "the default file does not show `{name}`");
    }
    assert!(home.text(&settings::ISSUER).is_some());
    Ok(())
}

#[test]
fn any_text_is_read_without_panic() {
    for text in [
        "",
        "\u{feff}",
        "[",
        "a.b.c = {",
        "[[profiles]]\nx=1",
        "\0",
        "profiles = 3",
    ] {
        let _ = problems(text);
    }
}
