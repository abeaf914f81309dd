//! Documents say what is there: links lead somewhere, commands and files exist, nothing of a developer's machine.

// Helpers of tests, which the lints do not take for tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use simulation::process::Programs;

fn workspace() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// Every file of the checkout by its path in it: those that git tracks, or where there is no git all but build
/// folders, which carry a `CACHEDIR.TAG`.
fn files() -> Vec<String> {
    let tracked = Command::new("git").arg("-C").arg(workspace()).args(["ls-files", "-z"]).output();
    let tracked = tracked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let mut found: Vec<String> = tracked.map_or_else(Vec::new, |names| {
        let names = String::from_utf8(names).unwrap();
        names
            .split_terminator('\0')
            .filter(|name| workspace().join(name).is_file())
            .map(str::to_owned)
            .collect()
    });
    if found.is_empty() {
        walk(&workspace(), &workspace(), &mut found);
    }
    found.sort();
    found
}

fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
    if folder.join("CACHEDIR.TAG").exists() {
        return;
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(".git") {
            walk(&path, root, found);
        } else if path.is_file() {
            found.push(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

fn documents() -> BTreeMap<String, String> {
    let markdown = files().into_iter().filter(|path| Path::new(path).extension().is_some_and(|e| e == "md"));
    markdown.map(|path| (path.clone(), fs::read_to_string(workspace().join(path)).unwrap())).collect()
}

/// A document in pieces: lines of fenced code, lines of prose.
fn lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut fenced = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        Some((fenced, line))
    })
}

/// The spans between backticks of a line of prose.
fn inline_code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Everything that is written as code: fenced lines and inline spans. A span may run over the end of a line.
fn code(text: &str) -> Vec<String> {
    let fenced = lines(text).filter(|(fenced, _)| *fenced).map(|(_, line)| line.to_owned());
    let prose: Vec<&str> = lines(text).filter(|(fenced, _)| !fenced).map(|(_, line)| line).collect();
    fenced.chain(inline_code(&prose.join(" ")).map(str::to_owned)).collect()
}

