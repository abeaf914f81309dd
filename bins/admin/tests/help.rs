//! What `--help` says, as people read it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_concierge-admin")).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_program() {
    insta::assert_snapshot!(help(&["--help"]), @r#"
    Operates Concierge: its database, vendors, requests and sends

    Usage: concierge-admin <COMMAND>

    Commands:
      migrate       Bring the database to this program's schema version
      vendors       The vendor directory: import, list, explain
      requests      Clients' requests: list, show, takeover, resume, close
      consent       Consents to calls: show
      contacts      People: find, show, erase
      outbox        Sends and the breaker: list, show, unknown, resolve, breaker, resume
      dead-letters  What could not be worked: list, retry, resolve
      audit         The audit: verify, export, checkpoint
      tokens        Who may call the tools over HTTP: create, list, revoke
      flags         Switches that take effect at once, on every process: list, off, on
      templates     The template catalogue: check, and what to submit to Meta
      contract      Moltbot's output contract: check answers
      help          Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Environment (see .env.example):
      DATABASE_URL  sqlite://path or postgres://… [default: sqlite://concierge.db]
      DATA_KEY      opens personal data; required with PostgreSQL
      RUST_LOG      what is logged on standard error [default: warn]

    Exit codes:
      0  done
      2  missing or malformed configuration, or wrong use
      1  anything else: database unreachable, a row refused, an answer rejected
    "#);
}

