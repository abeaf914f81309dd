//! Writes the documents of the HTTP API, or with `--check` compares them: exit code 1 names each one that drifted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use http_api::documents;

const USAGE: &str = "usage: generate-api-docs [--check] [--root DIR]";

fn main() -> ExitCode {
    let mut check = false;
    let mut root = workspace_root();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.len()) {
            ("--check", _) => check = true,
            ("--root", 1..) => root = PathBuf::from(args.next().unwrap_or_default()),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    let mut failed = false;
    for document in documents() {
        let path = root.join(document.path);
        let outcome = if check { compare(&path, &document.text) } else { write(&path, &document.text) };
        if let Err(problem) = outcome {
            eprintln!("{}: {problem}", document.path);
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Where this was built, or the current directory when that is gone.
fn workspace_root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if built.is_dir() { built } else { PathBuf::from(".") }
}

fn compare(path: &Path, text: &str) -> Result<(), String> {
    match fs::read_to_string(path) {
        Ok(found) if found == text => Ok(()),
        Ok(_) => Err("differs from the code; run `cargo xtask docs`".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).and_then(|()| fs::write(path, text)).map_err(|error| error.to_string())
}
