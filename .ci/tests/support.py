"""What the tests share: paths, processes, the stand-in's control API."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(os.environ.get("CI_TOOLS") or ROOT / ".ci/.venv").resolve()
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
KEY = "0123456789abcdef0123456789abcdef"

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


class Process:
    """A program in a folder and a session of its own. No setting or proxy of the caller reaches it."""

    def __init__(self, folder: Path, *command, env: dict | None = None, cwd: Path | None = None) -> None:
        self.folder, self.log_file = folder, folder / "log"
        with self.log_file.open("wb") as log:
            self.popen = subprocess.Popen(
                [str(word) for word in command], env={"PATH": "/usr/bin:/bin", **(env or {})}, cwd=cwd or folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def json_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def listens(self, port: int, within: float = 10) -> "Process":
        """Waits until it listens there, which is its `url` from then on."""
        self.url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            assert self.popen.poll() is None, self.log()[-2000:]
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        eventually(answers, True, within)
        return self

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(timeout=10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # no child has outlived it
        self.popen.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Standin(Process):
    """tools/standin, and what it has received."""

    def __init__(self, folder: Path, address: str = "127.0.0.1:0") -> None:
        super().__init__(folder, TARGET / "debug/standin", "serve", address)
        eventually(lambda: "\n" in self.log(), True)
        self.url = self.log().split()[0]

    def get(self, what: str) -> list[dict]:
        """`requests`, `alerts` or `changes`."""
        return LOOPBACK.get(f"{self.url}/control/{what}", timeout=10).json()

    def taken(self) -> list[dict]:
        """The events that it has taken since the last `clear`, in order."""
        return [request["json"] for request in self.get("requests") if request["status"] in (200, 202)]

    def clear(self) -> None:
        self.fault("none")
        LOOPBACK.post(f"{self.url}/control/clear", timeout=10).raise_for_status()

    def fault(self, kind: str, **more) -> None:
        LOOPBACK.put(f"{self.url}/control/fault", json={"kind": kind, **more}, timeout=10).raise_for_status()
