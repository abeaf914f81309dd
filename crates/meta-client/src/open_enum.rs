//! Enums as they come over the wire: known values by name, any other kept as it was written.

/// Defines an enum whose known values are compared without case and whose `Unknown` keeps the text.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value this version does not know, as Meta wrote it.
            Unknown(String),
        }

        impl $name {
            /// Reads the value as Meta writes it, in any case.
            pub fn from_wire(text: &str) -> Self {
                $(if text.eq_ignore_ascii_case($text) { return Self::$variant; })*
                Self::Unknown(text.to_owned())
            }

            /// The value in the spelling of Meta's guide, or the unknown text itself.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }
        }
    };
}

pub(crate) use open_enum;
