#!/usr/bin/env python3
"""Verifies an audit export of Concierge. Needs Python 3.9 and its standard library, nothing of Concierge.

    python3 verify_export.py EXPORT [--anchor HASH] [--includes HASH] [--json]

The format and what a verdict proves are described in docs/audit.md. This program was written from that page.
Exit code: 0 the file holds, 1 it does not, 2 wrong use or an unreadable file.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys

FORMAT = 1
LINE_MAX = 64 * 1024 * 1024  # bytes
DEPTH_MAX = 127  # arrays and objects inside one another, in one line

ACTORS = {"client", "vendor", "orchestrator", "system", "service", "human"}
OUTCOMES = {"ok", "refused", "replayed", "rejected", "failed", "unknown", "ignored"}


class Fault(Exception):
    """Why the file does not hold."""


def require(condition, fault):
    if not condition:
        raise Fault(fault)


# The canonical form and the digests ------------------------------------------------------------------------


def canonical(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def start(tag):
    return hashlib.sha256(b"concierge.audit.v1." + tag + b"\n")


def digest(tag, body):
    hasher = start(tag)
    hasher.update(body)
    return hasher.hexdigest()


def hash_of(tag, members):
    """What the member `hash` must be: the digest of all others."""
    return digest(tag, canonical({name: value for name, value in members.items() if name != "hash"}))


# What each line may hold -----------------------------------------------------------------------------------


def is_text(value):
    return type(value) is str


def is_bool(value):
    return type(value) is bool


def is_count(value):
    return type(value) is int and 0 <= value < 2**64


def is_time(value):
    """Milliseconds since the epoch."""
    return type(value) is int and -(2**63) <= value < 2**63


def is_digest(value):
    return is_text(value) and re.fullmatch("[0-9a-f]{64}", value) is not None


def is_chain(value):
    return is_text(value) and re.fullmatch("system|req_[0-9a-f]{32}", value) is not None


def or_null(check):
    return lambda value: value is None or check(value)


def has_members(**checks):
    return lambda value: (
        type(value) is dict
        and value.keys() == checks.keys()
        and all(check(value[name]) for name, check in checks.items())
    )


HEAD = has_members(hash=is_digest, seq=is_count)

LINES = {
    "header": has_members(
        format=lambda value: type(value) is int and value == FORMAT,
        payloads=is_bool,
        scope=lambda value: value == "all" or is_chain(value),
    ),
    "record": has_members(
        action=is_text,
        actor=has_members(kind=lambda value: is_text(value) and value in ACTORS, name=is_text),
        at=is_time,
        caused_by=or_null(is_text),
        chain=is_chain,
        commitment=is_digest,
        hash=is_digest,
        outcome=lambda value: is_text(value) and value in OUTCOMES,
        prev_hash=is_digest,
        reasons=lambda value: type(value) is list and all(map(is_text, value)),
        seq=is_count,
    ),
    "payload": has_members(
        chain=is_chain, erased=is_bool, salt=or_null(is_digest), seq=is_count, value=lambda value: True
    ),
    "checkpoint": has_members(
        at=is_time,
        content=or_null(is_digest),
        hash=is_digest,
        heads=lambda value: type(value) is dict
        and all(is_chain(chain) and HEAD(head) for chain, head in value.items()),
        number=is_count,
        prev_hash=is_digest,
    ),
    "footer": has_members(
        chains=is_count,
        checkpoint=is_count,
        hash=is_digest,
        payloads_erased=is_count,
        payloads_open=is_count,
        records=is_count,
    ),
}


def is_plain(value, depth):
    """No number that another language would read otherwise, no endless nesting."""
    if type(value) is int:
        return -(2**63) <= value < 2**64
    if type(value) in (list, dict):
        inner = value.values() if type(value) is dict else value
        return depth <= DEPTH_MAX and all(is_plain(item, depth + 1) for item in inner)
    return True


def read_line(line):
    """The kind and the members of a line; a fault unless it is exactly what `canonical` writes."""
    require(line.endswith(b"\n") and len(line) <= LINE_MAX, "no line of an export: no line break, or too long")
    try:
        whole = json.loads(line)
        spelled = canonical(whole) + b"\n"
        json.dumps(whole, ensure_ascii=False).encode("utf-8")  # fails on half a surrogate pair
    except (ValueError, RecursionError):
        raise Fault("no line of an export: not JSON") from None
    require(spelled == line, "no line of an export: not in canonical form")
    require(type(whole) is dict and len(whole) == 1, "no line of an export: not one object with one member")
    (kind, members), = whole.items()
    require(kind in LINES and LINES[kind](members), "no line of an export: unknown kind, or other members")
    require(kind != "payload" or is_plain(members["value"], 3), "no line of an export: a number out of range")
    return kind, members


# The order of lines, the chains, the checkpoints -----------------------------------------------------------


class Export:
    """Takes the lines one by one and raises the first fault."""

    def __init__(self):
        self.header = None
        self.footer = None
        self.content = start(b"export")  # over all lines before the first checkpoint
        self.chains = {}  # each chain's record hashes in order, 32 bytes each
        self.chain = ""  # the chain whose records are coming
        self.owed = None  # the record whose payload line must come next
        self.records = self.payloads_open = self.payloads_erased = 0
        self.checkpoints = []  # hashes
        self.closing_content = None
        self.latest = {}  # each chain's latest head in the checkpoints

    def push(self, line):
        kind, members = read_line(line)
        require((kind == "header") == (self.header is None), f"a {kind} line may not stand here")
        require(self.footer is None, "something stands behind the footer")
        require(kind == "payload" or self.owed is None, "a record has no payload line")
        if kind in ("header", "record", "payload"):
            require(not self.checkpoints, f"a {kind} line may not stand behind a checkpoint")
            self.content.update(line)
        getattr(self, "on_" + kind)(members)

    def on_header(self, header):
        self.header = header

    def on_record(self, record):
        chain, seq = record["chain"], record["seq"]
        if chain != self.chain:
            require(chain > self.chain and self.in_scope(chain), f"chain {chain} may not stand here")
            self.chain = chain
            self.chains[chain] = bytearray()
        hashes = self.chains[chain]
        require(seq == len(hashes) // 32 + 1, f"chain {chain}: record {seq} is missing, moved or there twice")
        before = hashes[-32:].hex() if hashes else digest(b"genesis", chain.encode())
        require(record["prev_hash"] == before, f"chain {chain}: record {seq} does not link to the one before")
        require(record["hash"] == hash_of(b"record", record), f"chain {chain}: record {seq} was changed")
        hashes += bytes.fromhex(record["hash"])
        self.records += 1
        self.owed = record if self.header["payloads"] else None

    def on_payload(self, payload):
        record, self.owed = self.owed, None
        require(record is not None, "a payload line may not stand here")
        place = (payload["chain"], payload["seq"])
        require(place == (record["chain"], record["seq"]), "a record has no payload line")
        if payload["erased"]:
            require(payload["salt"] is None and payload["value"] is None, "an erased payload holds something")
            self.payloads_erased += 1
        else:
            require(payload["salt"] is not None, "a payload has no salt")
            made = hmac.new(bytes.fromhex(payload["salt"]), canonical(payload["value"]), "sha256").hexdigest()
            require(made == record["commitment"], "the payload is not the one that its record commits to")
            self.payloads_open += 1

    def on_checkpoint(self, checkpoint):
        number = checkpoint["number"]
        before = self.checkpoints[-1] if self.checkpoints else digest(b"genesis", b"checkpoints")
        require(number == len(self.checkpoints) + 1, f"checkpoint {number} is missing, moved or there twice")
        require(checkpoint["prev_hash"] == before, f"checkpoint {number} does not link to the one before")
        require(checkpoint["hash"] == hash_of(b"checkpoint", checkpoint), f"checkpoint {number} was changed")
        for chain, head in checkpoint["heads"].items():
            last = self.latest.get(chain, {"seq": 0})
            forward = head["seq"] > last["seq"] or head == last
            require(forward, f"checkpoint {number} takes chain {chain} back")
            if self.in_scope(chain):
                end = head["seq"] * 32
                there = self.chains.get(chain, b"")[end - 32 : end].hex()
                require(there == head["hash"], f"checkpoint {number} names another record {head['seq']} of {chain}")
            self.latest[chain] = head
        self.checkpoints.append(checkpoint["hash"])
        self.closing_content = checkpoint["content"]

    def on_footer(self, footer):
        require(self.closing_content == self.content.hexdigest(), "the closing checkpoint is about other lines")
        for chain, hashes in self.chains.items():
            head = {"hash": hashes[-32:].hex(), "seq": len(hashes) // 32}
            require(self.latest.get(chain) == head, f"the checkpoints do not cover chain {chain} to its end")
        counted = {
            "chains": len(self.chains),
            "checkpoint": len(self.checkpoints),
            "hash": self.checkpoints[-1],
            "payloads_erased": self.payloads_erased,
            "payloads_open": self.payloads_open,
            "records": self.records,
        }
        require(footer == counted, "the footer does not fit what stands before it")
        self.footer = footer

    def in_scope(self, chain):
        return self.header["scope"] in ("all", chain)

    def finish(self, anchor=None, includes=None):
        require(self.footer is not None, "the file ends without its footer: it was cut, or is not finished")
        require(anchor in (None, self.footer["hash"]), "the anchor is not the hash of the closing checkpoint")
        require(includes is None or includes in self.checkpoints, "the checkpoint that was kept is not in it")


def verify(file, anchor=None, includes=None):
    """Reads a file opened for bytes. Returns (None, export), or (what is wrong and where, None)."""
    export, number = Export(), 0
    try:
        while True:
            line = file.readline(LINE_MAX + 1)
            if not line:
                break
            number += 1
            export.push(line)
        export.finish(anchor, includes)
    except Fault as fault:
        return f"line {number}: {fault}", None
    return None, export


def main():
    parser = argparse.ArgumentParser(description="Verifies an audit export of Concierge.")
    parser.add_argument("export", help="the file; - reads standard input")
    parser.add_argument("--anchor", metavar="HASH", help="the anchor that was printed at export")
    parser.add_argument("--includes", metavar="HASH", help="a checkpoint's hash that was kept from before")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    for name in ("anchor", "includes"):
        given = getattr(arguments, name)
        if given is not None and not is_digest(given):
            parser.error(f"--{name}: 64 lower-case hexadecimal digits are needed")
    try:
        if arguments.export == "-":
            fault, export = verify(sys.stdin.buffer, arguments.anchor, arguments.includes)
        else:
            with open(arguments.export, "rb") as file:
                fault, export = verify(file, arguments.anchor, arguments.includes)
    except OSError as error:
        parser.error(f"cannot read {arguments.export}: {error.strerror}")
    if arguments.json:
        anchored = arguments.anchor is not None and fault is None
        counts = export.footer if export else None
        print(json.dumps({"holds": fault is None, "anchored": anchored, "fault": fault, "footer": counts}))
    elif fault is not None:
        print(f"does not hold: {fault}")
    else:
        print("holds: {records} records in {chains} chains; payloads: {payloads_open} open, "
              "{payloads_erased} erased; closed by checkpoint {checkpoint}".format(**export.footer))
        if arguments.anchor is None:
            print("without --anchor: the file fits together, but a rewritten or shortened one would too")
    return 0 if fault is None else 1


if __name__ == "__main__":
    sys.exit(main())
