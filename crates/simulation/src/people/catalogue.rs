//! What people look for in a simulation, and their names.

/// One thing a client may need, with the words around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The vendors' category; its words stand in the opening message.
    pub category: &'static str,
    /// What the client writes first.
    pub opening: &'static str,
    /// What is missing: the brain's question.
    pub question: &'static str,
    /// Why the brain asks.
    pub why: &'static str,
    /// What the client answers.
    pub answer: &'static str,
    /// The need in one line, for vendors.
    pub normalized: &'static str,
    /// A plausible price in whole shillings.
    pub price: u64,
}

/// Twelve ordinary errands, so that many conversations do not all ask the same vendors.
pub const NEEDS: [Need; 12] = [
    Need {
        category: "brake pads",
        opening: "Hi, I need brake pads for a 2014 Corolla",
        question: "Front or rear brake pads, and which engine does the Corolla have?",
        why: "axle and engine decide which pads fit",
        answer: "Front ones, it is the 1.8 petrol",
        normalized: "Front brake pads for a Toyota Corolla 2014, 1.8 petrol",
        price: 3_500,
    },
    Need {
        category: "tyres",
        opening: "Looking for two tyres for my Probox",
        question: "Which tyre size is printed on the side wall?",
        why: "the size is not known",
        answer: "165 R13, both for the back",
        normalized: "Two tyres 165 R13 for a Toyota Probox",
        price: 9_800,
    },
    Need {
        category: "cement",
        opening: "Where can I get cement today? 20 bags",
        question: "Which strength do you need, 32.5 or 42.5?",
        why: "the strength class is not known",
        answer: "42.5 please, it is for a slab",
        normalized: "20 bags of cement, class 42.5",
        price: 15_600,
    },
    Need {
        category: "solar panel",
        opening: "I want a solar panel for a kiosk",
        question: "How many watts should it have, or what will it power?",
        why: "the size of the panel is not known",
        answer: "A small fridge and two bulbs, maybe 250 W",
        normalized: "Solar panel of about 250 W",
        price: 14_500,
    },
    Need {
        category: "school shoes",
        opening: "Need black school shoes for my daughter",
        question: "Which size does she wear?",
        why: "the size is not known",
        answer: "Size 34",
        normalized: "Black school shoes for a girl, size 34",
        price: 1_800,
    },
    Need {
        category: "phone screen",
        opening: "My phone screen is broken, can someone replace it?",
        question: "Which phone model is it?",
        why: "the model is not known",
        answer: "Samsung A14",
        normalized: "Replacement phone screen for a Samsung A14, fitted",
        price: 4_200,
    },
    Need {
        category: "water tank",
        opening: "Price of a water tank for a home?",
        question: "How many litres should the tank hold?",
        why: "the volume is not known",
        answer: "2000 litres",
        normalized: "Water tank of 2000 litres",
        price: 17_500,
    },
    Need {
        category: "roofing sheets",
        opening: "I need roofing sheets for a small house",
        question: "How many sheets, and which gauge?",
        why: "count and gauge are not known",
        answer: "36 sheets, gauge 30",
        normalized: "36 roofing sheets, gauge 30",
        price: 32_000,
    },
    Need {
        category: "gas cooker",
        opening: "Any gas cooker with two burners around?",
        question: "Table top, or with an oven?",
        why: "two kinds exist",
        answer: "Table top is enough",
        normalized: "Table-top gas cooker with two burners",
        price: 3_900,
    },
    Need {
        category: "car battery",
        opening: "My car battery died this morning",
        question: "Which car is it for?",
        why: "the car decides the size",
        answer: "Nissan Note 2012",
        normalized: "Car battery for a Nissan Note 2012",
        price: 8_700,
    },
    Need {
        category: "sewing machine",
        opening: "I am looking for a sewing machine",
        question: "A manual machine or an electric one?",
        why: "two kinds exist",
        answer: "Manual, we have power cuts",
        normalized: "Manual sewing machine",
        price: 13_200,
    },
    Need {
        category: "laptop charger",
        opening: "Need a laptop charger",
        question: "Which laptop is it for?",
        why: "the plug is not known",
        answer: "HP EliteBook 840 G3",
        normalized: "Laptop charger for an HP EliteBook 840 G3",
        price: 2_300,
    },
];

const GIVEN: [&str; 16] = [
    "Amina", "Baraka", "Chebet", "Daudi", "Esther", "Farida", "Githinji", "Halima", "Imani", "Juma", "Kendi",
    "Lemayian", "Makena", "Nyambura", "Odhiambo", "Penina",
];
const FAMILY: [&str; 13] = [
    "Wanjiru", "Otieno", "Mwangi", "Kiptoo", "Achieng", "Njoroge", "Barasa", "Cherono", "Kamau", "Mutiso",
    "Odera", "Ruto", "Simiyu",
];
const SHOP: [&str; 15] = [
    "Acacia",
    "Baobab",
    "Cedar",
    "Duma",
    "Ebony",
    "Faru",
    "Green Hills",
    "Highway",
    "Iroko",
    "Jacaranda",
    "Kifaru",
    "Lakeside",
    "Mvuli",
    "Nyota",
    "Olive",
];

/// A client's name; 208 differ.
pub fn client_name(index: usize) -> String {
    let given = GIVEN.get(index % GIVEN.len()).copied().unwrap_or("Amina");
    let family = FAMILY.get(index % FAMILY.len()).copied().unwrap_or("Wanjiru");
    format!("{given} {family}")
}

/// A shop's name, for instance "Acacia Brake Pads".
pub fn shop_name(category: &str, index: usize) -> String {
    let shop = SHOP.get(index % SHOP.len()).copied().unwrap_or("Acacia");
    let trade: Vec<String> = category
        .split(' ')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        })
        .collect();
    format!("{shop} {}", trade.join(" "))
}

/// The need that a text speaks of.
pub fn need_in(text: &str) -> Option<&'static Need> {
    let text = text.to_lowercase();
    NEEDS.iter().find(|need| text.contains(need.category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opening_names_its_category() {
        for need in &NEEDS {
            assert_eq!(need_in(need.opening), Some(need), "{}", need.category);
        }
        assert_eq!(need_in("good morning"), None);
    }

    #[test]
    fn names_are_plenty() {
        let names: std::collections::BTreeSet<String> = (0..208).map(client_name).collect();
        assert_eq!(names.len(), 208);
        assert_eq!(shop_name("brake pads", 0), "Acacia Brake Pads");
    }
}
