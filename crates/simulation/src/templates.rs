//! The message templates that Meta has approved for the business, as the documentation names them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use meta_simulator::Template;
use serde_json::{Map, Value, json};

/// The built-in catalogue of the product, written down a second time: Meta's copy is not ours either. Each
/// takes the whole text as its one parameter.
const BUILT_IN: [&str; 4] = ["vendor_inquiry", "client_update", "handoff_client", "handoff_vendor"];
/// What an operator who wants calls has approved beside, and names in `TEMPLATES_FILE`.
const FOR_CALLS: [&str; 2] = ["consent_prompt", "call_permission"];

/// Approved by Meta: in English, and what the marketplace itself needs in these languages, too.
pub(crate) fn approved(languages: &[&str]) -> Vec<Template> {
    // In another language the text says which: what people read tells what was sent.
    let body =
        |language: &str| if language == "en" { "{{1}}".to_owned() } else { format!("{language}: {{{{1}}}}") };
    let template = |purpose: &str, language: &str| Template::new(&name(purpose), language, &body(language));
    let mut approved: Vec<Template> = BUILT_IN.map(|purpose| template(purpose, "en")).to_vec();
    for language in languages {
        approved.extend(BUILT_IN.map(|purpose| template(purpose, language)));
    }
    let mut prompt = template("consent_prompt", "en");
    prompt.quick_replies = vec!["YES".to_owned(), "NO".to_owned()];
    let mut card = template("call_permission", "en");
    card.asks_to_call = true;
    approved.extend([prompt, card]);
    approved
}

/// Writes the catalogue with what calls need: a vendor who is silent has no open window, so that Meta's card reaches it
/// as a template alone.
pub(crate) fn write_catalogue(folder: &Path, languages: &[&str]) -> anyhow::Result<PathBuf> {
    let path = folder.join("templates.json");
    std::fs::write(&path, catalogue(languages).to_string()).context("cannot write the template catalogue")?;
    Ok(path)
}

fn catalogue(languages: &[&str]) -> Value {
    let entry = |purpose: &str, languages: &[&str]| {
        let codes: Map<String, Value> =
            ["en"].iter().chain(languages).map(|code| ((*code).to_owned(), json!(code))).collect();
        (purpose.to_owned(), json!({ "name": name(purpose), "parameters": 1, "languages": codes }))
    };
    let built_in = BUILT_IN.iter().map(|purpose| entry(purpose, languages));
    Value::Object(built_in.chain(FOR_CALLS.iter().map(|purpose| entry(purpose, &[]))).collect())
}

fn name(purpose: &str) -> String {
    format!("concierge_{purpose}_v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalogue_names_is_approved() {
        let approved = approved(&["sw"]);
        let Value::Object(catalogue) = catalogue(&["sw"]) else { panic!("an object") };
        let mut named = 0;
        for template in catalogue.values() {
            for code in template["languages"].as_object().unwrap().values() {
                let is_this = |known: &&Template| {
                    template["name"] == json!(known.name) && *code == json!(known.language)
                };
                assert_eq!(approved.iter().filter(is_this).count(), 1, "{template}");
                named += 1;
            }
        }
        assert_eq!(named, approved.len());
        assert_eq!(approved.iter().filter(|template| template.asks_to_call).count(), 1);
    }
}
