"""Half of the generated calls name the request that exists, so that they get past the look-up; and good idempotency
keys differ, since one key with two bodies is refused, as it should be."""

import itertools
import os
import random
import re

import schemathesis
from schemathesis import GenerationMode

REQUEST_ID = os.environ["REQUEST_ID"]
NAMES_IT = random.Random(1)
NUMBERS = itertools.count(1)


def without_zeros(value):
    if isinstance(value, str):
        return value.replace("\0", "0")
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    if isinstance(value, dict):
        return {name: without_zeros(item) for name, item in value.items()}
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if isinstance(body, dict) and NAMES_IT.random() < 0.5:
        request = body.get("request_id")
        if isinstance(request, str) and re.fullmatch("req_[0-9a-f]{32}", request):
            body["request_id"] = REQUEST_ID
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        # Wrong on purpose, in its headers perhaps.
        return
    if isinstance(body, dict):
        # Nor that no text holds U+0000.
        body = case.body = without_zeros(body)
    if isinstance(body, dict) and body.get("buttons"):
        # What JSON Schema cannot say: buttons differ in their ids, and a text with buttons is shorter.
        for number, button in enumerate(body["buttons"]):
            button["id"] = f"{number}{button['id']}"[:256]
        body["body"] = body["body"][:1024]
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
        case.headers["Idempotency-Key"] = f"{next(NUMBERS)}-{key}"[:255]
