//! Pictures, drawn when a test or a simulation needs them: feature `test-util`.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc,
    reason = "for tests: a picture that can't be drawn is a failed test"
)]

use std::io::Cursor;

use ab_glyph::{Font, FontRef, Point, PxScale, ScaleFont, point};
use image::Luma;
pub use image::{GrayImage, ImageFormat, imageops};

/// What a client might send of a pharmacy's till.
pub const RECEIPT: [&str; 7] = [
    "DUKA LA DAWA LIVERPOOL",
    "Moi Avenue, Nairobi",
    "Paracetamol 500mg x20 120.00",
    "Amoxicillin 250mg x21 450.00",
    "Brake pads Corolla 2014",
    "JUMLA / TOTAL 4,070.00",
    "Asante, karibu tena",
];

/// Dark lines on light paper, `pixels` high from one line's top to its foot; as wide as they need, 900 at least.
pub fn page(lines: &[&str], pixels: f32) -> GrayImage {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let width = (120.0 + longest as f32 * pixels * 0.62) as u32;
    let mut picture = GrayImage::from_pixel(width.max(900), 620, Luma([245]));
    let font = FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).unwrap();
    let scaled = font.as_scaled(PxScale::from(pixels));
    let mut pen = point(60.0, 60.0 + scaled.ascent());
    for line in lines {
        for character in line.chars() {
            let glyph = scaled.scaled_glyph(character);
            draw(&mut picture, &font, ab_glyph::Glyph { position: pen, ..glyph.clone() });
            pen.x += scaled.h_advance(glyph.id);
        }
        pen = Point { x: 60.0, y: pen.y + pixels * 1.9 };
    }
    picture
}

fn draw(picture: &mut GrayImage, font: &FontRef<'_>, glyph: ab_glyph::Glyph) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
    let corner = outline.px_bounds().min;
    outline.draw(|x, y, coverage| {
        if let Some(pixel) = picture.get_pixel_mut_checked(corner.x as u32 + x, corner.y as u32 + y) {
            pixel.0[0] = (245.0 - 230.0 * coverage.min(1.0)) as u8;
        }
    });
}

/// A file of this format.
pub fn encode(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        // WebP has no grey.
        ImageFormat::WebP => {
            image::DynamicImage::ImageLuma8(picture.clone()).to_rgb8().write_to(&mut bytes, format)
        }
        _ => picture.write_to(&mut bytes, format),
    }
    .unwrap();
    bytes.into_inner()
}

/// A PNG file.
pub fn png(picture: &GrayImage) -> Vec<u8> {
    encode(picture, ImageFormat::Png)
}

/// A small PNG that passes every check and has nothing on it.
pub fn blank() -> Vec<u8> {
    png(&GrayImage::from_pixel(64, 64, Luma([255])))
}

/// What a camera makes of it that moved, or was held too near.
pub fn blurred(picture: &GrayImage) -> GrayImage {
    imageops::fast_blur(picture, 5.0)
}

/// A PNG of a few bytes whose head says that it has `side` x `side` pixels, as a decompression bomb's does.
pub fn bomb(side: u32) -> Vec<u8> {
    let mut bytes = blank();
    // The head: eight bytes of signature, length and name of the first chunk, then width and height.
    for at in [16, 20] {
        if let Some(place) = bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&side.to_be_bytes());
        }
    }
    bytes
}