/// The targets of `[text](target)` in prose.
fn links(text: &str) -> Vec<&str> {
    let prose = lines(text).filter(|(fenced, _)| !fenced);
    prose.flat_map(|(_, line)| line.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

/// The anchors of a document, as GitHub makes them from headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = lines(text).filter(|(fenced, line)| !fenced && line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let kept = line.trim_start_matches('#').trim().to_lowercase();
            let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    assert!(documents.contains_key("README.md"), "this test looks in the wrong folder");
    let mut faults = Vec::new();
    for (path, text) in &documents {
        for link in links(text).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = Path::new(path).parent().unwrap();
            let target = if file.is_empty() { PathBuf::from(path) } else { folder.join(file) };
            let Ok(target) = fs::canonicalize(workspace().join(target)) else {
                faults.push(format!("{path}: {link} does not exist"));
                continue;
            };
            let inside = target.strip_prefix(workspace()).unwrap().display().to_string();
            if !anchor.is_empty()
                && !documents.get(&inside).is_some_and(|text| anchors(text).contains(anchor))
            {
                faults.push(format!("{path}: {link} has no such heading"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_that_are_named_exist() {
    const TOPS: [&str; 9] =
        ["crates/", "bins/", "migrations/", "docs/", "tests/", "xtask/", ".agent/", ".ci/", ".cargo/"];
    let mut faults = Vec::new();
    for (path, text) in documents() {
        for span in code(&text) {
            // `store/src/lanes.rs` is short for the file of that crate.
            let words = span.split_whitespace().map(|word| word.trim_end_matches([',', ';', ':', '.']));
            for file in
                words.filter(|word| TOPS.iter().any(|top| word.starts_with(top)) || word.contains("/src/"))
            {
                let is_pattern = file.contains(['*', '…', '<', '{']);
                let exists = ["", "crates"].into_iter().any(|top| workspace().join(top).join(file).exists());
                if !is_pattern && !exists {
                    faults.push(format!("{path}: there is no {file}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The crates of ours in a manifest's `[dependencies]`.
fn dependencies(manifest: &str, ours: &BTreeSet<String>) -> BTreeSet<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| ours.contains(*name)).map(str::to_owned).collect()
}

#[test]
fn crates_depend_as_the_architecture_allows() {
    let folder = workspace().join("crates");
    let ours: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| folder.join(name).join("Cargo.toml").exists())
        .collect();
    let text = fs::read_to_string(workspace().join("docs/architecture.md")).unwrap();
    let table =
        text.split("| crate | may depend on |\n|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in table.lines() {
        let [crates, on]: [&str; 2] =
            row.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>().try_into().unwrap();
        let named: BTreeSet<String> = inline_code(on).map(str::to_owned).collect();
        let all_but =
            on.starts_with("all above but").then(|| allowed.keys().filter(|name| !named.contains(*name)));
        let on = all_but.map_or(named.clone(), |names| names.cloned().collect());
        allowed.extend(inline_code(crates).map(|name| (name.to_owned(), on.clone())));
    }
    let mut faults = Vec::new();
    // Measuring needs whatever it measures.
    for name in ours.iter().filter(|name| *name != "bench") {
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!("docs/architecture.md says nothing of {name}"));
            continue;
        };
        let manifest = fs::read_to_string(folder.join(name).join("Cargo.toml")).unwrap();
        let beyond = dependencies(&manifest, &ours).into_iter().filter(|other| !allowed.contains(other));
        faults.extend(beyond.map(|other| format!("{name} must not depend on {other}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(
        dependencies("\n[dependencies]\nstore.workspace = true\n[x]\naudit = 1", &ours).contains("store")
    );
}

/// One use of `concierge-admin`: the words that name the command, and its options.
fn admin_commands(code: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let uses = code.split("concierge-admin ").skip(1);
    uses.map(|rest| {
        let end = rest.find(['#', '|', '&', ';', '"', '\\']).unwrap_or(rest.len());
        let words: Vec<String> =
            rest.get(..end).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let is_name = |word: &&String| {
            word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
        };
        let options = words.iter().filter(|word| word.starts_with("--")).cloned().collect();
        (words.iter().take_while(is_name).cloned().collect(), options)
    })
    .collect()
}

#[test]
fn admin_commands_exist_with_their_options() {
    let program = Programs::find().unwrap().path("concierge-admin").unwrap();
    let help = |words: &[String]| {
        let output = Command::new(&program).args(words).arg("--help").output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    let mut documents = documents();
    let example = fs::read_to_string(workspace().join(".env.example")).unwrap();
    documents.insert(".env.example".to_owned(), example);
    for (path, text) in documents {
        for (words, options) in code(&text).iter().flat_map(|code| admin_commands(code)) {
            let Some(help) = help(&words) else {
                faults.push(format!("{path}: concierge-admin {} does not exist", words.join(" ")));
                continue;
            };
            let missing = options.iter().filter(|option| !help.contains(option.as_str()));
            faults.extend(missing.map(|option| format!("{path}: {} has no {option}", words.join(" "))));
            seen.insert(words);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(seen.len() > 8, "only {seen:?} were found: this test looks in the wrong place");
}

/// Each alert has its section, with the rule as it is, and asks only for metrics that exist.
#[test]
fn alerts_are_explained_and_ask_for_what_there_is() {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).unwrap();
    let (rules, page) = (read("docs/operations/alerts.yml"), read("docs/operations/alerts.md"));
    let metrics =
        ["families.rs", "counters.rs"].map(|file| read(&format!("crates/http-api/src/metrics/{file}")));
    let sections: BTreeMap<&str, &str> =
        page.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let rules: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(rules.len() > 10, "this test looks in the wrong place");
    for rule in &rules {
        let mut lines = rule.lines().map(str::trim);
        let name = lines.next().unwrap();
        let asked = lines.find(|line| *line != "expr: >-").unwrap();
        let section = sections.get(name).unwrap_or_else(|| panic!("alerts.md has no section {name}"));
        assert!(section.contains(&format!("\n{asked}\n")), "{name}: alerts.md has another rule than {asked}");
        assert!(rule.contains(&format!("alerts.md#{}", name.to_lowercase())), "{name} leads elsewhere");
        for word in asked.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            let metric = word.strip_suffix("_bucket").unwrap_or(word);
            let known = || metrics.iter().any(|source| source.contains(&format!("\"{metric}\"")));
            assert!(!metric.starts_with("concierge_") || known(), "{name}: there is no metric {metric}");
        }
    }
    assert_eq!(sections.len(), rules.len(), "a section without a rule");
}

#[test]
fn the_sample_directory_imports() {
    let program = Programs::find().unwrap().path("concierge-admin").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let admin = |arguments: &[&str]| {
        let output = Command::new(&program)
            .args(arguments)
            .env("DATABASE_URL", format!("sqlite://{}", folder.path().join("vendors.db").display()))
            .env_remove("DATA_KEY")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let sample = workspace().join("docs/examples/vendors.csv");
    let rows = fs::read_to_string(&sample).unwrap().lines().count() - 1;
    admin(&["vendors", "import", &sample.display().to_string()]);
    let listed: serde_json::Value = serde_json::from_str(&admin(&["vendors", "list", "--json"])).unwrap();
    let vendors = listed.get("vendors").and_then(|vendors| vendors.as_array()).unwrap();
    assert_eq!(vendors.len(), rows);
}

#[test]
fn stories_that_are_named_can_be_played() {
    let mut named = BTreeSet::new();
    for (path, text) in documents() {
        for span in code(&text).iter().filter(|span| span.contains("--scenario ")) {
            let name =
                span.split("--scenario ").nth(1).and_then(|rest| rest.split([' ', ']']).next()).unwrap();
            let is_story = name == "all" || name == "NAME" || simulation::scenarios::find(name).is_some();
            assert!(is_story, "{path}: there is no scenario {name}");
            named.insert(name.to_owned());
        }
    }
    assert!(named.contains("all"), "this test looks in the wrong place");
}

/// Folders that exist on one developer's machine alone, and hosts that stand in for the public registry.
#[test]
fn nothing_of_a_machine_is_in_the_files() {
    // Written in two halves, or this file would be the first to be found.
    let machine = [("/ro", "ot/"), ("/wo", "rk/"), ("/ho", "me/"), ("/Use", "rs/"), ("C:\\", "Users")];
    let machine: Vec<String> = machine.iter().map(|(a, b)| format!("{a}{b}")).collect();
    let starts = [' ', '"', '\'', '`', '(', '=', ':', '\n', '\t'];
    let mut faults = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(workspace().join(&path)) else { continue };
        let found = machine
            .iter()
            .filter(|place| starts.iter().any(|start| text.contains(&format!("{start}{place}"))));
        faults.extend(found.map(|place| format!("{path}: {place}")));
    }
    let lock = fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
    let sources: BTreeSet<&str> = lock.lines().filter(|line| line.starts_with("source = ")).collect();
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    faults.extend(
        sources.into_iter().filter(|source| *source != public).map(|source| format!("Cargo.lock: {source}")),
    );
    let cargo = fs::read_to_string(workspace().join(".cargo/config.toml")).unwrap();
    let redirects = ["[source", "[registries", "[registry"].into_iter().filter(|table| cargo.contains(table));
    faults.extend(redirects.map(|table| format!(".cargo/config.toml: {table}")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_readers_of_documents_read() {
    let text = "# A head: line\n\nSee [one](a.md#x) and [two](b.md), `crates/a` or `b\nc`.\n\n```sh\nconcierge-admin vendors import a.csv --dry-run # [no](link)\n```\n";
    assert_eq!(links(text), ["a.md#x", "b.md"]);
    assert_eq!(anchors(text), BTreeSet::from(["a-head-line".to_owned()]));
    let code = code(text);
    assert!(code.contains(&"crates/a".to_owned()) && code.contains(&"b c".to_owned()), "{code:?}");
    let commands: Vec<_> = code.iter().flat_map(|code| admin_commands(code)).collect();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    assert_eq!(commands, [(words(&["vendors", "import"]), words(&["--dry-run"]))]);
}
