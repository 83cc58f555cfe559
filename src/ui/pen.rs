//! Text put into cells: cut with `…`, and sanitised. No control character, escape
//! sequence or direction override reaches the terminal; each is shown as one
//! placeholder cell.

use std::borrow::Cow;

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::glyph::{Glyph, Symbol};
use super::text::{graphemes, width};
use super::theme::Theme;

/// The farthest that a glyph reaches to the right of its first cell.
const REACH: u16 = 8;

/// Blanks the wide glyph whose later cells cover `x`, if there is one: half of
/// it cannot be drawn.
fn split_wide(x: u16, y: u16, buf: &mut Buffer) {
    // All cells that a glyph covers, but the first, are marked so.
    let is_covered = buf
        .cell((x, y))
        .is_some_and(|cell| cell.diff_option == CellDiffOption::AlwaysUpdate);
    if !is_covered {
        return;
    }
    let reaches = |head: u16, buf: &Buffer| {
        buf.cell((head, y))
            .is_some_and(|cell| cell.cell_width() > x - head)
    };
    let first = buf.area.x.max(x.saturating_sub(REACH));
    let Some(head) = (first..x).rev().find(|head| reaches(*head, buf)) else {
        return;
    };
    for x in head..x {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_char(' ').set_diff_option(CellDiffOption::None);
        }
    }
}

/// Empties the cells of `area`, and gives them this style. A wide glyph that
/// reaches into it is blanked.
pub fn fill(area: Rect, style: Style, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for y in area.y..area.bottom() {
        split_wide(area.x, y, buf);
    }
    for position in area.positions() {
        if let Some(cell) = buf.cell_mut(position) {
            cell.reset();
            cell.set_style(style);
        }
    }
}

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'t> {
    /// The text.
    pub text: Cow<'t, str>,
    /// Its style.
    pub style: Style,
}

impl<'t> Run<'t> {
    /// A run of `text` in `style`.
    pub fn new(text: impl Into<Cow<'t, str>>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }
}

/// How many columns these pieces take one after another.
#[must_use]
pub fn runs_width(runs: &[Run<'_>]) -> u16 {
    runs.iter()
        .fold(0, |sum: u16, run| sum.saturating_add(width(&run.text)))
}

/// Writes along the first line of an area and never past its end.
#[derive(Debug)]
pub struct Pen<'b> {
    buf: &'b mut Buffer,
    x: u16,
    y: u16,
    end: u16,
    /// The column of the last grapheme.
    last: u16,
    placeholder: Style,
    ellipsis: char,
    cut: bool,
}

impl<'b> Pen<'b> {
    /// A pen at the start of the first line of `area`.
    #[must_use]
    pub fn new(area: Rect, theme: &Theme, buf: &'b mut Buffer) -> Self {
        let area = area.intersection(buf.area);
        Self {
            x: area.x,
            y: area.y,
            end: if area.height == 0 {
                area.x
            } else {
                area.right()
            },
            last: area.x,
            placeholder: theme.placeholder,
            ellipsis: theme.symbols.cut,
            buf,
            cut: false,
        }
    }

    /// Writes `text`. If it does not fit, the last cell is `…` and nothing follows.
    pub fn write(&mut self, text: &str, style: Style) -> &mut Self {
        for grapheme in graphemes(text) {
            if self.cut {
                break;
            }
            self.put(Glyph::of(grapheme), style);
        }
        self
    }

