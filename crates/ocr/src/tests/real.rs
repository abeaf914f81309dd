//! Tesseract itself, on pictures drawn here.

use std::time::Duration;

use image::{GrayImage, ImageFormat, Luma, imageops};

use crate::testing::{self as paint, RECEIPT};
use crate::{Bounds, Config, OcrEngine, OcrError, OcrLanguage, Reading, Tesseract, inspect};

const LANGUAGES: &[OcrLanguage] = &[OcrLanguage::Eng, OcrLanguage::Swa];

/// `None`, and a line that says so, where Tesseract is missing; a failure where everything must be tested.
async fn tesseract(change: impl FnOnce(&mut Config)) -> Option<Tesseract> {
    // The machine of the tests is busier than a worker's.
    let mut config = Config { time: Duration::from_secs(100), ..Config::default() };
    change(&mut config);
    match Tesseract::probe(&config).await {
        Ok(probe) => Some(Tesseract::new(config, probe)),
        Err(OcrError::NotInstalled) if std::env::var("CI").as_deref() != Ok("true") => {
            eprintln!("NOT TESTED: Tesseract is not installed (Debian: tesseract-ocr tesseract-ocr-swa)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

async fn read(picture: &[u8]) -> Option<Result<Reading, OcrError>> {
    Some(tesseract(|_| {}).await?.read(picture, LANGUAGES).await)
}

#[tokio::test]
async fn what_is_installed_is_enough_for_the_tests() {
    let Some(tesseract) = tesseract(|_| {}).await else { return };
    let found = tesseract.found();
    assert!(found.turns, "tesseract-ocr-osd is missing");
    assert!(
        LANGUAGES.iter().all(|language| found.languages.contains(language)),
        "tesseract-ocr-swa is missing"
    );
}

#[tokio::test]
async fn a_clean_receipt_is_read_in_every_format() {
    let page = paint::page(&RECEIPT, 32.0);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let Some(reading) = read(&paint::encode(&page, format)).await else { return };
        let reading = reading.unwrap();
        // One letter may differ between versions of Tesseract; the lines and the prices may not.
        assert_eq!(reading.lines.len(), RECEIPT.len(), "{format:?}: {}", reading.text());
        let (read, drawn) = (reading.text(), RECEIPT.join(" "));
        let right = drawn.split(' ').filter(|word| read.split_whitespace().any(|read| read == *word)).count();
        assert!(right + 1 >= drawn.split(' ').count(), "{format:?}: {read}");
        assert!(
            ["120.00", "450.00", "4,070.00"].iter().all(|price| read.contains(price)),
            "{format:?}: {read}"
        );
        assert!(reading.confidence > 0.85, "{format:?}: {}", reading.confidence);
    }
}

/// Two words on a small picture are too few to tell which way is up; they are read all the same.
#[tokio::test]
async fn a_single_line_is_read() {
    let Some(reading) = read(&paint::png(&paint::page(&["Panadol 500mg"], 32.0))).await else { return };
    assert_eq!(reading.unwrap().text(), "Panadol 500mg");
}

#[tokio::test]
async fn a_blurred_receipt_is_not_trusted() {
    let blurred = imageops::fast_blur(&paint::page(&RECEIPT, 32.0), 5.0);
    let Some(reading) = read(&paint::png(&blurred)).await else { return };
    let reading = reading.unwrap();
    assert!(reading.confidence < 0.6, "{}", reading.confidence);
}

#[tokio::test]
async fn a_receipt_on_its_side_or_its_head_is_turned() {
    let page = paint::page(&RECEIPT, 32.0);
    for turned in [imageops::rotate90(&page), imageops::rotate180(&page), imageops::rotate270(&page)] {
        let Some(reading) = read(&paint::png(&turned)).await else { return };
        let reading = reading.unwrap();
        assert!(reading.text().contains("Amoxicillin 250mg x21 450.00"));
        assert!(reading.confidence > 0.8, "{}", reading.confidence);
    }
}

#[tokio::test]
async fn a_receipt_in_a_shadow_keeps_its_prices() {
    let mut page = paint::page(&RECEIPT, 32.0);
    let width = page.width();
    for (x, _, pixel) in page.enumerate_pixels_mut() {
        let light = u32::from(pixel.0[0]) * (width - x / 2) / width;
        pixel.0[0] = u8::try_from(light).unwrap();
    }
    let Some(reading) = read(&paint::png(&page)).await else { return };
    assert!(reading.unwrap().text().contains("450.00"));
}

#[tokio::test]
async fn an_empty_page_has_no_lines_and_no_confidence() {
    let Some(reading) = read(&paint::png(&GrayImage::from_pixel(800, 600, Luma([255])))).await else {
        return;
    };
    assert_eq!(reading, Ok(Reading::default()));
}

#[tokio::test]
async fn pictures_that_break_off_cannot_be_decoded() {
    let page = paint::page(&RECEIPT, 32.0);
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let bytes = paint::encode(&page, format);
        let Some(reading) = read(&bytes[..100]).await else { return };
        assert_eq!(reading, Err(OcrError::Undecodable), "{format:?}");
    }
}

/// A head that lies gets past the check; then the process is too small for what comes.
#[tokio::test]
async fn a_bomb_that_gets_past_the_head_bursts_in_the_child() {
    let bomb = lying_jpeg(40_000);
    assert!(inspect(&bomb, &Bounds::default()).is_ok_and(|picture| picture.width == 640));
    let Some(reading) = read(&bomb).await else { return };
    assert_eq!(reading, Err(OcrError::Undecodable));
}

/// A JPEG that says 640 x 480 to who takes its fill byte for a marker, and `side` x `side` to who decodes it.
fn lying_jpeg(side: u16) -> Vec<u8> {
    let mut honest = paint::encode(&GrayImage::from_pixel(64, 64, Luma([200])), ImageFormat::Jpeg);
    let frame = honest.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    honest[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    honest[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
    // To a decoder an application segment of 0xF000 bytes; read one byte off, a segment of 0xE0F0 and a frame after it.
    let mut segment = vec![0; 0xF000 + 3];
    segment[..5].copy_from_slice(&[0xFF, 0xFF, 0xE0, 0xF0, 0x00]);
    segment[2 + 0xE0F0..][..9].copy_from_slice(&[0xFF, 0xC0, 0, 11, 8, 0x01, 0xE0, 0x02, 0x80]);
    [&honest[..2], &segment, &honest[2..]].concat()
}

/// A pack that goes after the probe is named, with its package.
#[tokio::test]
async fn a_pack_that_has_gone_is_named() {
    let Some(tesseract) = tesseract(|_| {}).await else { return };
    let finished = tesseract.run(&paint::blank(), "xyz").await.unwrap();
    assert_eq!(finished.code, 1);
    assert!(crate::tesseract::no_language(&finished.errors));
}
