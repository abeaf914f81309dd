//! What a picture's head says, before anything is decoded.

use std::fmt;

use crate::PictureError;

/// What a picture may be. Both ends are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the file. WhatsApp allows 5 MB for pictures.
    pub bytes: usize,
    /// Pixels of the shorter side, at least: no line of text is lower.
    pub min_side: u32,
    /// Pixels of the longer side, at most.
    pub max_side: u32,
    /// Pixels of the whole. At 40 million Tesseract needs 510 MB and 6 s.
    pub pixels: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: 5 * 1024 * 1024, min_side: 32, max_side: 12_000, pixels: 40_000_000 }
    }
}

/// A kind of file that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
        })
    }
}

/// What a picture says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// By its first bytes.
    pub format: Format,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Checks `bytes` against `bounds`: size, kind, frames, pixels, in this order. Decodes nothing, allocates nothing of the
/// picture's size. A head that passes may still lie; what that costs is bounded around the process that decodes.
///
/// A file that passes is never taken by Tesseract for a list of file names, which it makes of anything that is no picture.
pub fn inspect(bytes: &[u8], bounds: &Bounds) -> Result<Picture, PictureError> {
    if bytes.len() > bounds.bytes {
        return Err(PictureError::TooManyBytes { bytes: bytes.len(), limit: bounds.bytes });
    }
    let format = format(bytes).ok_or(PictureError::UnknownFormat)?;
    // `imagesize` and not a decoder: a header is all we need, and it has neither dependencies nor unsafe code.
    let head = imagesize::blob_size(bytes).map_err(|_| PictureError::Damaged(format))?;
    if is_animated(format, bytes) {
        return Err(PictureError::Animated(format));
    }
    // A size that does not fit is out of bounds, and is shown as the largest number.
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (width, height) = (side(head.width), side(head.height));
    let sides = bounds.min_side..=bounds.max_side;
    if !sides.contains(&width)
        || !sides.contains(&height)
        || u64::from(width) * u64::from(height) > bounds.pixels
    {
        return Err(PictureError::OutOfBounds { width, height });
    }
    Ok(Picture { format, width, height })
}

fn format(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"\xFF\xD8\xFF") {
        Some(Format::Jpeg)
    } else if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
        Some(Format::Png)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else {
        None
    }
}

fn is_animated(format: Format, bytes: &[u8]) -> bool {
    match format {
        Format::Jpeg => false,
        Format::Png => png_is_animated(bytes),
        // The flags of an extended file come first in it; this one says animation.
        Format::WebP => {
            bytes.get(12..16) == Some(b"VP8X") && bytes.get(20).is_some_and(|flags| flags & 0b10 != 0)
        }
    }
}

/// An animation's control chunk stands before the first data, or it is none.
fn png_is_animated(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, body)) = rest.split_first_chunk::<4>() {
        match body.first_chunk::<4>() {
            Some(b"acTL") => return true,
            None | Some(b"IDAT") => return false,
            Some(_) => {}
        }
        // Kind, data, checksum.
        let chunk = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX).saturating_add(8);
        rest = body.get(chunk..).unwrap_or_default();
    }
    false
}
