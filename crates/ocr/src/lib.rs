//! Reading text from a picture, with Tesseract as a bounded child process.
//!
//! [`Tesseract::probe`] looks, once at start, for the program and the languages that it has; [`Tesseract`] is an
//! [`OcrEngine`]: bytes of a picture in, [`Reading`] out. A reading is lines of text with a confidence that is Tesseract's
//! own. A picture with no text that Tesseract can see is not an error: it has no lines and confidence 0.
//!
//! # What is read
//! JPEG (CMYK too), PNG and WebP, told by their first bytes and never by a name or a media type. One picture a file:
//! an animated WebP or PNG is refused. Pictures that lie on a side or on their head are turned by Tesseract, if Debian's
//! `tesseract-ocr-osd` is there. Text that is tilted by more than about seven degrees or badly blurred comes back
//! empty or with a low confidence; handwriting was not tried. Then ask, don't assume. A price can be wrong with a high
//! confidence, so whatever matters is shown to the client before it is used.
//!
//! # Bounds
//! Before anything is decoded, from the file's head: 5 MiB, 32 to 12,000 pixels a side, 40 megapixels ([`Bounds`]). Our
//! process decodes nothing. Around the child ([`Config`]): wall-clock time, CPU time, memory, a bounded answer, no core dump
//! (it would hold the picture), no file written, an empty environment, a process group that is killed whole when the
//! time is up or the caller goes away. Around the machine: one picture at a time and a short queue; then
//! [`OcrError::Busy`]. CPU and memory bounds are Linux's `prlimit`; elsewhere the wall clock alone holds. A head that lies
//! about the size is stopped by the same bounds. The child has our user's rights: who needs more puts the worker in a sandbox.
//!
//! # Privacy
//! The picture goes in by a pipe and the text comes out by one. No file is written, nothing of either is in an error or a
//! log, and `Debug` of a [`Reading`] shows lengths only.
//!
//! # Try it
//! `apt-get install tesseract-ocr tesseract-ocr-swa`, then `cargo nextest run -p ocr`. Tests of the real program draw their
//! own pictures; without Tesseract they say so and pass, except where `CI=true`.
//!
//! # Why these settings
//! Measured with Tesseract 5.3.0, `eng+swa`, one thread, on a drawn receipt and on the same receipt tilted by two degrees,
//! with a shadow and noise. CPU time, wall clock on two busy cores being two to three times that:
//!
//! | picture | as one block (6), default threshold | found blocks (3), default threshold | turned and found (1), Sauvola |
//! |---|---|---|---|
//! | clean, 2 megapixels | 0.5 s, all words | 0.4 s, all words | 0.8 s, all words |
//! | shadow, 2 megapixels | 4 s, rubbish | 0.6 s, prices lost | 0.8 s, all words |
//! | shadow, 12 megapixels | 34 s, rubbish | 2 s, words lost | 1.5 s, all words, 210 MB |
//! | shadow, 40 megapixels | not in 120 s | 11 s, nothing | 4 s, one price wrong, 510 MB |
//! | noise alone | 23 s, rubbish | 0.7 s, nothing | 1.2 s, nothing |
//!
//! Scaling 12 megapixels down to 3 before reading changed no word. So the file is fed as it is, and the decoding of hostile
//! bytes stays in the child.

mod engine;
mod error;
mod language;
mod picture;
mod process;
mod tesseract;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod tsv;

pub use engine::{Line, OcrEngine, Reading};
pub use error::{Class, OcrError, PictureError};
pub use language::OcrLanguage;
pub use picture::{Bounds, Format, Picture, inspect};
pub use tesseract::{Config, Probe, Tesseract};

#[cfg(test)]
mod tests;
