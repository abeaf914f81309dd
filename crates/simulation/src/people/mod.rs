//! Scripted people: clients who need something, vendors who may have it. They react to what they receive
//! on their phones and to nothing else.

pub mod calls;
pub mod catalogue;
pub mod character;
mod client;
pub mod pictures;
mod vendor;
pub mod ways;

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use meta_simulator::{MessageKind, Said};

pub use character::Character;
pub use client::{Client, ClientScript, PLACE_NAME, SAYS_NEWS};
pub use vendor::{Temper, Vendor, VendorScript};

use crate::random::Random;
use catalogue::{MEDICINE, NEEDS, Need, client_name, shop_name};
use ways::Way;

/// What a person received, as far as they can see it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Meta's id of the message, to quote it.
    pub wamid: &'a str,
    /// What it is, if that was clear.
    pub kind: Option<MessageKind>,
    /// The text on the screen.
    pub text: &'a str,
    /// What can be tapped.
    pub buttons: &'a [meta_simulator::Button],
}

/// What a person does about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// After so much simulated time.
    pub after: Duration,
    /// Says or taps this.
    pub said: Said,
    /// Quoting this message.
    pub quoting: Option<String>,
}

/// Everybody of a run.
#[derive(Debug, Clone)]
pub struct Cast {
    /// One per request.
    pub clients: Vec<Client>,
    /// All vendors of all categories that the clients need.
    pub vendors: Vec<Vendor>,
    /// What the directory says of each.
    pub listing: fn(&Self, &Vendor) -> Listing,
}

/// What the directory says of a vendor beside name, number and need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listing {
    /// Degrees north and east.
    pub place: (f64, f64),
    /// Separated by `;`, the preferred one first.
    pub languages: &'static str,
    /// Whether the vendor agreed to be asked.
    pub accepts_inquiries: bool,
    /// When the shop is open; empty: nobody said.
    pub hours: &'static str,
    /// Of another category, too.
    pub also_sells: Option<&'static str>,
}

impl Listing {
    /// One shop after the other along a road through Nairobi, always open.
    pub fn ordinary(cast: &Cast, vendor: &Vendor) -> Self {
        let place = u32::try_from(cast.place_of(vendor)).unwrap_or(0);
        Self {
            place: (f64::from(place).mul_add(0.004, -1.286), 36.8172),
            languages: "en;sw",
            accepts_inquiries: true,
            hours: "",
            also_sells: None,
        }
    }
}

impl Cast {
    /// `requests` clients and, for each need among them, `vendors_per_category` vendors.
    pub fn assemble(requests: usize, vendors_per_category: usize, seed: u64) -> Self {
        Self::assemble_for(requests, vendors_per_category, seed, None)
    }

    /// The same; if `all_need` something, every client needs that.
    pub fn assemble_for(
        requests: usize,
        vendors_per_category: usize,
        seed: u64,
        all_need: Option<&'static Need>,
    ) -> Self {
        let offset = usize::try_from(Random::new(seed, "first need").between(0, 100)).unwrap_or(0);
        // The seed that nobody chose tells the story everybody knows: brake pads for a Corolla.
        let offset = if seed == crate::DEFAULT_SEED { 0 } else { offset };
        let clients: Vec<Client> = (0..requests)
            .filter_map(|index| {
                let need = all_need.or_else(|| NEEDS.get((index + offset) % NEEDS.len()))?;
                let phone = format!("+2547110{index:05}");
                Some(Client { name: client_name(index), phone, need, way: Way::Ordinary })
            })
            .collect();
        let known = NEEDS.iter().chain([&MEDICINE]);
        let wanted = known.filter(|need| clients.iter().any(|client| client.need == *need));
        let vendors = wanted
            .enumerate()
            .flat_map(|(nth, need)| {
                (0..vendors_per_category).map(move |index| Vendor {
                    id: format!("{}-{:02}", need.category.replace('_', "-"), index + 1),
                    name: shop_name(need.trade, index),
                    phone: format!("+2547220{:05}", nth * 100 + index),
                    category: need.category,
                    price: need.price,
                })
            })
            .collect();
        Self { clients, vendors, listing: Listing::ordinary }
    }

    /// The same people, each client with what is particular about them. Who speaks another language looks for brake
    /// pads in it.
    #[must_use]
    pub fn with_ways(mut self, way: fn(usize) -> Way) -> Self {
        for (nth, client) in self.clients.iter_mut().enumerate() {
            client.way = way(nth);
            if let Way::Speaks(_) = client.way {
                client.need = &NEEDS[0];
            }
        }
        self
    }

