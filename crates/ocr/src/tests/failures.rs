//! Whatever the program does, the caller gets an error of its own, in bounded time, and nothing runs on.

use std::time::{Duration, Instant};

use futures_util::poll;

use super::script::Script;
use crate::process::{self, Limits};
use crate::testing as paint;
use crate::{OcrEngine, OcrError, OcrLanguage, Tesseract};

const ENG: &[OcrLanguage] = &[OcrLanguage::Eng];
const TABLE: &str = r"printf 'level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n'";
const LIMITS: Limits = Limits { time: Duration::from_mins(1), memory_bytes: 1 << 30, output_bytes: 1 << 20 };

#[tokio::test]
async fn each_failure_has_its_own_error() {
    for (body, expected) in [
        ("exit 1", OcrError::Undecodable),
        (
            "echo \"Tesseract couldn't load any languages!\" >&2; exit 1",
            OcrError::LanguageMissing(ENG.to_vec()),
        ),
        ("exit 3", OcrError::Failed { code: 3 }),
        ("kill -SEGV $$", OcrError::Killed { signal: 11 }),
        ("kill -ABRT $$", OcrError::Killed { signal: 6 }),
        // The CPU bound's signal.
        ("kill -XCPU $$", OcrError::TimedOut(Duration::from_mins(1))),
        ("exit 0", OcrError::Garbage),
        ("echo 'Amoxicillin 250mg'", OcrError::Garbage),
        ("printf '\\377\\376\\000'", OcrError::Garbage),
        (
            "while :; do echo 0123456789012345678901234567890123456789; done",
            OcrError::TooMuchOutput { limit_bytes: 1 << 20 },
        ),
    ] {
        let script = Script::reading(body);
        let read = script.engine().await.read(&paint::blank(), ENG).await;
        assert_eq!(read, Err(expected), "{body}");
    }
}

/// Warnings are many with some pictures, and no reason to fail or to wait.
#[tokio::test]
async fn a_flood_of_warnings_is_thrown_away() {
    let script = Script::reading(&format!(
        "i=0; while [ $i -lt 20000 ]; do echo 'Error in boxClipToRectangle: box outside rectangle' >&2; i=$((i+1)); done; {TABLE}"
    ));
    let reading = script.engine().await.read(&paint::blank(), ENG).await.unwrap();
    assert!(reading.lines.is_empty());
}

/// A program may answer before it has read its input, or never read it.
#[tokio::test]
async fn input_that_nobody_reads_is_no_failure() {
    let script = Script::new("exec 0<&-; echo ready");
    let finished = process::run(&script.program(), &[], &vec![7; 4 << 20], LIMITS).await.unwrap();
    assert_eq!((finished.code, finished.output.as_slice()), (0, b"ready\n".as_slice()));
}

#[tokio::test]
async fn the_input_arrives_whole_and_the_arguments_are_ours() {
    let script = Script::reading("echo \"$@\"; /usr/bin/wc -c");
    let engine = script.engine().await;
    let picture = vec![7; 3 << 20];
    let finished = engine.run(&picture, "eng+swa").await.unwrap();
    assert_eq!(
        String::from_utf8(finished.output).unwrap(),
        "stdin stdout -l eng+swa --psm 1 -c thresholding_method=2 -c tessedit_create_tsv=1\n3145728\n"
    );
}

#[tokio::test]
async fn the_environment_is_empty_and_the_limits_hold() {
    let script = Script::new("pwd; ulimit -v; ulimit -t; ulimit -c; ulimit -f; ulimit -n; exec /usr/bin/env");
    let limits = Limits { time: Duration::from_millis(59_500), ..LIMITS };
    // The shell asks for its limits after it has read a line, so after they are set.
    let script_of_input = Script::new("read -r go; exec \"$1\"");
    let program = script.program();
    let finished = process::run(&script_of_input.program(), &[program.to_str().unwrap()], b"go\n", limits)
        .await
        .unwrap();
    let output = String::from_utf8(finished.output).unwrap();
    let mut lines: Vec<&str> = output.lines().collect();
    // A shell puts its folder there by itself.
    lines.retain(|line| !line.starts_with("PWD="));
    assert_eq!(lines, ["/", "1048576", "60", "0", "0", "32", "OMP_THREAD_LIMIT=1"]);
}

#[tokio::test]
async fn memory_is_bounded() {
    // `dd` takes the block that it is told to. Input is there once the limits are.
    let script = Script::reading(
        "/usr/bin/head -c 1 >/dev/null; exec /bin/dd if=/dev/zero of=/dev/null bs=512M count=1",
    );
    let engine = script.engine_with(|config| config.memory_bytes = 64 << 20).await;
    assert_eq!(engine.read(&paint::blank(), ENG).await, Err(OcrError::Undecodable));
}

