//! `ocr`
