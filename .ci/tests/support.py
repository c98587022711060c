"""What the tests share: paths, samples and what a good answer to one is, processes, the stand-in's control API."""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("CI_TOOLS") or ROOT / ".ci/.venv").resolve()
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
KEY = "0123456789abcdef0123456789abcdef"
ARMS_HANGS_UP_AFTER_SECONDS = 5
# The status of an accepted sample is 202, but for these.
STATUSES = {"pagerduty-v1": 200}

LOOPBACK = requests.Session()
LOOPBACK.trust_env = False  # no proxy


def left_out(why: str, needed_by: str) -> None:
    """Skips a test that this machine cannot run; the variable makes that a failure."""
    if os.environ.get(needed_by):
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def eventually(read, expected, within: float = 10) -> None:
    """Fails unless `read` gives what is expected within so many seconds."""
    end = time.monotonic() + within
    while (found := read()) != expected and time.monotonic() < end:
        time.sleep(0.05)
    assert found == expected


@dataclass
class Sample:
    """A function-URL event of events/."""

    path: Path

    def __str__(self) -> str:
        return self.path.stem

    @property
    def event(self) -> dict:
        return json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def body(self) -> bytes:
        text = self.event.get("body") or ""
        return base64.b64decode(text) if self.event.get("isBase64Encoded") else text.encode()

    @property
    def request(self) -> dict:
        """The HTTP request that it stands for, in the words of `requests`."""
        event = self.event
        own = ("host", "content-length", "connection", "transfer-encoding")  # the client writes these itself
        headers = {name: value for name, value in event["headers"].items() if name not in own}
        path = event["rawPath"] + ("?" + event["rawQueryString"] if event.get("rawQueryString") else "")
        return {"method": event["requestContext"]["http"]["method"], "path": path, "body": self.body, "headers": headers}

    def check_answer(self, status: int, text: str, received: list[dict], seconds: float = 0) -> None:
        """PagerDuty has all events of an accepted sample, none of a refused one, and ARMS would not have hung up."""
        assert status == STATUSES.get(str(self), 202), text
        is_accepted = status < 300
        assert (json.loads(text)["status"] == "success") == is_accepted, text
        assert bool(received) == is_accepted and all(request["status"] in (200, 202) for request in received), received
        assert seconds <= ARMS_HANGS_UP_AFTER_SECONDS

    def check_lambda_answer(self, content: bytes, received: list[dict], seconds: float = 0) -> None:
        """The same for an answer as a function URL takes it."""
        answer = json.loads(content)
        text = answer["body"]
        text = base64.b64decode(text).decode() if answer.get("isBase64Encoded") else text
        self.check_answer(answer["statusCode"], text, received, seconds)


SAMPLES = [Sample(path) for path in sorted((ROOT / "events").glob("*.json"))]
assert STATUSES.keys() < {str(sample) for sample in SAMPLES}, "a sample with a status of its own is not there"
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=str)


class Process:
    """A program in a folder of its own, with an environment of its own: no setting or proxy of the caller reaches it."""

    def __init__(self, folder: Path, *command, env: dict | None = None, **options) -> None:
        self.folder, self.log_file = folder, folder / "log"
        with self.log_file.open("wb") as log:
            self.popen = psutil.Popen(
                [str(word) for word in command], env={"PATH": "/usr/bin:/bin", **(env or {})},
                **{"cwd": folder, "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options},
            )

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def json_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def wait_until_it_listens(self, port: int, within: float = 10) -> None:
        end = time.monotonic() + within
        while self.popen.poll() is None and time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"nothing listens at {port}:\n{self.log()[-2000:]}")

    def end(self) -> None:
        family = [self.popen, *(self.popen.children(recursive=True) if self.popen.is_running() else [])]
        if self.popen.poll() is None:
            self.popen.terminate()
            psutil.wait_procs([self.popen], timeout=10)
        end_all(family)
        shutil.rmtree(self.folder, ignore_errors=True)


def end_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


class Standin(Process):
    """tools/standin, and what it has received."""

    def __init__(self, folder: Path, address: str = "127.0.0.1:0") -> None:
        super().__init__(folder, TARGET / "debug/standin", "serve", address)
        eventually(lambda: "\n" in self.log(), True)
        self.url = self.log().split()[0]

    def _get(self, what: str) -> list[dict]:
        return LOOPBACK.get(f"{self.url}/control/{what}", timeout=10).json()

    def requests(self) -> list[dict]:
        return self._get("requests")

    def alerts(self) -> list[dict]:
        return self._get("alerts")

    def changes(self) -> list[dict]:
        return self._get("changes")

    def clear(self) -> None:
        LOOPBACK.post(f"{self.url}/control/clear", timeout=10).raise_for_status()

    def fault(self, kind: str, **more) -> None:
        LOOPBACK.put(f"{self.url}/control/fault", json={"kind": kind, **more}, timeout=10).raise_for_status()