    /// The vendors as the CSV that `concierge-admin vendors import` reads; of each category the first `known`, or all.
    pub fn write_vendors(&self, file: &Path, known: Option<usize>) -> anyhow::Result<()> {
        let mut csv =
            csv::Writer::from_path(file).with_context(|| format!("cannot write {}", file.display()))?;
        csv.write_record([
            "vendor_id",
            "name",
            "phone",
            "categories",
            "latitude",
            "longitude",
            "timezone",
            "languages",
            "accepts_inquiries",
            "rating",
            "hours",
        ])?;
        for vendor in &self.vendors {
            if known.is_some_and(|known| self.place_of(vendor) >= known) {
                continue;
            }
            let place = u32::try_from(self.place_of(vendor)).unwrap_or(0);
            let said = (self.listing)(self, vendor);
            let (latitude, longitude) = said.place;
            let also = said.also_sells.map(|category| format!(";{category}")).unwrap_or_default();
            csv.write_record([
                vendor.id.as_str(),
                &vendor.name,
                &vendor.phone,
                &format!("{}{also}", vendor.category),
                &format!("{latitude:.4}"),
                &format!("{longitude:.4}"),
                "Africa/Nairobi",
                said.languages,
                if said.accepts_inquiries { "true" } else { "false" },
                &format!("{:.1}", 4.9 - f64::from(place) * 0.1),
                said.hours,
            ])?;
        }
        csv.flush()?;
        Ok(())
    }

    /// The client with this number; `+` or not.
    pub fn client(&self, phone: &str) -> Option<&Client> {
        self.clients.iter().find(|client| digits(&client.phone) == digits(phone))
    }

    /// The place of a vendor among those of its category, counted from 0.
    pub fn place_of(&self, vendor: &Vendor) -> usize {
        let own = self.vendors.iter().filter(|other| other.category == vendor.category);
        own.take_while(|other| other.id != vendor.id).count()
    }

    /// The vendor with this number; `+` or not.
    pub fn vendor(&self, phone: &str) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| digits(&vendor.phone) == digits(phone))
    }
}

/// The digits of a number.
pub fn digits(phone: &str) -> &str {
    phone.trim_start_matches('+')
}

/// Whether a text shows a phone number, however it is grouped; the national form counts too.
pub fn shows_phone(text: &str, phone: &str) -> bool {
    let bare: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}')).collect();
    let digits = digits(phone);
    let national = digits.get(3..).unwrap_or(digits);
    bare.contains(national)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_has_vendors_for_each_need_and_nobody_shares_a_number() {
        let cast = Cast::assemble(30, 8, crate::DEFAULT_SEED);
        assert_eq!(cast.clients[0].need.category, "spare_parts");
        assert_eq!(cast.vendors.len(), 9 * 8);
        let mut phones: Vec<&str> = cast
            .clients
            .iter()
            .map(|c| c.phone.as_str())
            .chain(cast.vendors.iter().map(|v| v.phone.as_str()))
            .collect();
        phones.sort_unstable();
        phones.dedup();
        assert_eq!(phones.len(), 30 + 72);
        assert!(phones.iter().all(|phone| phone.len() == 13));
        assert_eq!(Cast::assemble(1, 8, 5).vendors.len(), 8);
        let places: Vec<usize> = cast.vendors.iter().take(9).map(|vendor| cast.place_of(vendor)).collect();
        assert_eq!(places, [0, 1, 2, 3, 4, 5, 6, 7, 0]);
    }

    #[test]
    fn a_phone_is_seen_in_any_grouping() {
        for text in ["call +254711000001", "0711 000 001", "(+254) 711-000-001."] {
            assert!(shows_phone(text, "+254711000001"), "{text}");
        }
        assert!(!shows_phone("KES 3,500, 711 pieces", "+254711000001"));
    }

    #[test]
    fn the_import_file_has_the_columns_of_the_documentation() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("vendors.csv");
        Cast::assemble(1, 2, crate::DEFAULT_SEED).write_vendors(&file, None).unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(file).unwrap(), @r#"
        vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating,hours
        spare-parts-01,Acacia Auto Spares,+254722000000,spare_parts,-1.2860,36.8172,Africa/Nairobi,en;sw,true,4.9,
        spare-parts-02,Baobab Auto Spares,+254722000001,spare_parts,-1.2820,36.8172,Africa/Nairobi,en;sw,true,4.8,
        "#);
    }
}
