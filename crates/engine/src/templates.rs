//! The template catalogue: which approved template of Meta's says what we may say outside the 24-hour window.
//!
//! The code names purposes; the catalogue gives each its name at Meta, its language codes and the number of its
//! body parameters. It comes built in or from `TEMPLATES_FILE`:
//!
//! ```json
//! { "vendor_inquiry": { "name": "shop_question", "parameters": 1, "languages": { "en": "en_US", "sw": "sw" } } }
//! ```
//!
//! Two purposes may be missing: `consent_prompt`, a template with two quick-reply buttons (YES, then NO), and
//! `call_permission`, one with Meta's card that asks for permission to call. Without them nobody is asked whether we
//! may call outside the window.

pub mod texts;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use marketplace::Language;
use meta_client::outbound::{BUTTON_BODY_MAX, Content};
use serde_json::Value;
use store::outbox::{Purpose, TemplateUse};
use strum::IntoEnumIterator as _;

/// The purposes that the code uses, each with the number of its body parameters.
const NEEDED: [(&str, usize); 4] =
    [(VENDOR_INQUIRY, 1), (CLIENT_UPDATE, 1), (HANDOFF_CLIENT, 1), (HANDOFF_VENDOR, 1)];
pub(crate) const CLIENT_UPDATE: &str = "client_update";
const VENDOR_INQUIRY: &str = "vendor_inquiry";
const HANDOFF_CLIENT: &str = "handoff_client";
const HANDOFF_VENDOR: &str = "handoff_vendor";
/// The purposes that a catalogue may leave out, with the number of their body parameters: what asks for consent to a
/// call. The built-in catalogue has none of them.
const OPTIONAL: [(&str, usize); 2] = [(CONSENT_PROMPT, 1), (CALL_PERMISSION, 1)];
const CONSENT_PROMPT: &str = "consent_prompt";
const CALL_PERMISSION: &str = "call_permission";
/// Longest template name (Meta: 512 characters of `a-z 0-9 _`).
const NAME_MAX: usize = 512;
/// Longest language code of Meta's, for example `zh_CN` or `es_419`, with room.
const LANGUAGE_CODE_MAX: usize = 16;

/// One template as Meta knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    name: String,
    parameters: usize,
    /// Meta's code by our language. English is always there: it is the fallback.
    languages: BTreeMap<Language, String>,
}

/// Every template the code may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateCatalogue {
    templates: BTreeMap<String, Template>,
}

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file can't be read.
    #[error("TEMPLATES_FILE: cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's explanation.
        reason: std::io::Error,
    },
    /// The file is not JSON.
    #[error("TEMPLATES_FILE: not JSON: {0}")]
    NotJson(serde_json::Error),
    /// Every fault that was found.
    #[error("TEMPLATES_FILE: {}", Faults(.0))]
    Faults(Vec<String>),
}

struct Faults<'a>(&'a [String]);

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// Every purpose of the catalogue, the needed ones first.
pub fn purposes() -> impl Iterator<Item = &'static str> {
    NEEDED.iter().chain(&OPTIONAL).map(|(purpose, _)| *purpose)
}

/// The purposes of the catalogue that messages of a kind go out as outside the window; none for what only ever answers
/// somebody who has just written.
pub const fn of_messages(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::ClientMessage | Purpose::Shortlist | Purpose::Farewell => &[CLIENT_UPDATE],
        Purpose::VendorInquiry | Purpose::VendorMessage => &[VENDOR_INQUIRY],
        Purpose::Handoff => &[HANDOFF_CLIENT, HANDOFF_VENDOR],
        Purpose::ConsentPrompt => &[CONSENT_PROMPT],
        Purpose::PermissionCard => &[CALL_PERMISSION],
        Purpose::Notice | Purpose::StopConfirmation => &[],
    }
}

/// One purpose of a catalogue, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described<'a> {
    /// Our name for what it is for.
    pub purpose: &'static str,
    /// Whether a catalogue must have it.
    pub needed: bool,
    /// The number of its body parameters.
    pub parameters: usize,
    /// Its name at Meta; `None` when the catalogue leaves it out.
    pub name: Option<&'a str>,
    /// Meta's codes by our language.
    pub languages: Vec<(Language, &'a str)>,
}

