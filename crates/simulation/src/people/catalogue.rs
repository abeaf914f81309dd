//! What people look for in a simulation, and their names.

/// One thing a client may need, with the words around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The marketplace's category.
    pub category: &'static str,
    /// The thing itself; it stands in the opening message.
    pub keyword: &'static str,
    /// What shops of this category call themselves.
    pub trade: &'static str,
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

/// Ordinary errands, one for each category, so that many conversations do not all ask the same vendors.
pub const NEEDS: [Need; 9] = [
    Need {
        category: "spare_parts",
        keyword: "brake pads",
        trade: "Auto Spares",
        opening: "Hi, I need brake pads for a 2014 Corolla",
        question: "Front or rear brake pads, and which engine does the Corolla have?",
        why: "axle and engine decide which pads fit",
        answer: "Front ones, it is the 1.8 petrol",
        normalized: "Front brake pads for a Toyota Corolla 2014, 1.8 petrol",
        price: 3_500,
    },
    Need {
        category: "hardware",
        keyword: "cement",
        trade: "Hardware",
        opening: "Where can I get cement today? 20 bags",
        question: "Which strength do you need, 32.5 or 42.5?",
        why: "the strength class is not known",
        answer: "42.5 please, it is for a slab",
        normalized: "20 bags of cement, class 42.5",
        price: 15_600,
    },
    Need {
        category: "electrical",
        keyword: "solar panel",
        trade: "Electricals",
        opening: "I want a solar panel for a kiosk",
        question: "How many watts should it have, or what will it power?",
        why: "the size of the panel is not known",
        answer: "A small fan and two bulbs, maybe 250 W",
        normalized: "Solar panel of about 250 W",
        price: 14_500,
    },
    Need {
        category: "phones",
        keyword: "phone screen",
        trade: "Phones",
        opening: "My phone screen is broken, can someone replace it?",
        question: "Which phone model is it?",
        why: "the model is not known",
        answer: "Samsung A14",
        normalized: "Replacement phone screen for a Samsung A14, fitted",
        price: 4_200,
    },
    Need {
        category: "electronics",
        keyword: "fridge",
        trade: "Electronics",
        opening: "Looking for a fridge for my kiosk",
        question: "How many litres, and new or used?",
        why: "size and condition are not known",
        answer: "About 200 litres, used is fine",
        normalized: "Used fridge of about 200 litres",
        price: 23_500,
    },
    Need {
        category: "groceries",
        keyword: "rice",
        trade: "Wholesale",
        opening: "Need rice for a wedding",
        question: "How many kilograms, and which kind?",
        why: "kind and amount are not known",
        answer: "50 kg of pishori",
        normalized: "50 kg of pishori rice",
        price: 9_800,
    },
    Need {
        category: "plumbing",
        keyword: "sink",
        trade: "Plumbing",
        opening: "Our kitchen sink is blocked",
        question: "Is water standing in it now, and is it a flat or a house?",
        why: "how urgent it is, and the access, are not known",
        answer: "Yes it is full, a flat on the second floor",
        normalized: "Unblock a kitchen sink in a flat, second floor",
        price: 2_500,
    },
    Need {
        category: "tailoring",
        keyword: "uniforms",
        trade: "Tailors",
        opening: "I need school uniforms for two girls",
        question: "Which sizes do they wear?",
        why: "the sizes are not known",
        answer: "Size 28 and size 32",
        normalized: "Two school uniforms for girls, sizes 28 and 32",
        price: 4_400,
    },
    Need {
        category: "furniture",
        keyword: "mattress",
        trade: "Furniture",
        opening: "I am looking for a mattress",
        question: "Which size, and how thick?",
        why: "the size is not known",
        answer: "5 by 6, 8 inch",
        normalized: "Mattress 5 by 6, 8 inch",
        price: 11_700,
    },
];

/// What stands on the prescription of a story; nobody asks for it otherwise.
pub const MEDICINE: Need = Need {
    category: "pharmacy",
    keyword: "amoxicillin",
    trade: "Chemist",
    opening: "The medicine on my prescription, please",
    question: "Which medicine does it name?",
    why: "the medicine is not known",
    answer: "Amoxicillin 500mg x21",
    normalized: "Amoxicillin 500mg x21",
    price: 450,
};

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

/// A shop's name, for instance "Acacia Auto Spares".
pub fn shop_name(trade: &str, index: usize) -> String {
    let shop = SHOP.get(index % SHOP.len()).copied().unwrap_or("Acacia");
    format!("{shop} {trade}")
}

/// The need that a text speaks of.
pub fn need_in(text: &str) -> Option<&'static Need> {
    let text = text.to_lowercase();
    NEEDS.iter().chain([&MEDICINE]).find(|need| text.contains(need.keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opening_names_its_thing() {
        for need in &NEEDS {
            assert_eq!(need_in(need.opening), Some(need), "{}", need.category);
        }
        assert_eq!(need_in("good morning"), None);
    }

    #[test]
    fn names_are_plenty() {
        let names: std::collections::BTreeSet<String> = (0..208).map(client_name).collect();
        assert_eq!(names.len(), 208);
        assert_eq!(shop_name("Auto Spares", 0), "Acacia Auto Spares");
    }
}
