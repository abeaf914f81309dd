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

/// Approved by Meta.
pub(crate) fn approved() -> Vec<Template> {
    let template = |purpose: &str| Template::new(&name(purpose), "en", "{{1}}");
    let mut approved: Vec<Template> = BUILT_IN.map(template).to_vec();
    let mut prompt = template("consent_prompt");
    prompt.quick_replies = vec!["YES".to_owned(), "NO".to_owned()];
    let mut card = template("call_permission");
    card.asks_to_call = true;
    approved.extend([prompt, card]);
    approved
}

/// Writes the catalogue with what calls need: a vendor who is silent has no open window, so that Meta's card reaches it
/// as a template alone.
pub(crate) fn write_catalogue(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("templates.json");
    std::fs::write(&path, catalogue().to_string()).context("cannot write the template catalogue")?;
    Ok(path)
}

fn catalogue() -> Value {
    let entry = |purpose: &&str| {
        let template = json!({ "name": name(purpose), "parameters": 1, "languages": { "en": "en" } });
        ((*purpose).to_owned(), template)
    };
    Value::Object(BUILT_IN.iter().chain(&FOR_CALLS).map(entry).collect::<Map<_, _>>())
}

fn name(purpose: &str) -> String {
    format!("concierge_{purpose}_v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalogue_names_is_approved() {
        let approved = approved();
        let Value::Object(catalogue) = catalogue() else { panic!("an object") };
        assert_eq!(catalogue.len(), approved.len());
        for template in catalogue.values() {
            assert!(approved.iter().any(|known| template["name"] == json!(known.name)), "{template}");
        }
        assert_eq!(approved.iter().filter(|template| template.asks_to_call).count(), 1);
    }
}