/// The catalogue has nothing for a stored intent: it was written by another release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// No such purpose.
    #[error("no template for this purpose")]
    UnknownPurpose,
    /// Another number of parameters.
    #[error("the template takes {needed} parameters, not {given}")]
    ParameterCount {
        /// What the template takes.
        needed: usize,
        /// What the intent brings.
        given: usize,
    },
}

impl TemplateCatalogue {
    /// `concierge_<purpose>_v1` in English: what the documentation asks the operator to have approved.
    pub fn built_in() -> Self {
        let template = |(purpose, parameters): (&str, usize)| {
            let name = format!("concierge_{purpose}_v1");
            let languages = BTreeMap::from([(Language::En, "en".to_owned())]);
            (purpose.to_owned(), Template { name, parameters, languages })
        };
        Self { templates: NEEDED.into_iter().map(template).collect() }
    }

    /// Reads and checks `TEMPLATES_FILE`.
    ///
    /// # Errors
    /// All faults at once, measured against what the code needs.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|reason| TemplateError::Unreadable { path: path.to_owned(), reason })?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, TemplateError> {
        let file: Value = serde_json::from_str(text).map_err(TemplateError::NotJson)?;
        let Value::Object(entries) = file else {
            return Err(TemplateError::Faults(vec!["not a JSON object of purposes".to_owned()]));
        };
        let mut faults = Vec::new();
        let mut templates = BTreeMap::new();
        for (purpose, parameters) in NEEDED {
            let Some(entry) = entries.get(purpose) else {
                faults.push(format!("{purpose}: missing"));
                continue;
            };
            let template = read_template(purpose, parameters, entry, &mut faults);
            templates.extend(template.map(|template| (purpose.to_owned(), template)));
        }
        for (purpose, parameters) in OPTIONAL {
            let Some(entry) = entries.get(purpose) else { continue };
            let template = read_template(purpose, parameters, entry, &mut faults);
            templates.extend(template.map(|template| (purpose.to_owned(), template)));
        }
        let known = || NEEDED.iter().chain(&OPTIONAL);
        let unknown = entries.keys().filter(|key| known().all(|(purpose, _)| purpose != key));
        faults.extend(unknown.map(|key| format!("{key}: no such purpose")));
        if faults.is_empty() { Ok(Self { templates }) } else { Err(TemplateError::Faults(faults)) }
    }

    /// Whether the catalogue leaves this purpose out, as it may: then nothing of the kind goes out.
    pub fn leaves_out(&self, purpose: &str) -> bool {
        OPTIONAL.iter().any(|(optional, _)| *optional == purpose) && !self.templates.contains_key(purpose)
    }

    /// What an operator should know before messages go out: which translations are missing, so that English goes out
    /// in their place, and with `calling` on, whom nobody can ask. Empty when all is there.
    pub fn warnings(&self, calling: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        for described in self.describe() {
            let purpose = described.purpose;
            if described.name.is_none() {
                if calling {
                    warnings.push(format!(
                        "{purpose}: not in the catalogue; outside the 24-hour window nobody can be asked whether we may call"
                    ));
                }
                continue;
            }
            let has = |language: &Language| described.languages.iter().any(|(known, _)| known == language);
            let missing: Vec<String> =
                Language::iter().filter(|language| !has(language)).map(|code| code.to_string()).collect();
            if !missing.is_empty() {
                warnings.push(format!(
                    "{purpose}: not translated into {}; people who use these get it in English",
                    missing.join(", ")
                ));
            }
        }
        warnings
    }

    /// Every purpose with what the catalogue says of it.
    pub fn describe(&self) -> Vec<Described<'_>> {
        let described = |(purpose, parameters, needed): (&'static str, usize, bool)| {
            let template = self.templates.get(purpose);
            Described {
                purpose,
                needed,
                parameters,
                name: template.map(|template| template.name.as_str()),
                languages: template.map_or_else(Vec::new, |template| {
                    template.languages.iter().map(|(ours, metas)| (*ours, metas.as_str())).collect()
                }),
            }
        };
        let needed = NEEDED.iter().map(|(purpose, parameters)| (*purpose, *parameters, true));
        let optional = OPTIONAL.iter().map(|(purpose, parameters)| (*purpose, *parameters, false));
        needed.chain(optional).map(described).collect()
    }

    /// Meta's code of the language that a purpose goes out in for somebody who reads `language`, and the one to fall
    /// back to: English. One when they are the same, none for an unknown purpose.
    pub fn language_codes(&self, purpose: &str, language: Language) -> Vec<&str> {
        let Some(template) = self.templates.get(purpose) else { return Vec::new() };
        let mut codes: Vec<&str> = [language, Language::En]
            .iter()
            .filter_map(|language| template.languages.get(language).map(String::as_str))
            .collect();
        codes.dedup();
        codes
    }

    /// The template to send, in the language with this code of Meta's.
    ///
    /// Parameters become one line of at most 1024 code points: Meta refuses anything else. `quick_replies` is what
    /// comes back from the template's buttons, in their order.
    ///
    /// # Errors
    /// The catalogue has no such purpose, or the template takes another number of parameters.
    pub fn resolve(
        &self,
        wanted: &TemplateUse,
        language_code: &str,
        quick_replies: &[String],
    ) -> Result<Content, ResolveError> {
        let template = self.templates.get(&wanted.purpose).ok_or(ResolveError::UnknownPurpose)?;
        if template.parameters != wanted.parameters.len() {
            return Err(ResolveError::ParameterCount {
                needed: template.parameters,
                given: wanted.parameters.len(),
            });
        }
        let name = template.name.clone();
        let language = language_code.to_owned();
        let body_params = wanted.parameters.iter().map(|text| bounded_line(text)).collect();
        Ok(match wanted.purpose.as_str() {
            CALL_PERMISSION => Content::CallPermissionTemplate { name, language, body_params },
            CONSENT_PROMPT => {
                let quick_reply_payloads = quick_replies.to_vec();
                Content::Template { name, language, body_params, quick_reply_payloads }
            }
            _ => Content::Template { name, language, body_params, quick_reply_payloads: Vec::new() },
        })
    }
}

