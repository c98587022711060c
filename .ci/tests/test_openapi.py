"""The stand-in against PagerDuty's own OpenAPI files: it takes their examples, and whatever a schema demands, it demands too.

PAGERDUTY_OPENAPI_DIR names a folder with both files, which are not kept here."""

import copy
import functools
import json
import operator
import os
from collections import Counter
from pathlib import Path

from support import LOOPBACK, left_out

FILES = {"pagerduty-events-v2.openapi.json": "/v2", "pagerduty-events-v1.openapi.json": "/generic/2010-04-15"}
PATHS = {"/v2/enqueue", "/v2/change/enqueue", "/generic/2010-04-15/create_event.json"}
# At least what the files held in November 2026: were a walk to miss a kind, nothing else would show it.
AT_LEAST = {"required": 23, "enum": 5, "string": 43, "object": 14, "array": 7, "url": 12}
WRONG = {
    "enum": "nothing of the sort", "string": 5, "object": "text", "array": "text", "url": "no address",
    "date-time": "2026-11-22 8:42:58",
}


def resolved(document, schema):
    return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def demands(document, schema, example, place=()):
    """Each demand of a schema at a place whose parent the example has: its kind and the path to the field."""
    schema = resolved(document, schema)
    # An event that is no object is not JSON to PagerDuty: another test's matter.
    if place:
        kinds = [schema.get("type"), schema.get("format"), "enum" if "enum" in schema else None]
        yield from ((kind, place) for kind in kinds if kind)
    if isinstance(example, dict):
        yield from (("required", (*place, name)) for name in schema.get("required", []))
        for name, inner in schema.get("properties", {}).items():
            yield from demands(document, inner, example.get(name), (*place, name))
    if isinstance(example, list) and (items := schema.get("items")):
        # Of several kinds of items, the first of each.
        for kind in [resolved(document, kind) for kind in items.get("oneOf", [items])]:
            words = kind.get("properties", {}).get("type", {}).get("enum") if "oneOf" in items else None
            at = next(at for at, item in enumerate(example) if not words or item["type"] in words)
            yield from demands(document, kind, example[at], (*place, at))
        if "oneOf" in items:
            yield from (("required", (*place, 0, name)) for name in items.get("required", []))


def broken(example, kind, path):
    """The example with a wrong value at the path, or without the field."""
    event = copy.deepcopy(example)
    *parents, last = path
    place = functools.reduce(operator.getitem, parents, event)
    if kind == "required":
        del place[last]
    else:
        place[last] = WRONG[kind]
    return event


def test_everything_that_the_files_demand_is_demanded_here(standin):
    folder = os.environ.get("PAGERDUTY_OPENAPI_DIR")
    if not folder:
        left_out("PAGERDUTY_OPENAPI_DIR is not set, so the stand-in is not compared with PagerDuty's OpenAPI files", "CI_NEEDS_OPENAPI")
    found, paths = Counter(), set()
    for file, base in FILES.items():
        document = json.loads(Path(folder, file).read_text(encoding="utf-8"))
        for path, operations in document["paths"].items():
            paths.add(base + path)
            body = operations["post"]["requestBody"]["content"]["application/json"]
            for example in (example["value"] for example in body["examples"].values()):
                assert LOOPBACK.post(standin.url + base + path, json=example).ok, "an example of the file's own"
                for kind, place in demands(document, body["schema"], example):
                    answer = LOOPBACK.post(standin.url + base + path, json=broken(example, kind, place))
                    assert answer.status_code == 400, f"{kind} {place} is not demanded"
                    name = next(step for step in reversed(place) if isinstance(step, str)).rstrip("s")
                    # "Service key is missing" speaks of service_key.
                    errors = [error.lower().replace(" ", "_") for error in answer.json()["errors"]]
                    assert errors and all(name in error for error in errors), f"{kind} {place}: {errors}"
                    found[kind] += 1
    assert paths == PATHS
    assert not {kind: found[kind] for kind, count in AT_LEAST.items() if found[kind] < count}, found
