//! Pictures that clients send in place of words, drawn when they are needed.

use meta_simulator::Said;
use ocr::testing::{blurred, bomb, page, png};

use super::catalogue::{MEDICINE, Need};

/// What stands on the prescription of every story beside the medicine: nobody but us may read it.
pub const PATIENT: &str = "Zuhura Mbogo";
/// How it is to be taken: nothing that anybody is told.
pub const DIRECTION: &str = "three times a day";

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// A receipt for what the client needs, easily read.
    Receipt,
    /// The same, held too near.
    Blurred,
    /// A medical prescription.
    Prescription,
    /// A file of a few bytes that says that it has three and a half thousand million pixels.
    Bomb,
}

impl Picture {
    /// The message with the picture, of a client with this need.
    pub fn said(self, need: &Need) -> Said {
        Said::Image { bytes: self.file(need), mime_type: "image/png".to_owned(), caption: None }
    }

    fn file(self, need: &Need) -> Vec<u8> {
        let goods = format!("{} {}.00", goods(need), need.price);
        let receipt = ["JUMBO STORES", "Moi Avenue", &goods, "Asante, karibu tena"];
        let first = format!("{}, take {DIRECTION}", MEDICINE.normalized);
        let prescription = ["Dr A. Otieno", &format!("Patient {PATIENT}"), "Rx", &first];
        match self {
            Self::Receipt => png(&page(&receipt, 32.0)),
            Self::Blurred => png(&blurred(&page(&receipt, 32.0))),
            Self::Prescription => png(&page(&prescription, 32.0)),
            Self::Bomb => bomb(60_000),
        }
    }
}

/// The goods on a receipt: what is needed, in few words.
pub fn goods(need: &Need) -> String {
    let words = need.normalized.split([',', '.']).next().unwrap_or(need.normalized);
    words.chars().take(48).collect()
}
