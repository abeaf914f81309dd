//! Pictures, drawn when a test needs them.

use std::io::Cursor;

use ab_glyph::{Font, FontRef, Point, PxScale, ScaleFont, point};
use image::{GrayImage, ImageFormat, Luma};

/// What a client might send of a pharmacy's till.
pub(super) const RECEIPT: [&str; 7] = [
    "DUKA LA DAWA LIVERPOOL",
    "Moi Avenue, Nairobi",
    "Paracetamol 500mg x20 120.00",
    "Amoxicillin 250mg x21 450.00",
    "Brake pads Corolla 2014",
    "JUMLA / TOTAL 4,070.00",
    "Asante, karibu tena",
];

/// Dark lines on light paper, `pixels` high from one line's top to its foot.
pub(super) fn page(lines: &[&str], pixels: f32) -> GrayImage {
    let mut picture = GrayImage::from_pixel(900, 620, Luma([245]));
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

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn draw(picture: &mut GrayImage, font: &FontRef<'_>, glyph: ab_glyph::Glyph) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
    let corner = outline.px_bounds().min;
    outline.draw(|x, y, coverage| {
        if let Some(pixel) = picture.get_pixel_mut_checked(corner.x as u32 + x, corner.y as u32 + y) {
            pixel.0[0] = (245.0 - 230.0 * coverage.min(1.0)) as u8;
        }
    });
}

pub(super) fn encode(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
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

pub(super) fn png(picture: &GrayImage) -> Vec<u8> {
    encode(picture, ImageFormat::Png)
}

/// A small PNG that passes every check and has nothing on it.
pub(super) fn blank() -> Vec<u8> {
    png(&GrayImage::from_pixel(64, 64, Luma([255])))
}
