//! Colours for terminals with fewer than 16 million of them, and contrast.

use ratatui::style::Color;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ColorDepth {
    /// None: `NO_COLOR`, `--color never`.
    None,
    /// The 16 colours that the user's terminal defines.
    #[default]
    Ansi16,
    /// The 256 colours of xterm.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

impl ColorDepth {
    /// Reads the depth from `COLORTERM` and `TERM`.
    #[must_use]
    pub fn detect(colorterm: Option<&str>, term: Option<&str>) -> Self {
        let colorterm = colorterm.unwrap_or_default();
        let term = term.unwrap_or_default();
        if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::TrueColor
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }

    /// Returns the nearest colour of this depth.
    #[must_use]
    pub fn nearest(self, color: Color) -> Color {
        match (self, color) {
            (Self::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(indexed([r, g, b])),
            (_, color) => color,
        }
    }
}

/// The six steps of each channel in xterm's colour cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Index of the colour of xterm's cube or grey ramp that is nearest.
fn indexed(rgb: [u8; 3]) -> u8 {
    let [r, g, b] = rgb.map(nearest_step);
    let cube = [r, g, b].map(|step| STEPS.get(usize::from(step)).copied().unwrap_or(255));
    let mean = rgb.iter().map(|channel| u16::from(*channel)).sum::<u16>() / 3;
    let shade = u8::try_from(mean.saturating_sub(3) / 10)
        .unwrap_or(23)
        .min(23);
    let grey = [8 + 10 * shade; 3];
    if distance(rgb, grey) < distance(rgb, cube) {
        232 + shade
    } else {
        16 + 36 * r + 6 * g + b
    }
}

fn nearest_step(channel: u8) -> u8 {
    (0..)
        .zip(STEPS)
        .min_by_key(|(_, step)| step.abs_diff(channel))
        .map_or(0, |(index, _)| index)
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter()
        .zip(other)
        .map(|(a, b)| u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

/// The contrast ratio of two colours as WCAG 2 defines it, from 1 to 21.
/// `None` for colours that the terminal defines.
#[must_use]
pub fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    let (light, dark) = if one > other {
        (one, other)
    } else {
        (other, one)
    };
    Some((light + 0.05) / (dark + 0.05))
}

fn luminance(color: Color) -> Option<f64> {
    let (Color::Rgb(r, g, b), [red, green, blue]) = (color, [0.2126, 0.7152, 0.0722]) else {
        return None;
    };
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    Some(red * linear(r) + green * linear(g) + blue * linear(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_read_from_the_environment() {
        let detect = ColorDepth::detect;
        assert_eq!(
            detect(Some("truecolor"), Some("xterm-256color")),
            ColorDepth::TrueColor
        );
        assert_eq!(detect(None, Some("xterm-256color")), ColorDepth::Ansi256);
        assert_eq!(detect(None, Some("linux")), ColorDepth::Ansi16);
        assert_eq!(detect(None, None), ColorDepth::Ansi16);
    }

    #[test]
    fn the_nearest_of_256_colours_is_chosen() {
        let nearest = |r, g, b| ColorDepth::Ansi256.nearest(Color::Rgb(r, g, b));
        assert_eq!(nearest(255, 0, 0), Color::Indexed(196));
        assert_eq!(nearest(95, 135, 175), Color::Indexed(67));
        assert_eq!(nearest(128, 128, 128), Color::Indexed(244));
        assert_eq!(nearest(0, 0, 0), Color::Indexed(16));
    }

    #[test]
    fn black_on_white_has_the_greatest_contrast() {
        let ratio = contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255));
        assert!(ratio.is_some_and(|ratio| (ratio - 21.0).abs() < 0.01));
        assert_eq!(contrast(Color::Red, Color::Black), None);
    }
}
