//! A QR code in half-block cells.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// The lines of the QR code of `text`, quiet zone included; none when the text
/// is too long for one. Dark modules are blank: draw black on white, so that
/// any camera reads it.
pub(super) fn lines(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::new(text.as_bytes()) else {
        return Vec::new();
    };
    code.render::<Dense1x2>()
        .quiet_zone(true)
        .dark_color(Dense1x2::Dark)
        .light_color(Dense1x2::Light)
        .build()
        .lines()
        .map(str::to_owned)
        .collect()
}
