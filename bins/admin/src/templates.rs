//! `concierge-admin templates`: the template catalogue, and what to submit to Meta. Needs no database.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use engine::templates::{Described, TemplateCatalogue, texts};
use marketplace::Language;
use serde::Serialize;
use strum::IntoEnumIterator as _;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
#[expect(clippy::doc_markdown, reason = "the help shows variables as a shell writes them")]
pub(crate) enum TemplatesCommand {
    /// Check a template catalogue, and show what to submit to Meta for approval
    ///
    /// Every purpose with its name at Meta, its languages, and the body and sample to submit in each language that
    /// ships. What is missing is named: an error if the programs would not start with it (exit code 1), else a warning.
    /// Without --file: the catalogue that TEMPLATES_FILE names, or the built-in one. Needs no database.
    #[command(after_help = "\
Examples:
  concierge-admin templates check
  concierge-admin templates check --file templates.json --json")]
    Check {
        /// The catalogue, as TEMPLATES_FILE would name it
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

impl TemplatesCommand {
    pub(crate) fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Check { file, json } => check(file, json, out),
        }
    }
}

/// A catalogue, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Checked<'a> {
    catalogue: String,
    warnings: Vec<String>,
    templates: Vec<Template<'a>>,
}

#[derive(Debug, Serialize)]
struct Template<'a> {
    purpose: &'static str,
    needed: bool,
    name: Option<&'a str>,
    parameters: usize,
    sample: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    also_needs: Option<&'static str>,
    languages: Vec<Translation<'a>>,
}

#[derive(Debug, Serialize)]
struct Translation<'a> {
    language: Language,
    /// Meta's code; `None`: English goes out to people who use this language.
    code: Option<&'a str>,
    body: Option<&'static str>,
}

fn check(file: Option<PathBuf>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let named = file.or_else(|| std::env::var_os("TEMPLATES_FILE").map(PathBuf::from));
    let catalogue = match &named {
        Some(path) => TemplateCatalogue::load(path).map_err(|error| refused(path, &error.to_string()))?,
        None => TemplateCatalogue::built_in(),
    };
    let checked = Checked {
        catalogue: named.map_or_else(|| "built in".to_owned(), |path| path.display().to_string()),
        warnings: catalogue.warnings(true),
        templates: catalogue.describe().into_iter().map(|described| template(&described)).collect(),
    };
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string(&checked)?)?);
    }
    print(&checked, out)
}

fn refused(path: &Path, faults: &str) -> Failure {
    let faults = faults.trim_start_matches("TEMPLATES_FILE: ").replace("; ", "\n  ");
    Failure::refused(format!(
        "{}: the programs would not start with this catalogue\n  {faults}",
        path.display()
    ))
}

fn template<'a>(described: &Described<'a>) -> Template<'a> {
    let purpose = described.purpose;
    let code_of = |language: Language| {
        described.languages.iter().find(|(known, _)| *known == language).map(|(_, code)| *code)
    };
    let translation =
        |language| Translation { language, code: code_of(language), body: texts::body(purpose, language) };
    Template {
        purpose,
        needed: described.needed,
        name: described.name,
        parameters: described.parameters,
        sample: texts::sample(purpose),
        also_needs: texts::extras(purpose),
        languages: Language::iter().map(translation).collect(),
    }
}

fn print(checked: &Checked<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "Catalogue: {}", checked.catalogue)?;
    for template in &checked.templates {
        let needed = if template.needed { "needed" } else { "needed for calls" };
        let name = template.name.unwrap_or("not in the catalogue");
        writeln!(
            out,
            "\n{}  {name}  ({needed}; body parameters: {})",
            template.purpose, template.parameters
        )?;
        for translation in &template.languages {
            let code = translation.code.unwrap_or("–");
            writeln!(out, "  {}  {code:<6} {}", translation.language, translation.body.unwrap_or_default())?;
        }
        if let Some(sample) = template.sample {
            writeln!(out, "  sample     {sample}")?;
        }
        if let Some(also) = template.also_needs {
            writeln!(out, "  also       {also}")?;
        }
    }
    writeln!(out)?;
    for warning in &checked.warnings {
        writeln!(out, "Warning: {warning}")?;
    }
    if checked.warnings.is_empty() {
        writeln!(out, "Nothing is missing.")?;
    }
    Ok(())
}