    /// Writes these pieces one after another.
    pub fn write_all(&mut self, runs: &[Run<'_>]) -> &mut Self {
        for run in runs {
            self.write(&run.text, run.style);
        }
        self
    }

    /// Moves on to column `x` of the buffer; never back.
    pub fn go_to(&mut self, x: u16) -> &mut Self {
        self.x = self.x.max(x).min(self.end);
        self.last = self.x;
        self
    }

    /// Where the next grapheme goes.
    #[must_use]
    pub const fn x(&self) -> u16 {
        self.x
    }

    /// Cells left on the line.
    #[must_use]
    pub const fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Returns whether something did not fit.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    fn put(&mut self, glyph: Glyph<'_>, style: Style) {
        if glyph.width > self.room() {
            self.ellipsis(style);
            return;
        }
        split_wide(self.x, self.y, self.buf);
        if let Some(cell) = self.buf.cell_mut((self.x, self.y)) {
            cell.set_diff_option(glyph.diff_option());
            match glyph.symbol {
                Symbol::Text(text) => cell.set_symbol(text).set_style(style),
                Symbol::Placeholder(c) => {
                    let placeholder = style.patch(self.placeholder);
                    cell.set_char(c).set_style(placeholder)
                }
            };
        }
        // Marked, so that the cell differs in another frame and is drawn:
        // not every terminal blanks the second half of a wide glyph when the first
        // is overwritten, or knows that an emoji with a skin tone is one glyph.
        let reach = self.x.saturating_add(glyph.width.max(glyph.spread));
        for x in self.x + 1..reach.min(self.end) {
            if let Some(cell) = self.buf.cell_mut((x, self.y)) {
                if x < self.x + glyph.width {
                    cell.set_char(' ');
                }
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
        self.last = self.x;
        self.x += glyph.width;
    }

    fn ellipsis(&mut self, style: Style) {
        self.cut = true;
        // In the free cell, if there is one; else over the last grapheme.
        let at = if self.x < self.end { self.x } else { self.last };
        for x in at..self.end {
            if let Some(cell) = self.buf.cell_mut((x, self.y)) {
                let symbol = if x == at { self.ellipsis } else { ' ' };
                cell.set_char(symbol).set_style(style);
                cell.set_diff_option(CellDiffOption::None);
            }
        }
        self.x = self.end;
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::ui::color::ColorDepth;
    use crate::ui::glyph::MAX_GRAPHEME;
    use crate::ui::text::columns;
    use crate::ui::theme::ThemeName;

    fn plain() -> Theme {
        Theme::new(ThemeName::Terminal, ColorDepth::None)
    }

    fn written(text: &str, width: u16) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        Pen::new(area, &plain(), &mut buf).write(text, Style::new());
        let mut skip = 0;
        let mut line = String::new();
        for cell in &buf.content {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = cell.symbol().width().saturating_sub(1);
            line.push_str(cell.symbol());
        }
        line
    }

    #[test]
    fn text_that_does_not_fit_is_cut() {
        assert_eq!(written("milk", 4), "milk");
        assert_eq!(written("milk and bread", 6), "milk …");
        assert_eq!(written("milk", 1), "…");
        assert_eq!(written("milk", 0), "");
    }

    #[test]
    fn a_wide_letter_is_never_cut_in_half() {
        assert_eq!(written("日本語", 6), "日本語");
        assert_eq!(written("日本語", 5), "日本…");
        assert_eq!(written("日本語", 4), "日… ");
    }

    /// The columns that are drawn when a line changes.
    fn drawn(before: &str, after: &str) -> Vec<u16> {
        let area = Rect::new(0, 0, 8, 1);
        let frame = |text| {
            let mut buf = Buffer::empty(area);
            Pen::new(area, &plain(), &mut buf).write(text, Style::new());
            buf
        };
        let (before, after) = (frame(before), frame(after));
        before.diff_iter(&after).map(|(x, _, _)| x).collect()
    }

    #[test]
    fn text_after_a_wide_letter_redraws_both_halves() {
        assert_eq!(drawn("ab寿", "a"), [1, 2, 3]);
        assert_eq!(drawn("ab寿", "a寿"), [1, 3], "moved by one column");
        assert_eq!(
            drawn("ab寿c", "ab寿d"),
            [4],
            "a letter that stays is not drawn"
        );
        assert_eq!(drawn("ab寿", "ab寿"), [0; 0]);
    }

    #[test]
    fn covering_half_of_a_wide_letter_blanks_all_of_it() {
        let area = Rect::new(0, 0, 8, 1);
        let mut behind = Buffer::empty(area);
        Pen::new(area, &plain(), &mut behind).write("ab寿司cd", Style::new());
        let mut over = behind.clone();
        fill(Rect::new(3, 0, 2, 1), Style::new(), &mut over);
        Pen::new(Rect::new(3, 0, 2, 1), &plain(), &mut over).write("XY", Style::new());
        let opened: String = behind
            .diff_iter(&over)
            .map(|(_, _, cell)| cell.symbol().to_owned())
            .collect();
        assert_eq!(opened, " XY ", "both wide letters are blanked");
        let closed: String = over
            .diff_iter(&behind)
            .map(|(_, _, cell)| cell.symbol().to_owned())
            .collect();
        assert_eq!(closed, "寿司", "and come back");
    }

    #[test]
    fn an_emoji_sequence_leaves_nothing_behind_on_a_terminal_that_draws_its_parts() {
        assert_eq!(drawn("🇦🇹", ""), [0, 1]);
        assert_eq!(drawn("", "👍🏽"), [0, 2, 3], "the skin tone is covered");
        assert_eq!(drawn("", "👍🏽x"), [0, 2, 3]);
        assert_eq!(drawn("👍🏽", ""), [0, 1, 2, 3]);
        assert_eq!(drawn("", "x👩‍👩‍👧"), [0, 1, 3, 4, 5, 6]);
    }

    #[test]
    fn cells_after_an_emoji_sequence_keep_the_style_of_the_row() {
        let area = Rect::new(0, 0, 8, 1);
        let mut buf = Buffer::empty(area);
        let selected = Style::new().reversed();
        buf.set_style(area, selected);
        Pen::new(area, &plain(), &mut buf).write("👍🏽", selected);
        let rest = buf.content.iter().skip(2);
        assert!(
            rest.map(|cell| cell.modifier)
                .all(|it| it == Modifier::REVERSED)
        );
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let text = "a\x1b[2Jb\r\nc\u{9b}d\u{202e}e\u{200b}f\u{7f}\u{2028}g\0";
        assert_eq!(written(text, 20), "a␛[2Jb␍c�d�e�f␡␤g␀  ");
    }

    #[test]
    fn one_emoji_or_accented_letter_is_one_glyph() {
        assert_eq!(columns("👩‍👩‍👧", 99), 2);
        assert_eq!(columns("e\u{301}", 99), 1);
        assert_eq!(columns("\u{301}", 99), 1, "a lone mark takes a placeholder");
        assert_eq!(written("x👩‍👩‍👧y", 4), "x👩‍👩‍👧y");
    }

    #[test]
    fn a_grapheme_with_1000_accents_is_cut() {
        let tower = format!("e{}", "\u{301}".repeat(1000));
        assert!(written(&tower, 1).len() <= MAX_GRAPHEME);
    }

    #[test]
    fn the_width_counted_is_the_width_written() {
        for text in [
            "שלום",
            "عربي",
            "नमस्ते",
            "👍🏽",
            "🇩🇪",
            "a\tb",
            "ｆｕｌｌ",
            "\u{1160}x",
        ] {
            let columns = columns(text, 99);
            let area = Rect::new(0, 0, 40, 1);
            let mut buf = Buffer::empty(area);
            let mut pen = Pen::new(area, &plain(), &mut buf);
            pen.write(text, Style::new());
            assert_eq!(usize::from(pen.x()), columns, "{text:?}");
        }
    }
}
