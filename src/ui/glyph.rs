//! The width of a grapheme, as layout, drawing and ratatui's diff count it.

use std::num::NonZeroU16;

use ratatui::buffer::CellDiffOption;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::sanitize::placeholder;

/// The longest grapheme shown whole, in bytes; a longer one (a letter with many
/// accents) is cut.
pub(super) const MAX_GRAPHEME: usize = 64;

/// A grapheme as it is drawn in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glyph<'t> {
    pub(super) symbol: Symbol<'t>,
    /// The cells reserved for it: as many as the widest terminal needs. Others
    /// leave a gap.
    pub(super) width: u16,
    /// The cells it takes on a terminal that draws the parts of an emoji, such as
    /// a skin tone, one by one. The extra cells may be overwritten.
    pub(super) spread: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol<'t> {
    Text(&'t str),
    Placeholder(char),
}

impl<'t> Glyph<'t> {
    /// The cells of one grapheme.
    pub(super) fn of(grapheme: &'t str) -> Self {
        if let [b' '..=b'~'] = grapheme.as_bytes() {
            return Self::narrow(Symbol::Text(grapheme));
        }
        let first = grapheme.chars().next().unwrap_or('\0');
        if let Some(placeholder) = placeholder(first) {
            return Self::narrow(Symbol::Placeholder(placeholder));
        }
        let shown = grapheme
            .get(..grapheme.floor_char_boundary(MAX_GRAPHEME))
            .unwrap_or(grapheme);
        match reserved(shown) {
            0 => Self::narrow(Symbol::Placeholder('\u{fffd}')),
            width => Self {
                symbol: Symbol::Text(shown),
                width: u16::try_from(width).unwrap_or(u16::MAX),
                spread: u16::try_from(spread(shown)).unwrap_or(u16::MAX),
            },
        }
    }

    const fn narrow(symbol: Symbol<'t>) -> Self {
        Self {
            symbol,
            width: 1,
            spread: 1,
        }
    }

    /// Makes ratatui's diff count the same width.
    pub(super) fn diff_option(&self) -> CellDiffOption {
        match (self.symbol, NonZeroU16::new(self.width)) {
            // All terminals agree on ASCII, and this is the fastest.
            (Symbol::Text(text), _) if text.is_ascii() => CellDiffOption::None,
            (_, Some(width)) => CellDiffOption::ForcedWidth(width),
            (_, None) => CellDiffOption::None,
        }
    }
}

/// Columns that the widest terminal uses for a grapheme. Some count graphemes,
/// others add up characters (`wcwidth`).
fn reserved(grapheme: &str) -> usize {
    let first = grapheme.chars().next().and_then(UnicodeWidthChar::width);
    let marks: usize = grapheme
        .chars()
        .map(|c| mark_width(c).saturating_sub(c.width().unwrap_or(0)))
        .sum();
    (grapheme.width() + marks).max(first.unwrap_or(0))
}

/// Columns that `wcwidth` counts for a mark that others count as a part of its
/// grapheme, at no width: the spacing marks (Mc) among Unicode's `Other_Grapheme_Extend`, and
/// the voicing marks of half-width kana.
const fn mark_width(mark: char) -> usize {
    match mark {
        '\u{302e}' | '\u{302f}' => 2,
        '\u{9be}'
        | '\u{9d7}'
        | '\u{b3e}'
        | '\u{b57}'
        | '\u{bbe}'
        | '\u{bd7}'
        | '\u{cc0}'
        | '\u{cc2}'
        | '\u{cc7}'
        | '\u{cc8}'
        | '\u{cca}'
        | '\u{ccb}'
        | '\u{cd5}'
        | '\u{cd6}'
        | '\u{d3e}'
        | '\u{d57}'
        | '\u{dcf}'
        | '\u{ddf}'
        | '\u{1715}'
        | '\u{1734}'
        | '\u{1b35}'
        | '\u{1b3b}'
        | '\u{1b3d}'
        | '\u{1b43}'
        | '\u{1b44}'
        | '\u{1baa}'
        | '\u{1bf2}'
        | '\u{1bf3}'
        | '\u{a953}'
        | '\u{a9c0}'
        | '\u{ff9e}'
        | '\u{ff9f}'
        | '\u{111c0}'
        | '\u{11235}'
        | '\u{1133e}'
        | '\u{1134d}'
        | '\u{11357}'
        | '\u{113b8}'
        | '\u{113c2}'
        | '\u{113c5}'
        | '\u{113c7}'..='\u{113c9}'
        | '\u{113cf}'
        | '\u{114b0}'
        | '\u{114bd}'
        | '\u{115af}'
        | '\u{116b6}'
        | '\u{11930}'
        | '\u{1193d}'
        | '\u{11f41}'
        | '\u{16ff0}'
        | '\u{16ff1}'
        | '\u{1d165}'
        | '\u{1d166}'
        | '\u{1d16d}'..='\u{1d172}' => 1,
        _ => 0,
    }
}