/// A program that ignores SIGTERM, and a child of it that holds its output: both are gone.
#[tokio::test]
async fn the_whole_group_is_killed_when_the_time_is_up() {
    let script =
        Script::reading("trap '' TERM; /bin/sleep 600 & /bin/mkdir \"$here/pid-$!\"; wait; /bin/sleep 600");
    let engine = script.engine_with(|config| config.time = Duration::from_secs(1)).await;
    let began = Instant::now();
    assert_eq!(engine.read(&paint::blank(), ENG).await, Err(OcrError::TimedOut(Duration::from_secs(1))));
    assert!(began.elapsed() < Duration::from_secs(20));
    gone(&script).await;
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_running() {
    let script = Script::reading("/bin/sleep 600 & /bin/mkdir \"$here/pid-$!\"; wait");
    let engine = script.engine().await;
    let picture = paint::blank();
    let mut read = engine.read(&picture, ENG);
    while pid(&script).is_none() {
        assert!(poll!(&mut read).is_pending());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(read);
    gone(&script).await;
}

#[tokio::test]
async fn one_reads_one_waits_and_the_next_is_told_at_once() {
    let script = Script::reading("exec /bin/sleep 600");
    let engine = script.engine_with(|config| config.waiting = 1).await;
    let picture = paint::blank();
    let (mut first, mut second) = (engine.read(&picture, ENG), engine.read(&picture, ENG));
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    assert_eq!(engine.read(&picture, ENG).await, Err(OcrError::Busy));
    // A place is free again when its picture is given up.
    drop(first);
    let mut third = engine.read(&picture, ENG);
    assert!(poll!(&mut third).is_pending());
    assert_eq!(engine.read(&picture, ENG).await, Err(OcrError::Busy));
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let script = Script::reading("exec /bin/sleep 600");
    let engine = script.engine_with(|config| config.wait = Duration::from_millis(20)).await;
    let picture = paint::blank();
    let mut first = engine.read(&picture, ENG);
    assert!(poll!(&mut first).is_pending());
    assert_eq!(engine.read(&picture, ENG).await, Err(OcrError::Busy));
}

#[tokio::test]
async fn languages_that_are_missing_are_left_out_while_one_remains() {
    use OcrLanguage::{Ara, Eng, Fra, Swa};
    let script = Script::reading("exit 9");
    let engine = script.engine().await;
    for (wanted, used) in [
        (&[Eng, Swa][..], Ok("eng+swa")),
        (&[Swa, Eng, Swa], Ok("swa+eng")),
        (&[Fra, Swa, Ara], Ok("swa")),
        (&[Fra, Ara], Err(OcrError::LanguageMissing(vec![Fra, Ara]))),
        (&[], Err(OcrError::NoLanguage)),
    ] {
        assert_eq!(engine.usable(wanted), used.map(str::to_owned));
    }
    let refused = engine.read(&paint::blank(), &[Ara]).await.unwrap_err();
    assert_eq!(refused.to_string(), "no pack of a wanted language is installed (Debian: tesseract-ocr-ara)");
}

#[tokio::test]
async fn a_probe_tells_what_there_is() {
    let probe = Script::reading("exit 0").probe().await;
    assert_eq!(probe.version, "5.3.0");
    assert_eq!(probe.languages.into_iter().collect::<Vec<_>>(), [OcrLanguage::Eng, OcrLanguage::Swa]);
    assert!(probe.turns);
}

#[tokio::test]
async fn a_probe_refuses_what_is_no_tesseract() {
    let all = OcrError::LanguageMissing(OcrLanguage::ALL.to_vec());
    for (text, expected) in [
        ("echo 'tesseract 4.1.1'", OcrError::TooOld { found: 4, needed: 5 }),
        ("echo 'GNU bash, version 5.2'", OcrError::NotTesseract),
        ("echo 'tesseract five'", OcrError::NotTesseract),
        ("echo 'tesseract 5.3; rm'", OcrError::NotTesseract),
        ("exit 1", OcrError::NotTesseract),
        ("kill -SEGV $$", OcrError::Killed { signal: 11 }),
        ("while :; do echo tesseract; done", OcrError::NotTesseract),
        ("echo 'tesseract v5.0.1.20220118'", all),
    ] {
        let script = Script::new(text);
        assert_eq!(Tesseract::probe(&script.config()).await, Err(expected), "{text}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_not_installed() {
    let script = Script::reading("exit 0");
    for program in ["/nowhere/tesseract".into(), "no-such-program-for-ocr".into(), script.folder().to_owned()]
    {
        let config = crate::Config { program, ..script.config() };
        assert_eq!(Tesseract::probe(&config).await, Err(OcrError::NotInstalled));
    }
    let engine = script.engine().await;
    std::fs::remove_file(script.program()).unwrap();
    assert_eq!(engine.read(&paint::blank(), ENG).await, Err(OcrError::NotInstalled));
}

/// The process that the script started and named a folder after.
fn pid(script: &Script) -> Option<u32> {
    let names = std::fs::read_dir(script.folder()).unwrap();
    let mut pids =
        names.filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix("pid-")?.parse().ok());
    pids.next()
}

/// Waits until it is gone. A zombie that nobody waits for is gone too.
async fn gone(script: &Script) {
    let stat = format!("/proc/{}/stat", pid(script).expect("the script has started its child"));
    for _ in 0..2_000 {
        match std::fs::read_to_string(&stat) {
            Err(_) => return,
            Ok(stat) if stat.contains(") Z ") || stat.contains(") X ") => return,
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    panic!("the child of the program still runs");
}
