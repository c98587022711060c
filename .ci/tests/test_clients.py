"""PagerDuty's own client libraries, and two others, unchanged: each makes the same calls once straight to a stand-in and once to the
function in front of another. The answers and the events must be the same, but for two things: the dedup key that is made up for a
trigger without one, and the notation of a time, which the function writes in UTC and milliseconds."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import TOOLS

KEYED = {"dedup_key": "client-checkout/1"}
PAYLOAD = {
    "summary": 'checkout: "no answer" at C:\\data & 告警 100%', "source": "web-1", "severity": "warning", "component": "api",
    "group": "shop", "class": "latency", "timestamp": "2026-11-24T08:00:00.123+0000",
    "custom_details": {"p99": 870.5, "pods": ["a"], "nested": {"empty": {}, "none": None, "true": True}, "text": "x=1&y=2\nz"},
}
LINKS = {"links": [{"href": "https://example.com/a?b=c&d=e", "text": "Runbook"}]}
IMAGES = {"images": [{"src": "https://example.com/graph.png", "href": "https://example.com/", "alt": "graph"}]}
WHOLE = {**KEYED, "client": "checkout", "client_url": "https://example.com/", "payload": PAYLOAD, **LINKS, **IMAGES}
CALLS = [
    ("trigger", WHOLE),
    ("trigger", {**KEYED, "payload": PAYLOAD | {"severity": "info"}}),
    ("trigger", {"payload": {"summary": "disk full", "source": "db-7", "severity": "critical"}}),
    ("acknowledge", WHOLE),
    ("resolve", WHOLE),
    ("acknowledge", KEYED),
    ("resolve", KEYED),
    ("acknowledge", {}),
    ("resolve", {}),
    ("change", {"payload": {"summary": "deployed", "source": "ci", "timestamp": "2026-11-24T08:00:00.123456Z"}, **LINKS}),
    ("change", {"payload": {"summary": "deployed", "timestamp": "2026-11-24T08:00:00Z"}}),
]
# Library, version, which address it is given, how many of its calls arrive, the version whose straight calls it is compared with.
CLIENTS = [
    ("pagerduty", "7.2.0", "https", 9, None),
    ("pdpyras", "5.4.1", "http", 9, None),
    # Its key is in the header X-Routing-Key alone, which PagerDuty does not document and the stand-in does not take.
    ("pdpyras", "4.1", "http", 7, "5.4.1"),
    ("apprise", "2.3.0", "built in", 4, None),
    ("pdjs", "2.2.4", "server", 9, None),
    ("node-pagerduty", "1.3.6", "built in", 7, None),
]
PAGERDUTY = "events.pagerduty.com:443"
GENERATED = "(generated)"


class Door:
    """Two loopback ports that lead a client to `target` ("HOST:PORT"): `server` takes TLS, and `proxy` leads there whoever asks for
    PagerDuty, and nobody else."""

    def __init__(self, target: str, certificate: str, key: str) -> None:
        self.strangers = []
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()

        async def guard(reader, writer) -> None:
            method, asked, *_ = (await reader.readuntil(b"\r\n\r\n")).decode().split()
            if (method, asked) != ("CONNECT", PAGERDUTY):
                self.strangers.append(asked)
                return writer.close()
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await lead(reader, writer, self.server)

        async def lead(reader, writer, target=target) -> None:
            behind, ahead = await asyncio.open_connection(*target.split(":"))
            await asyncio.gather(pass_on(reader, ahead), pass_on(behind, writer))

        async def pass_on(reader, writer) -> None:
            try:
                while data := await reader.read(65536):
                    writer.write(data)
            except OSError:
                pass  # a client that hangs up
            writer.close()

        def listen(accept, **options) -> str:
            server = asyncio.run_coroutine_threadsafe(asyncio.start_server(accept, "127.0.0.1", 0, **options), loop).result(5)
            return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        self.server, self.proxy = listen(lead, ssl=tls), listen(guard)


@pytest.fixture(scope="module")
def sides(start_standin, start_function, tmp_path_factory):
    """Twice a stand-in and the addresses under which a client reaches it: its own, and a function's."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    names = "subjectAltName=DNS:events.pagerduty.com,IP:127.0.0.1"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=events.pagerduty.com", "-addext", names]
    subprocess.run([*make, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    straight, behind = start_standin("straight"), start_standin("behind")
    function = start_function(PAGERDUTY_EVENTS_URL=behind.url)

    def side(standin, url):
        door = Door(url.removeprefix("http://"), certificate, key)
        return SimpleNamespace(standin=standin, url=url, door=door, certificate=certificate)

    return side(straight, straight.url), side(behind, function.url), function


def call(side, library, version, way, key):
    """Makes the calls: the answers that they got, and the events that arrived."""
    folder, proxy = TOOLS / f"clients/{library}-{version}", f"http://{side.door.proxy}"
    address = {"http": side.url, "https": f"https://{side.door.server}", "server": side.door.server, "built in": ""}[way]
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore",
        "NODE_PATH": str(folder / "node_modules"), "NODE_NO_WARNINGS": "1",
        # Whatever a client asks for beside loopback ends at the door.
        "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy, "https_proxy": proxy,
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": side.certificate, "SSL_CERT_FILE": side.certificate, "NODE_EXTRA_CA_CERTS": side.certificate,
    }
    program = ["node", Path(__file__).with_name("calls.js")]
    if not (folder / "node_modules").exists():
        program = [sys.executable, Path(__file__).with_name("calls.py")]
    # Apprise cannot make an event without a payload.
    calls = [one for one in CALLS if library != "apprise" or (one[0] != "change" and "payload" in one[1])]
    command = [*program, library, address, key, json.dumps(calls)]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [plain(line) for line in done.stdout.replace(key, "(key)").splitlines()]
    events = [event | {"routing_key": "(key)"} for event in side.standin.taken() if event["routing_key"] == key]
    return answers, [{"dedup_key": GENERATED, **plain(json.dumps(event))} for event in events]


def plain(text):
    """JSON with a word for each dedup key that was made up, and times as numbers."""
    def member(names):
        if not str(names.get("dedup_key", "client-")).startswith("client-"):
            names["dedup_key"] = GENERATED
        if isinstance(names.get("timestamp"), str):
            moment = datetime.fromisoformat(names["timestamp"])
            names["timestamp"] = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() // 0.001
        return names

    return json.loads(text, object_hook=member)


@pytest.mark.parametrize("library, version, way, arrive, like", CLIENTS, ids=["-".join(client[:2]) for client in CLIENTS])
def test_the_same_answers_and_events(sides, library, version, way, arrive, like):
    straight, behind, _ = sides
    key = f"{version.replace('.', '')}{library}".replace("-", "").ljust(31, "0")
    answers, events = call(straight, library, like or version, way, key + "1")
    answers_behind, events_behind = call(behind, library, version, way, key + "2")
    if like:
        # The older one knows less: it has no change events.
        answers = [answer for answer in answers if answer[0] != "change"]
        events = [event for event in events if "event_action" in event]
    assert answers_behind == answers
    assert events_behind == events and len(events) == arrive


def test_no_client_asked_for_another_host_and_the_log_holds_no_error(sides):
    straight, behind, function = sides
    assert straight.door.strangers == behind.door.strangers == []
    lines = function.json_lines()
    assert lines and not [line for line in lines if line["level"] == "error"]
