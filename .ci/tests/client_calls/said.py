"""What the calls of all Python clients have in common: what they send, and how they print the answers that they got."""

import json
import sys

URL, KEY = sys.argv[1:]
SUMMARY = 'checkout: "no answer" at C:\\data & 告警 100%'
DEDUP_KEY = "client-checkout/1"
PAYLOAD = {"component": "api", "group": "shop", "class": "latency", "timestamp": "2026-11-24T08:00:00.123+0000"}
DETAILS = {"p99": 870.5, "pods": ["a", "b"], "nested": {"empty": {}, "none": None, "true": True}, "text": "x=1&y=2\nz"}
LINKS = [{"href": "https://example.com/a?b=c&d=e", "text": "Runbook"}]
IMAGES = [{"src": "https://example.com/graph.png", "href": "https://example.com/", "alt": "graph"}]


def call(name, function, *arguments, arrives=1, generates=False, **named):
    """Makes a call and prints the answer that it got."""
    try:
        result = function(*arguments, **named)
    except Exception as error:
        result = {"raised": type(error).__name__, "text": str(error).replace(URL, "URL")}
    print(json.dumps({"call": name, "arrives": arrives, "generates": generates, "got": result}))
