//! The backend for ratatui: builds each frame in memory and passes it to the output
//! whole.

use std::cell::{Cell as Remembered, RefCell};
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Cell, CellWidth as _};
use ratatui::layout::{Position, Size};

use super::output::Output;
use super::terminal;
use crate::app::model;

/// Draws through [`Output`]; never fails and never waits.
#[derive(Debug)]
pub(super) struct ScreenBackend {
    inner: CrosstermBackend<Frame>,
    frame: Frame,
    output: Output,
    size: Remembered<Size>,
}

/// The bytes of a frame.
#[derive(Debug, Clone, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<model::Size> for Size {
    fn from(size: model::Size) -> Self {
        Self::new(size.width, size.height)
    }
}

impl ScreenBackend {
    /// A backend for a screen of `size`.
    pub(super) fn new(output: Output, size: Size) -> Self {
        let frame = Frame::default();
        Self {
            inner: CrosstermBackend::new(frame.clone()),
            frame,
            output,
            size: Remembered::new(size),
        }
    }
}

impl Backend for ScreenBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        // Some terminals draw these narrower than their reserved width; the old
        // contents must not show beside them.
        let blanks: Vec<(u16, u16, Cell)> = cells
            .iter()
            .filter(|(_, _, cell)| cell.symbol().chars().nth(1).is_some())
            .flat_map(|&(x, y, cell)| {
                let mut blank = cell.clone();
                blank.set_char(' ');
                let end = x.saturating_add(cell.cell_width());
                (x + 1..end).map(move |x| (x, y, blank.clone()))
            })
            .collect();
        if !blanks.is_empty() {
            self.inner
                .draw(blanks.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
        }
        self.inner.draw(cells.into_iter())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    /// Does not query the terminal: its answer would be read as input.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    /// The size of the terminal; the last known one if the terminal is gone.
    fn size(&self) -> io::Result<Size> {
        if let Ok(size) = terminal::size() {
            self.size.set(size.into());
        }
        Ok(self.size.get())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    /// Passes the frame on, so that the terminal shows it at once or not at all.
    fn flush(&mut self) -> io::Result<()> {
        let drawn = std::mem::take(&mut *self.frame.0.borrow_mut());
        if !drawn.is_empty() {
            self.output.frame(terminal::synchronized(&drawn));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::style::Style;
    use unicode_width::UnicodeWidthChar as _;

    use super::*;
    use crate::ui::pen::Pen;
    use crate::ui::{ColorDepth, Theme, ThemeName};

    const LONG: Duration = Duration::from_mins(1);

    /// Sends what is written to a channel.
    struct ChannelWriter(Sender<Vec<u8>>);

    impl Write for ChannelWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The bytes of frames that show one line after another.
    fn drawn(lines: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
        let (sender, written) = channel();
        let output = Output::start(ChannelWriter(sender));
        let backend = ScreenBackend::new(output.clone(), Size::new(20, 1));
        let mut terminal = Terminal::new(backend)?;
        let theme = Theme::new(ThemeName::Terminal, ColorDepth::None);
        for line in lines {
            terminal.draw(|frame| {
                let area = frame.area();
                Pen::new(area, &theme, frame.buffer_mut()).write(line, Style::new());
            })?;
        }
        assert!(output.wait(LONG));
        let bytes: Vec<u8> = written.try_iter().flatten().collect();
        Ok(String::from_utf8(bytes)?)
    }

    /// The cells of the only row of a terminal that gives each character `width`
    /// columns.
    fn shown(bytes: &str, width: fn(char) -> usize) -> Vec<String> {
        let mut row = vec![" ".to_owned(); 40];
        let mut at = 0;
        let mut rest = bytes.chars();
        while let Some(c) = rest.next() {
            if c == '\u{1b}' {
                let mut sequence = String::new();
                while !sequence.ends_with(|c: char| c.is_ascii_alphabetic()) {
                    sequence.extend(rest.next());
                }
                if let Some(column) = sequence
                    .strip_suffix('H')
                    .and_then(|it| it.split(';').nth(1))
                {
                    at = column.parse::<usize>().unwrap_or(1) - 1;
                }
                continue;
            }
            match width(c) {
                0 => row[at.saturating_sub(1)].push(c),
                columns => {
                    row[at] = c.to_string();
                    for covered in &mut row[at + 1..at + columns] {
                        covered.clear();
                    }
                    at += columns;
                }
            }
        }
        row
    }

    /// As `wcwidth`: spacing marks take a column.
    fn by_character(c: char) -> usize {
        match c {
            '\u{9be}' | '\u{9cb}' | '\u{bbe}' | '\u{bcb}' | '\u{dcf}' | 'ﾞ' | 'ﾟ' => 1,
            c => c.width().unwrap_or(0),
        }
    }

    /// As terminals that know graphemes: no mark takes a column.
    fn by_grapheme(c: char) -> usize {
        match c {
            '\u{9cb}' | '\u{bcb}' | '\u{9be}' | '\u{bbe}' | '\u{dcf}' | 'ﾞ' | 'ﾟ' => 0,
            c => c.width().unwrap_or(0),
        }
    }

    #[test]
    fn a_terminal_shows_a_frame_at_once() -> Result<(), Box<dyn std::error::Error>> {
        let bytes = drawn(&["milk", "bread"])?;
        let frames: Vec<&str> = bytes.split_inclusive("\u{1b}[?2026l").collect();
        assert_eq!(frames.len(), 2, "{bytes:?}");
        for (frame, text) in frames.iter().zip(["milk", "bread"]) {
            assert!(frame.starts_with("\u{1b}[?2026h"), "{frame:?}");
            assert!(frame.contains(text), "{frame:?}");
        }
        Ok(())
    }

    #[test]
    fn no_terminal_loses_a_letter_or_keeps_a_stale_one() -> Result<(), Box<dyn std::error::Error>> {
        for text in ["ﾊﾟﾝ ｶﾞｷﾞｸﾞ x", "কাকো x", "காகோ x", "ගාගා x", "日本 x"]
        {
            for width in [by_character, by_grapheme] {
                let bytes = drawn(&["ABCDEFGHIJKLMNOP", text])?;
                let row = shown(&bytes, width).concat();
                let letters = |text: &str| text.replace(' ', "");
                assert_eq!(letters(&row), letters(text), "{bytes:?}");
            }
        }
        Ok(())
    }
}