/// Columns of the characters of a grapheme, one by one.
fn spread(grapheme: &str) -> usize {
    grapheme.chars().filter_map(UnicodeWidthChar::width).sum()
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use unicode_segmentation::UnicodeSegmentation as _;

    use crate::ui::color::ColorDepth;
    use crate::ui::pen::Pen;
    use crate::ui::text::{columns, width};
    use crate::ui::theme::{Theme, ThemeName};

    const ROOM: u16 = 16;
    const END: &str = "■";

    /// The cells drawn for a line on an empty screen.
    fn drawn(parts: &[&str]) -> Vec<(u16, String)> {
        let area = Rect::new(0, 0, ROOM, 1);
        let (empty, mut after) = (Buffer::empty(area), Buffer::empty(area));
        let theme = Theme::new(ThemeName::Terminal, ColorDepth::None);
        let mut pen = Pen::new(area, &theme, &mut after);
        for part in parts {
            pen.write(part, Style::new());
        }
        let drawn = empty.diff_iter(&after);
        drawn
            .map(|(x, _, cell)| (x, cell.symbol().to_owned()))
            .collect()
    }

    #[test]
    fn half_width_kana_with_voicing_marks_lose_no_letter() {
        let text = "ﾊﾟﾝ ｶﾞｷﾞｸﾞ";
        let shown: String = drawn(&[text])
            .into_iter()
            .map(|(_, symbol)| symbol)
            .collect();
        assert_eq!(shown.replace(' ', ""), text.replace(' ', ""));
        assert_eq!(width(text), 10, "each mark has a column of its own");
    }

    #[test]
    fn vowel_signs_that_some_terminals_give_a_column_have_one() {
        for (text, columns) in [("কা", 2), ("கோ", 2), ("ගා", 2), ("নমস্কার", 6), ("e\u{301}", 1)]
        {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn emoji_and_flags_take_two_columns() {
        for text in ["👍🏽", "🇦🇹", "👩‍👩‍👧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}"]
        {
            assert_eq!(width(text), 2, "{text}");
        }
    }

    /// Every character of the blocks with mixed widths, alone and as a part of a
    /// grapheme.
    fn every_kind_of_grapheme() -> impl Iterator<Item = String> {
        let around = |c: char| {
            [
                format!("{c}"),
                format!("a{c}"),
                format!("क{c}"),
                format!("ｶ{c}"),
                format!("{c}\u{fe0f}"),
                format!("{c}\u{fe0e}"),
                format!("👩\u{200d}{c}"),
            ]
        };
        let blocks = [
            '\0'..='\u{3410}',
            '\u{4dc0}'..='\u{4e10}',
            '\u{a4d0}'..='\u{ac10}',
            '\u{d7a0}'..='\u{d7ff}',
            '\u{f900}'..='\u{11fff}',
            '\u{16a00}'..='\u{17010}',
            '\u{1aff0}'..='\u{20010}',
            '\u{e0000}'..='\u{e01ef}',
        ];
        blocks.into_iter().flatten().flat_map(around)
    }

    #[test]
    fn every_grapheme_is_as_wide_for_the_diff_as_for_the_layout() {
        for text in every_kind_of_grapheme() {
            let graphemes: Vec<&str> = text.graphemes(true).collect();
            let counted: usize = graphemes.iter().map(|it| columns(it, 99)).sum();
            assert_eq!(columns(&text, 99), counted, "{text:?}");
            let end = drawn(&[&text, END])
                .into_iter()
                .rev()
                .find(|(_, symbol)| symbol == END);
            let expected = (u16::try_from(counted).unwrap_or_default(), END.to_owned());
            assert_eq!(end, Some(expected), "{text:?}");
        }
    }
}
