//! Pictures are refused by their head.

use std::time::{Duration, Instant};

use image::{GrayImage, ImageFormat, Luma};
use proptest::prelude::*;

use super::script::Script;
use crate::testing as paint;
use crate::{Bounds, Format, OcrEngine, OcrError, OcrLanguage, Picture, PictureError, inspect};

fn of_size(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    paint::encode(&GrayImage::from_pixel(width, height, Luma([200])), format)
}

fn check(bytes: &[u8]) -> Result<Picture, PictureError> {
    inspect(bytes, &Bounds::default())
}

/// A chunk of a PNG; nobody here looks at the checksum.
fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], kind, data, &[0; 4]].concat()
}

/// A few bytes that claim any size.
fn png_head(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1A\n".to_vec(), chunk(b"IHDR", &header)].concat()
}

fn webp_head(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let side = |pixels: u32| (pixels - 1).to_le_bytes()[..3].to_vec();
    [
        b"RIFF\x20\0\0\0WEBPVP8X\x0A\0\0\0".to_vec(),
        vec![flags, 0, 0, 0],
        side(width),
        side(height),
        vec![0; 8],
    ]
    .concat()
}

/// With one component, or four as CMYK has.
fn jpeg_head(components: u8, width: u16, height: u16) -> Vec<u8> {
    let frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[components]].concat();
    let parts = (1..=components).flat_map(|number| [number, 0x11, 0]).collect::<Vec<u8>>();
    let length = u16::try_from(2 + frame.len() + parts.len()).unwrap().to_be_bytes();
    [&[0xFF, 0xD8, 0xFF, 0xC0][..], &length, &frame, &parts].concat()
}

#[test]
fn size_and_kind_are_read_from_the_head() {
    for (image_format, format) in [
        (ImageFormat::Jpeg, Format::Jpeg),
        (ImageFormat::Png, Format::Png),
        (ImageFormat::WebP, Format::WebP),
    ] {
        let bytes = of_size(64, 48, image_format);
        assert_eq!(check(&bytes), Ok(Picture { format, width: 64, height: 48 }));
    }
    assert_eq!(check(&jpeg_head(4, 640, 480)), Ok(Picture { format: Format::Jpeg, width: 640, height: 480 }));
    assert_eq!(check(&webp_head(0, 640, 480)), Ok(Picture { format: Format::WebP, width: 640, height: 480 }));
}

#[test]
fn other_kinds_are_refused_whatever_they_are_called() {
    for bytes in [
        &b""[..],
        b"\xFF\xD8",
        b"\x89PNG\n\n\n\n",
        b"GIF89a\x40\0\x40\0",
        b"%PDF-1.7",
        b"BM\0\0",
        b"II*\0",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        // What Tesseract would take for a list of files to read.
        b"/etc/hostname\n",
        b"https://example.com/a.png\n",
    ] {
        assert_eq!(check(bytes), Err(PictureError::UnknownFormat), "{bytes:?}");
    }
}

#[test]
fn heads_that_are_cut_off_are_damaged() {
    for (bytes, format) in [
        (png_head(64, 64), Format::Png),
        (jpeg_head(1, 64, 64), Format::Jpeg),
        (webp_head(0, 64, 64), Format::WebP),
    ] {
        let cut = &bytes[..bytes.len().min(19)];
        let cut = if format == Format::Jpeg { &bytes[..6] } else { cut };
        assert_eq!(check(cut), Err(PictureError::Damaged(format)));
    }
}

#[test]
fn pixels_have_bounds() {
    let refused = |width, height| Err(PictureError::OutOfBounds { width, height });
    for (width, height, expected) in [
        (32, 32, true),
        (31, 32, false),
        (32, 31, false),
        (0, 0, false),
        (12_000, 3_333, true),
        (12_000, 3_334, false),
        (12_001, 32, false),
        (32, 12_001, false),
        (u32::MAX, u32::MAX, false),
    ] {
        let found = check(&png_head(width, height));
        let allowed = Ok(Picture { format: Format::Png, width, height });
        assert_eq!(found, if expected { allowed } else { refused(width, height) });
    }
    assert_eq!(check(&jpeg_head(3, 65_535, 65_535)), refused(65_535, 65_535));
    assert_eq!(check(&webp_head(0, 16_383, 16_383)), refused(16_383, 16_383));
}

#[test]
fn animations_are_refused() {
    assert_eq!(check(&webp_head(0b10, 640, 480)), Err(PictureError::Animated(Format::WebP)));
    let control = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let data = chunk(b"IDAT", &[0; 16]);
    let text = chunk(b"tEXt", b"acTL");
    let animated = [png_head(64, 64), text.clone(), control.clone(), data.clone()].concat();
    assert_eq!(check(&animated), Err(PictureError::Animated(Format::Png)));
    let still = [png_head(64, 64), text, data, control].concat();
    assert!(check(&still).is_ok());
}

/// A bomb and a huge file are refused at once, and no process is started for them.
#[tokio::test]
async fn bombs_and_huge_files_start_nothing() {
    let script = Script::reading("/bin/mkdir \"$here/started\"");
    let engine = script.engine().await;
    let bomb = [png_head(100_000, 100_000), chunk(b"IDAT", &[0; 64])].concat();
    assert!(bomb.len() < 200);
    let mut huge = vec![0; 100_000_000];
    huge[..3].copy_from_slice(b"\xFF\xD8\xFF");
    let began = Instant::now();
    let bomb = engine.read(&bomb, &[OcrLanguage::Eng]).await;
    let huge = engine.read(&huge, &[OcrLanguage::Eng]).await;
    assert!(began.elapsed() < Duration::from_millis(100));
    assert_eq!(bomb, Err(PictureError::OutOfBounds { width: 100_000, height: 100_000 }.into()));
    assert_eq!(
        huge,
        Err(OcrError::Picture(PictureError::TooManyBytes { bytes: 100_000_000, limit: 5_242_880 }))
    );
    assert!(!script.folder().join("started").exists());
}

proptest! {
    #[test]
    fn no_head_makes_it_fail(kind in 0..4_usize, rest in prop::collection::vec(any::<u8>(), 0..200)) {
        let heads: [&[u8]; 4] = [b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1A\n", b"RIFF\0\0\0\0WEBPVP8", b""];
        let bytes = [heads[kind], rest.as_slice()].concat();
        if let Ok(picture) = check(&bytes) {
            prop_assert!(u64::from(picture.width) * u64::from(picture.height) <= 40_000_000);
        }
    }

    #[test]
    fn a_spoiled_head_makes_no_harm(at in 0..64_usize, byte: u8, length in 0..400_usize) {
        for mut bytes in [png_head(640, 480), jpeg_head(3, 640, 480), webp_head(0, 640, 480)] {
            if let Some(spoiled) = bytes.get_mut(at) {
                *spoiled = byte;
            }
            bytes.truncate(length);
            let _ = check(&bytes);
        }
    }
}
