//! A QR code in half-block cells.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The lines of the QR code of `text`, quiet zone included; none if the text
/// is too long for one. Dark modules are blank and light ones filled: draw it
/// white on black, so that any camera reads it.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::new(text.as_bytes()) else {
        return Vec::new();
    };
    code.render::<Dense1x2>()
        .quiet_zone(true)
        // The crate's names are those of ink on paper.
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn the_quiet_zone_is_light_and_the_finders_in_the_corners_are_dark() {
        let lines = lines("https://t.example/activate");

        let all_light = |line: &String| line.chars().all(|c| c == '█');
        assert!(lines.iter().take(2).all(all_light), "{lines:?}");
        for line in lines.iter().skip(2).take(3) {
            assert!(line.starts_with("████ "), "{lines:?}");
        }
    }
}
