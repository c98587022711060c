"""PagerDuty's own client libraries, and two others, unchanged: each makes the same calls once straight to a stand-in and once to the
function in front of another. The answers and the events must be the same, but for two things: the dedup key that is made up for a
trigger without one, and the notation of a time, which the function writes in UTC and milliseconds.

The calls are in client_calls, the libraries where .ci/tools puts them."""

import json
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from door import Door
from support import TOOLS, free_port

CALLS, LIBRARIES = Path(__file__).with_name("client_calls"), TOOLS / "clients"
# The library's folder, its calls, which address it is given, and the one whose straight calls it is compared with.
CLIENTS = [
    ("pagerduty-7.2.0", "pagerduty.py", "https", None),
    ("pdpyras-5.4.1", "pdpyras.py", "http", None),
    # Its key is in the header X-Routing-Key alone, which PagerDuty does not document and the stand-in does not take.
    ("pdpyras-4.1", "pdpyras.py", "http", "pdpyras-5.4.1"),
    ("apprise-2.3.0", "apprise.py", "built in", None),
    ("pdjs-2.2.4", "pdjs.js", "server", None),
    ("node-pagerduty-1.3.6", "node-pagerduty.js", "built in", None),
]
GENERATED = "(generated)"


@pytest.fixture(scope="module")
def sides(start, start_standin, binary, tmp_path_factory):
    """Twice a stand-in and the addresses under which a client reaches it: its own, and a function's."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=events.pagerduty.com",
        "-addext", "subjectAltName=DNS:events.pagerduty.com,IP:127.0.0.1", "-out", certificate, "-keyout", key,
    ], check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    straight, behind, port = start_standin("straight"), start_standin("behind"), free_port()
    function = start("function", binary, env={"LISTEN": f"127.0.0.1:{port}", "PAGERDUTY_EVENTS_URL": behind.url})
    function.wait_until_it_listens(port)

    def side(standin, url):
        door = Door(url.removeprefix("http://"), certificate, key)
        return SimpleNamespace(standin=standin, url=url, door=door, certificate=certificate)

    yield side(straight, straight.url), side(behind, f"http://127.0.0.1:{port}"), function


def call(side, folder, calls, way, key):
    """Runs a client's calls: the answers that they got, and the events that arrived."""
    url = {"http": side.url, "https": f"https://{side.door.server}", "server": side.door.server, "built in": ""}[way]
    proxy = f"http://{side.door.proxy}"
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(LIBRARIES / folder), "PYTHONWARNINGS": "ignore",
        "NODE_PATH": str(LIBRARIES / folder / "node_modules"), "NODE_NO_WARNINGS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        # Whatever a client asks for beside loopback ends at the door.
        "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy, "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": side.certificate, "SSL_CERT_FILE": side.certificate, "NODE_EXTRA_CA_CERTS": side.certificate,
    }
    # The calls bear the libraries' names, so Python must not look for libraries there.
    command = [sys.executable, "-P"] if calls.endswith(".py") else ["node"]
    done = subprocess.run(
        [*command, CALLS / calls, url, key], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    requests = [request for request in side.standin.requests() if request["json"]["routing_key"] == key]
    arrived = [request["json"] for request in requests if request["status"] in (200, 202)]
    assert len(arrived) == sum(answer["arrives"] for answer in answers), answers
    events = sorted(map(canonical, arrived), key=lambda event: json.dumps(event, sort_keys=True))
    return json.loads(json.dumps([list(map(comparable, answers)), events]).replace(key, "(key)"))


def canonical(event):
    """The event without a dedup key that was made up, and with its time as a number."""
    if not str(event.get("dedup_key", "client-")).startswith("client-"):
        del event["dedup_key"]
    time = event.get("payload", {}).get("timestamp")
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
        event["payload"]["timestamp"] = (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp() // 0.001
    return event


def comparable(answer):
    """The answer that a call got, with a dedup key that was made up as the word for it."""
    def same(value):
        if not isinstance(value, dict):
            return value
        made_up = "dedup_key" in value and not str(value["dedup_key"]).startswith("client-")
        return {name: GENERATED if name == "dedup_key" and made_up else same(inner) for name, inner in value.items()}

    is_key = answer.get("generates") and isinstance(answer["got"], str)
    return {**answer, "got": GENERATED if is_key else same(answer["got"])}


@pytest.mark.parametrize("number, client", list(enumerate(CLIENTS)), ids=[f"{folder} {calls}" for folder, calls, *_ in CLIENTS])
def test_the_same_answers_and_events(sides, number, client):
    straight, behind, _ = sides
    folder, calls, way, like = client
    answers, events = call(straight, like or folder, calls, way, f"{number:032d}")
    answers_behind, events_behind = call(behind, folder, calls, way, f"{100 + number:032d}")
    if like:
        # The older one knows less: it has no change events.
        names = {answer["call"] for answer in answers_behind}
        answers = [answer for answer in answers if answer["call"] in names]
        events = [event for event in events if "event_action" in event]
    assert answers_behind == answers
    assert events_behind == events


def test_no_client_asked_for_another_host_and_the_log_holds_no_error(sides):
    straight, behind, function = sides
    assert straight.door.strangers == behind.door.strangers == []
    lines = function.json_lines()
    assert lines and not [line for line in lines if line["level"] == "error"]
