//! Who is called, why, and what a consent covers: the same words as in the output contract and the tools.

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            strum::Display, strum::EnumString, strum::IntoStaticStr, strum::EnumIter,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }
    )*};
}
pub(crate) use words;

words! {
    /// Who is asked or called, by role.
    Party {
        /// The client of the request.
        Client,
        /// One vendor of the request.
        Vendor,
    }

    /// What justifies a call.
    Trigger {
        /// Vendor: the client said that it is urgent, and three minutes passed without a reply.
        UrgentNoReply,
        /// Vendor: the latest reply is ambiguous, and the client is waiting.
        AmbiguousReply,
        /// Client: asked to be called.
        ClientAsked,
        /// Client: opted in, said that it is urgent, and left our question open for three minutes.
        RapidClarification,
    }

    /// What a consent covers.
    Scope {
        /// Calls to a vendor.
        CallVendor,
        /// Calls to the client.
        CallClient,
        /// Both.
        Either,
    }

    /// Where the word for urgency comes from. Only the client's own words and button count.
    UrgencySource {
        /// The client wrote it.
        ClientWords,
        /// The client pressed a button.
        ClientButton,
        /// Somebody or something else concluded it: a model, a picture, a person at the command line.
        Concluded,
    }
}

impl Trigger {
    /// Whom it can justify a call to.
    pub const fn party(self) -> Party {
        match self {
            Self::UrgentNoReply | Self::AmbiguousReply => Party::Vendor,
            Self::ClientAsked | Self::RapidClarification => Party::Client,
        }
    }
}

impl Scope {
    /// Whether a consent of this scope covers a call to `party`.
    pub const fn covers(self, party: Party) -> bool {
        match self {
            Self::Either => true,
            Self::CallVendor => matches!(party, Party::Vendor),
            Self::CallClient => matches!(party, Party::Client),
        }
    }
}

impl UrgencySource {
    /// Whether the client said so.
    pub const fn is_the_clients(self) -> bool {
        matches!(self, Self::ClientWords | Self::ClientButton)
    }
}