fn read_template(
    purpose: &str,
    parameters: usize,
    entry: &Value,
    faults: &mut Vec<String>,
) -> Option<Template> {
    let before = faults.len();
    let Value::Object(fields) = entry else {
        faults.push(format!("{purpose}: not an object"));
        return None;
    };
    let known = ["name", "parameters", "languages"];
    let unknown = fields.keys().filter(|key| !known.contains(&key.as_str()));
    faults.extend(unknown.map(|key| format!("{purpose}.{key}: no such field")));
    let name = fields.get("name").and_then(Value::as_str).filter(|name| is_name(name));
    if name.is_none() {
        faults.push(format!("{purpose}.name: must be 1 to {NAME_MAX} of a-z, 0-9 and _"));
    }
    if fields.get("parameters").and_then(Value::as_u64) != u64::try_from(parameters).ok() {
        faults.push(format!("{purpose}.parameters: must be {parameters}"));
    }
    let languages = read_languages(purpose, fields.get("languages"), faults);
    let name = name?.to_owned();
    (faults.len() == before).then_some(Template { name, parameters, languages })
}

fn read_languages(
    purpose: &str,
    field: Option<&Value>,
    faults: &mut Vec<String>,
) -> BTreeMap<Language, String> {
    let mut languages = BTreeMap::new();
    let Some(Value::Object(codes)) = field else {
        faults.push(format!("{purpose}.languages: must be an object such as {{\"en\": \"en_US\"}}"));
        return languages;
    };
    for (ours, metas) in codes {
        match (ours.parse::<Language>(), metas.as_str().filter(|code| is_language_code(code))) {
            (Err(_), _) => faults.push(format!("{purpose}.languages.{ours}: no language of ours")),
            (Ok(_), None) => {
                faults.push(format!("{purpose}.languages.{ours}: not a language code of Meta's"));
            }
            (Ok(language), Some(code)) => {
                languages.insert(language, code.to_owned());
            }
        }
    }
    if !codes.contains_key("en") {
        faults.push(format!("{purpose}.languages.en: missing; English is the fallback"));
    }
    languages
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_language_code(text: &str) -> bool {
    (2..=LANGUAGE_CODE_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn bounded_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= BUTTON_BODY_MAX {
        return line;
    }
    line.chars().take(BUTTON_BODY_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(purpose: &str, parameters: &[&str]) -> TemplateUse {
        let parameters = parameters.iter().map(ToString::to_string).collect();
        TemplateUse { purpose: purpose.to_owned(), parameters }
    }

    fn complete() -> Value {
        let entry = json!({"name": "shop_x", "parameters": 1, "languages": {"en": "en_US", "pt": "pt_BR"}});
        json!({
            "vendor_inquiry": entry, "client_update": entry, "handoff_client": entry, "handoff_vendor": entry,
        })
    }

    #[test]
    fn the_built_in_catalogue_has_every_purpose() {
        let catalogue = TemplateCatalogue::built_in();
        for (purpose, _) in NEEDED {
            let codes = catalogue.language_codes(purpose, Language::Sw);
            assert_eq!(codes, ["en"], "there is no translation");
            let content = catalogue.resolve(&wanted(purpose, &["x"]), codes[0], &[]).unwrap();
            let Content::Template { name, language, body_params, .. } = content else { panic!() };
            assert_eq!(name, format!("concierge_{purpose}_v1"));
            assert_eq!((language.as_str(), body_params), ("en", vec!["x".to_owned()]));
        }
    }

    #[test]
    fn a_file_gives_names_and_languages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("templates.json");
        std::fs::write(&path, complete().to_string()).unwrap();
        let catalogue = TemplateCatalogue::load(&path).unwrap();
        for (language, codes) in [
            (Language::En, ["en_US"].as_slice()),
            (Language::Pt, &["pt_BR", "en_US"]),
            (Language::Ar, &["en_US"]),
        ] {
            let found = catalogue.language_codes("client_update", language);
            assert_eq!(found, codes);
            let content = catalogue.resolve(&wanted("client_update", &["x"]), found[0], &[]).unwrap();
            let Content::Template { name, language, .. } = content else { panic!() };
            assert_eq!((name.as_str(), language.as_str()), ("shop_x", codes[0]));
        }
        assert!(catalogue.language_codes("birthday", Language::En).is_empty());
        let missing = TemplateCatalogue::load(&folder.path().join("no")).unwrap_err();
        assert!(missing.to_string().starts_with("TEMPLATES_FILE: cannot read"), "{missing}");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut file = complete();
        file["vendor_inquiry"]["name"] = json!("Shop X");
        file["vendor_inquiry"]["parameters"] = json!(2);
        file["client_update"]["languages"] = json!({"xx": "xx", "sw": ""});
        file["handoff_client"] = json!("shop_x");
        file["birthday"] = json!({});
        file.as_object_mut().unwrap().remove("handoff_vendor");
        let faults = TemplateCatalogue::parse(&file.to_string()).unwrap_err().to_string();
        insta::assert_snapshot!(faults.replace("; ", "\n"), @r#"
        TEMPLATES_FILE: vendor_inquiry.name: must be 1 to 512 of a-z, 0-9 and _
        vendor_inquiry.parameters: must be 1
        client_update.languages.sw: not a language code of Meta's
        client_update.languages.xx: no language of ours
        client_update.languages.en: missing
        English is the fallback
        handoff_client: not an object
        handoff_vendor: missing
        birthday: no such purpose
        "#);
        for bad in ["", "[]", "null", "{}"] {
            assert!(TemplateCatalogue::parse(bad).is_err(), "{bad}");
        }
    }

    /// Nobody is asked whether we may call with a template that the operator has not named.
    #[test]
    fn what_asks_for_consent_may_be_left_out() {
        let built_in = TemplateCatalogue::built_in();
        assert!(built_in.leaves_out("consent_prompt") && built_in.leaves_out("call_permission"));
        assert!(!built_in.leaves_out("client_update") && !built_in.leaves_out("birthday"));
        let mut file = complete();
        file["consent_prompt"] = json!({"name": "shop_may_we", "parameters": 1, "languages": {"en": "en"}});
        file["call_permission"] = json!({"name": "shop_card", "parameters": 1, "languages": {"en": "en"}});
        let catalogue = TemplateCatalogue::parse(&file.to_string()).unwrap();
        let payloads = ["y".to_owned(), "n".to_owned()];
        let resolve = |purpose| catalogue.resolve(&wanted(purpose, &["Ok?"]), "en", &payloads).unwrap();
        let Content::Template { name, quick_reply_payloads, .. } = resolve("consent_prompt") else {
            panic!()
        };
        assert_eq!((name.as_str(), quick_reply_payloads), ("shop_may_we", payloads.to_vec()));
        let Content::CallPermissionTemplate { name, body_params, .. } = resolve("call_permission") else {
            panic!()
        };
        assert_eq!((name.as_str(), body_params), ("shop_card", vec!["Ok?".to_owned()]));
        file["call_permission"]["parameters"] = json!(2);
        let faults = TemplateCatalogue::parse(&file.to_string()).unwrap_err().to_string();
        assert_eq!(faults, "TEMPLATES_FILE: call_permission.parameters: must be 1");
    }

    #[test]
    fn parameters_are_one_bounded_line() {
        let catalogue = TemplateCatalogue::built_in();
        let long = format!("a\n\tb     {}", "é".repeat(2_000));
        let content = catalogue.resolve(&wanted("client_update", &[&long]), "en", &[]).unwrap();
        assert_eq!(content.check(), Ok(()));
        let Content::Template { body_params, .. } = content else { panic!() };
        assert_eq!(body_params[0].chars().count(), 1_024);
        assert!(body_params[0].starts_with("a b é") && body_params[0].ends_with("é…"));
    }

    #[test]
    fn what_the_catalogue_lacks_is_refused() {
        let catalogue = TemplateCatalogue::built_in();
        let resolve = |wanted| catalogue.resolve(&wanted, "en", &[]).unwrap_err();
        assert_eq!(resolve(wanted("birthday", &["x"])), ResolveError::UnknownPurpose);
        assert_eq!(
            resolve(wanted("client_update", &[])),
            ResolveError::ParameterCount { needed: 1, given: 0 }
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut file = complete();
        let all = json!({"en": "en", "es": "es", "pt": "pt_BR", "fr": "fr", "sw": "sw", "ar": "ar"});
        file["client_update"]["languages"] = all.clone();
        file["consent_prompt"] = json!({"name": "shop_may_we", "parameters": 1, "languages": all});
        let catalogue = TemplateCatalogue::parse(&file.to_string()).unwrap();
        insta::assert_snapshot!(catalogue.warnings(true).join("\n"), @r"
        vendor_inquiry: not translated into es, fr, sw, ar; people who use these get it in English
        handoff_client: not translated into es, fr, sw, ar; people who use these get it in English
        handoff_vendor: not translated into es, fr, sw, ar; people who use these get it in English
        call_permission: not in the catalogue; outside the 24-hour window nobody can be asked whether we may call
        ");
        assert_eq!(catalogue.warnings(false).len(), 3, "who places no calls asks nobody");
    }

    /// What is written is sent as a template of the catalogue outside the window, or never outside it.
    #[test]
    fn every_kind_of_message_has_its_templates() {
        let known: Vec<&str> = purposes().collect();
        let mut used: Vec<&str> = Vec::new();
        for purpose in <Purpose as strum::IntoEnumIterator>::iter() {
            let templates = of_messages(purpose);
            let answers = matches!(purpose, Purpose::Notice | Purpose::StopConfirmation);
            assert_eq!(templates.is_empty(), answers, "{purpose}");
            used.extend(templates);
        }
        assert!(used.iter().all(|purpose| known.contains(purpose)));
        assert!(known.iter().all(|purpose| used.contains(purpose)));
    }
}
