//! The screen of a first start.

use insta::assert_snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tudone::app::keys;
use tudone::app::welcome::Welcome;
use tudone::ui::{ColorDepth, Theme, ThemeName, welcome_screen};

use crate::stage::styled;

fn welcome(has_demo: bool) -> Welcome {
    Welcome::new("/home/ada/.config/tudone/config.toml", has_demo)
}

fn drawn(welcome: &Welcome, theme: &Theme, (width, height): (u16, u16)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    welcome_screen(welcome, theme, area, &mut buf);
    styled(&buf)
}

fn terminal() -> Theme {
    Theme::new(ThemeName::Terminal, ColorDepth::Ansi16)
}

#[test]
fn the_welcome_screen_at_every_size_keeps_its_keys() {
    for size in [(120, 36), (80, 24), (40, 10), (20, 5)] {
        let screen = drawn(&welcome(true), &terminal(), size);
        assert_snapshot!(format!("welcome_at_{}_by_{}", size.0, size.1), screen);
    }
}

#[test]
fn the_page_that_explains_and_a_build_without_the_demo() {
    let mut explaining = welcome(true);
    for key in keys::sequence("h").unwrap_or_default() {
        let _ = explaining.press(key);
    }
    assert_snapshot!(
        "welcome_explaining_at_80_by_24",
        drawn(&explaining, &terminal(), (80, 24))
    );
    let without = drawn(&welcome(false), &terminal(), (80, 24));
    assert!(!without.contains("demo"), "{without}");
}

#[test]
fn the_welcome_screen_in_every_theme() {
    for name in [ThemeName::Dark, ThemeName::Light] {
        let theme = Theme::new(name, ColorDepth::TrueColor);
        let screen = drawn(&welcome(true), &theme, (80, 24));
        assert_snapshot!(format!("welcome_{}", name.name()), screen);
    }
    let plain = Theme::new(ThemeName::Terminal, ColorDepth::None);
    assert_snapshot!(
        "welcome_without_colours",
        drawn(&welcome(true), &plain, (80, 24))
    );
}
