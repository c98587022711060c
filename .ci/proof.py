"""What the proofs of this folder share: PagerDuty's double, free ports, and what a good answer to a sample is.

A sample passes if the answer has the status that emulator-expect.json beside this file gives for it (202 where it
gives none), a JSON body and came before ARMS would have hung up; and if PagerDuty got at least one event for an
accepted sample and none for a refused one.
"""

import base64
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ARMS_HANGS_UP_AFTER_SECONDS = 5
DEFAULT_STATUS = 202
# Headers that the HTTP client writes itself.
OF_THE_CONNECTION = ("host", "content-length", "connection", "transfer-encoding")


class PagerDuty(BaseHTTPRequestHandler):
    """Answers each Events API as PagerDuty does on success, and 400 to what is not JSON."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else 40 ms more for every call on a kept-alive connection
    accepted = {
        "/v2/enqueue": (202, "Event processed", "dedup_key"),
        "/v2/change/enqueue": (202, "Change event processed", None),
        "/generic/2010-04-15/create_event.json": (200, "Event processed", "incident_key"),
    }

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path not in self.accepted:
            return self.answer(404, {"status": "not found", "message": self.path})
        try:
            event = json.loads(body)
        except ValueError:
            return self.answer(400, {
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": ["JSON parse error"],
            })
        if self.server.fault:
            return self.answer(self.server.fault, {"status": "fault", "message": "fault", "errors": []})
        self.server.events.append(event)
        status, message, key = self.accepted[self.path]
        answer = {"status": "success", "message": message}
        if key:
            answer[key] = event.get(key) or "made-by-pagerduty"
        self.answer(status, answer)

    def answer(self, status: int, body: dict) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args) -> None:
        pass


def start_pagerduty(address: str = "127.0.0.1") -> ThreadingHTTPServer:
    server = ThreadingHTTPServer((address, 0), PagerDuty)
    server.daemon_threads = True
    server.events = []
    server.fault = None  # or the status that it answers instead
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def find_samples(folder: Path) -> list[tuple[Path, int]]:
    """Each sample with the status that it should be answered with."""
    samples = sorted(folder.glob("*.json"))
    if not samples:
        sys.exit(f"no samples in {folder}")
    statuses = json.loads((HERE / "emulator-expect.json").read_text(encoding="utf-8"))
    if unknown := statuses.keys() - {sample.name for sample in samples}:
        sys.exit(f"emulator-expect.json names samples that are not there: {sorted(unknown)}")
    return [(sample, statuses.get(sample.name, DEFAULT_STATUS)) for sample in samples]


def request_of(sample: Path) -> tuple[str, str, bytes, dict[str, str]]:
    """Method, path, body and headers of the HTTP request that a function-URL event stands for."""
    event = json.loads(sample.read_text(encoding="utf-8"))
    body = (event.get("body") or "").encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    path = event["rawPath"] + ("?" + event["rawQueryString"] if event.get("rawQueryString") else "")
    headers = {name: value for name, value in event["headers"].items() if name not in OF_THE_CONNECTION}
    return event["requestContext"]["http"]["method"], path, body, headers


def unpack(content: bytes) -> tuple[int, str]:
    """Status and body of what a function URL is answered with."""
    answer = json.loads(content)
    text = answer["body"]
    if answer.get("isBase64Encoded"):
        text = base64.b64decode(text).decode()
    return answer["statusCode"], text


def faults_of(found: int, text: str, expected: int, events: int, seconds: float) -> list[str]:
    """Everything that is wrong with one answer; nothing if the sample passes."""
    faults = []
    try:
        body = json.loads(text)
    except ValueError:
        return [f"{found}, and no JSON: {text[:300]}"]
    if found != expected:
        faults.append(f"status {found} instead of {expected}: {text[:300]}")
    if found < 300 and events == 0:
        faults.append("accepted, but PagerDuty got no event")
    if found < 300 and body.get("status") != "success":
        faults.append(f"accepted, but without \"status\":\"success\": {text[:300]}")
    if 400 <= found < 500 and events > 0:
        faults.append(f"refused, but PagerDuty got {events}")
    if seconds > ARMS_HANGS_UP_AFTER_SECONDS:
        faults.append(f"ARMS hangs up after {ARMS_HANGS_UP_AFTER_SECONDS} s")
    return faults


def report(name: str, expected: int, events: int, seconds: float, faults: list[str]) -> None:
    print(f"{'FAIL' if faults else 'ok':4} {name:36} {expected} {seconds * 1000:6.0f} ms {events} events")
    for fault in faults:
        print(f"     {fault}")