#[test]
fn outbox_resolve_explains_both_choices() {
    insta::assert_snapshot!(help(&["outbox", "resolve", "--help"]), @r#"
    Say what became of an unknown send, after asking the recipient or looking at Meta's side

    Nothing is sent by either choice. Both are recorded in the audit as yours.

    Usage: concierge-admin outbox resolve [OPTIONS] <ID>

    Arguments:
      <ID>
              The send, as `outbox unknown` shows it

    Options:
          --delivered
              The recipient has it: it counts as accepted from now on

          --not-delivered
              The recipient does not have it: it counts as failed for good. It is not sent again; if the
              message is still wanted, a new one is written, by the workflow or by a person

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin outbox resolve int_0190a1b2c3d4e5f60718293a4b5c6d7e --delivered
      concierge-admin outbox resolve int_0190a1b2c3d4e5f60718293a4b5c6d7e --not-delivered
    "#);
}

#[test]
fn flags_off_names_what_there_is() {
    insta::assert_snapshot!(help(&["flags", "off", "--help"]), @r"
    Switch something off, at once and on every process

    No process is restarted and nothing is lost. With `outbound` off nothing is sent and nobody is
    called; what is on the wire already arrives, the rest stays queued. Recorded in the audit as yours.

    Usage: concierge-admin flags off <NAME>

    Arguments:
      <NAME>
              What to switch off
              
              [possible values: ai_concierge, ocr, calling, outbound]

    Options:
      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin flags off outbound
      concierge-admin flags off ai_concierge
    ");
}

#[test]
fn outbox_resume_says_what_follows() {
    insta::assert_snapshot!(help(&["outbox", "resume", "--help"]), @r"
    Close the breaker: what it holds goes out, and counting starts anew

    Look first why so much was sent (`outbox breaker`, `requests list`). Held sends that are stale by
    now are cancelled instead. Recorded in the audit as yours.

    Usage: concierge-admin outbox resume [OPTIONS]

    Options:
          --vendor <ID>
              Close this vendor's breaker alone

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin outbox resume
      concierge-admin outbox resume --vendor shop-17
    ");
}

#[test]
fn outbox_breaker_says_what_opens_it() {
    insta::assert_snapshot!(help(&["outbox", "breaker", "--help"]), @r"
    Show the breaker for outbound volume: how much went out lately, and what is held

    More messages in an hour than OUTBOUND_PER_HOUR_MAX, or more to one vendor in 24 hours than
    OUTBOUND_PER_VENDOR_PER_DAY_MAX (both from the workers' environment), open it. What it holds stays
    queued, and it stays open until `outbox resume`.

    Usage: concierge-admin outbox breaker [OPTIONS]

    Options:
          --vendor <ID>
              Count what went out to this vendor too

          --json
              Print one JSON object instead of a table

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin outbox breaker
      concierge-admin outbox breaker --vendor shop-17 --json
    ");
}

#[test]
fn contacts_erase_says_that_there_is_no_way_back() {
    insta::assert_snapshot!(help(&["contacts", "erase", "--help"]), @r#"
    Erase a person for good: nobody can read their data again, and they are not contacted again

    Destroys the key that seals their names, numbers, messages and everything that speaks of them. Open
    requests of theirs are closed; requests that wait for them as a vendor go on without them; queued
    messages are cancelled. The audit chains stay whole. Running it again finishes what was interrupted.
    What backups still hold: docs/erasure.md.

    Usage: concierge-admin contacts erase [OPTIONS] [CONTACT]

    Arguments:
      [CONTACT]
              The person, as `contacts find` shows them

    Options:
          --phone <NUMBER>
              Their number, with + and country code

          --bsuid <ID>
              Their business-scoped user id

          --vendor <VENDOR>
              The vendor of the directory

          --request <REQUEST>
              The client of this request

          --yes
              Do not ask; required when standard input is not a terminal

          --dry-run
              Say what would happen, and change nothing

          --json
              Print one JSON object

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin contacts erase con_0190a1b2c3d4e5f60718293a4b5c6d7e --dry-run
      concierge-admin contacts erase --phone +254700000101
      concierge-admin contacts erase --vendor spare-parts-05 --yes --json
    "#);
}

#[test]
fn vendors_import_names_every_column() {
    insta::assert_snapshot!(help(&["vendors", "import", "--help"]), @r#"
    Import the vendor directory from a CSV file

    The first line names the columns, exactly as listed below and in that order; the last may be left
    out.

    Every row is checked before the first is imported: if one is bad, all faults are listed with line
    and column and nothing changes. A vendor that is known by its id is brought up to date; vendors that
    the file does not name stay as they are. Importing the same file again is harmless. At most 64 MiB
    and 200,000 rows.

    Usage: concierge-admin vendors import [OPTIONS] <FILE>

    Arguments:
      <FILE>
              The CSV file; `-` reads standard input

    Options:
          --dry-run
              Check everything and count what would change, but change nothing

      -h, --help
              Print help (see a summary with '-h')

    Columns:
      vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating,hours

      vendor_id          your own id: 1 to 64 of A-Z a-z 0-9 . _ : -
      name               shown to clients
      phone              with + and country code; blanks, hyphens, dots and brackets are dropped
      categories         one or more, separated by ;
      latitude           degrees north, -90 to 90; empty if longitude is
      longitude          degrees east, -180 to 180; empty if latitude is
      timezone           IANA name, such as Africa/Nairobi
      languages          of en es pt fr sw ar, separated by ; with the preferred one first
      accepts_inquiries  true, false, yes, no, 1 or 0: whether the vendor agreed to be asked
      rating             0 to 5, or empty
      hours              when it is open, in its own time: mo-fr 08:00-12:00,14:00-18:00, or 24/7;
                         empty, or the column left out: not known, and counts as open

    Examples:
      concierge-admin vendors import vendors.csv --dry-run
      concierge-admin vendors import vendors.csv
      export-directory | concierge-admin vendors import -
    "#);
}

#[test]
fn tokens_create_names_every_scope() {
    insta::assert_snapshot!(help(&["tokens", "create", "--help"]), @r#"
    Make a token and print it, once

    Standard output is the token alone, so that it can go straight into a secret store; what is kept of
    it here is a hash. The name stands in the audit as who did it: use one per service or person. To
    replace a token, make a second one of the same name, hand it out, and revoke the first: idempotency
    keys belong to the name.

    Usage: concierge-admin tokens create [OPTIONS] --name <NAME> --actor <ACTOR> --scope <SCOPES>

    Options:
          --name <NAME>
              Who it is for: a-z 0-9 _ . : - and no number of seven digits; no name of a person's

          --actor <ACTOR>
              Whether a service or a person acts with it

              Possible values:
              - service: Another service
              - human:   A person

          --scope <SCOPES>
              What it allows, separated by commas

          --expires-in-days <DAYS>
              Days until it expires [default: never]

          --json
              Print one JSON object with the token in it

      -h, --help
              Print help (see a summary with '-h')

    Scopes (none includes another):
      read     tools that read
      write    tools that write
      send     tools that send messages
      call     tools that place calls
      operate  steps that only a person may take, such as out of `escalated`; for --actor human alone

    Examples:
      concierge-admin tokens create --name crm --actor service --scope read,send
      concierge-admin tokens create --name ops-2 --actor human --scope send,operate --expires-in-days 90
    "#);
}

#[test]
fn audit_verify_says_what_a_verdict_proves() {
    insta::assert_snapshot!(help(&["audit", "verify", "--help"]), @r#"
    Hold every record, head, checkpoint and payload against each other; or an exported file against
    itself

    Of the database: every chain from its first record to its stored head, the series of checkpoints and
    every record they name, every payload against its record's commitment. Payloads of erased people are
    counted as erased. Of a file: the same, without a database and without its configuration. Only an
    anchor that was kept elsewhere shows that a tail was cut or rewritten by someone who can rewrite
    everything. docs/audit.md says what a verdict proves. Exit code 1 if something does not hold.

    Usage: concierge-admin audit verify [OPTIONS]

    Options:
          --anchor <HASH>
              A checkpoint's hash that was kept elsewhere. Of the database: that checkpoint must be in
              the series. Of a file: it must be the one that closes the file

          --request <ID>
              Only this request's chain

          --file <EXPORT>
              An exported file instead of the database; `-` reads standard input

          --includes <HASH>
              A checkpoint's hash that was kept from before the export: it must be in the file's series

          --json
              Print one JSON object

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin audit verify
      concierge-admin audit verify --anchor 5f0c…
      concierge-admin audit verify --request req_0190a1b2c3d4e5f60718293a4b5c6d7e
      concierge-admin audit verify --file audit.jsonl --anchor 5f0c…
    "#);
}

#[test]
fn audit_export_says_where_personal_data_goes() {
    insta::assert_snapshot!(help(&["audit", "export", "--help"]), @r#"
    Write the audit as a file that a stranger can verify, and print its anchor

    One canonical JSON object a line, closed by a new checkpoint; its hash is the anchor, for the file
    and for the database. Without --payloads the file holds random ids, closed codes and hashes, and
    nothing personal. What does not hold is not exported. The export is recorded in the audit.

    Usage: concierge-admin audit export [OPTIONS]

    Options:
          --out <FILE>
              Where to; must not exist yet [default: standard output, with the anchor on standard error]

          --request <ID>
              Only this request's chain

          --payloads
              With what was said and done, as far as it was not erased: PERSONAL DATA

          --json
              Print the summary as one JSON object

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin audit export --out audit.jsonl
      concierge-admin audit export --request req_0190… --payloads --out one.jsonl
      concierge-admin audit export | gzip > audit.jsonl.gz
    "#);
}

#[test]
fn consent_show_guesses_nothing() {
    insta::assert_snapshot!(help(&["consent", "show", "--help"]), @"
    Show who was asked for a consent to calls, and what WhatsApp permits: every word of it, with its
    time

    For each person: Meta's permission and its end; then each consent with its key and scope, in which
    wording and language it was asked for, how and when, and its whole history, refusals included. What
    is shown was stored, or follows from it at this moment; whether a call would go through is not
    guessed. Numbers are masked.

    Usage: concierge-admin consent show [OPTIONS] <REQUEST>

    Arguments:
      <REQUEST>
              The request, as `requests list` shows it

    Options:
          --json
              Print one JSON object

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin consent show req_0190a1b2c3d4e5f60718293a4b5c6d7e
      concierge-admin consent show req_0190a1b2c3d4e5f60718293a4b5c6d7e --json
    ");
}

#[test]
fn contract_check() {
    insta::assert_snapshot!(help(&["contract", "check", "--help"]), @r#"
    Check answers against the output contract

    Without --context: bytes and shape, as docs/moltbot/output-contract.v1.json says. With it: also
    sense, against what Moltbot was shown. Every violation of the first layer that fails is listed. Exit
    code 1 if one answer is rejected or unreadable. Needs no configuration and no database.

    Usage: concierge-admin contract check [OPTIONS] <FILE>...

    Arguments:
      <FILE>...
              Answers; `-` reads standard input

    Options:
          --context <FILE>
              The Context Pack that the answers answer, as JSON

          --json
              Print one JSON object a line and file:
              {"file","accepted","violations":[{"pointer","rule","message"}]}

      -h, --help
              Print help (see a summary with '-h')

    Examples:
      concierge-admin contract check answer.json
      concierge-admin contract check --context pack.json answer.json
      concierge-admin contract check --json answers/*.json
      echo '{"type":"escalate"}' | concierge-admin contract check -
    "#);
}

#[test]
fn every_command_has_an_example() {
    for command in [
        ["migrate", ""],
        ["vendors", "import"],
        ["vendors", "list"],
        ["vendors", "explain"],
        ["outbox", "list"],
        ["outbox", "show"],
        ["templates", "check"],
        ["requests", "list"],
        ["requests", "show"],
        ["requests", "takeover"],
        ["requests", "resume"],
        ["requests", "close"],
        ["consent", "show"],
        ["contacts", "find"],
        ["contacts", "show"],
        ["contacts", "erase"],
        ["outbox", "unknown"],
        ["outbox", "resolve"],
        ["dead-letters", "list"],
        ["dead-letters", "retry"],
        ["dead-letters", "resolve"],
        ["audit", "verify"],
        ["audit", "export"],
        ["audit", "checkpoint"],
        ["tokens", "create"],
        ["tokens", "list"],
        ["tokens", "revoke"],
        ["contract", "check"],
        ["flags", "list"],
        ["flags", "off"],
        ["flags", "on"],
        ["outbox", "breaker"],
        ["outbox", "resume"],
    ] {
        let arguments: Vec<&str> =
            command.into_iter().filter(|word| !word.is_empty()).chain(["--help"]).collect();
        let text = help(&arguments);
        let example = format!("concierge-admin {}", command.join(" ").trim());
        assert!(text.contains("Example") && text.contains(&example), "{command:?}: {text}");
    }
}
