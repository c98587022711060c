"""A Docker engine that is started for one check and ended with it. It needs root and dockerd, Debian's docker.io."""

import os
import shutil
import subprocess
import time
from pathlib import Path

# A network of the engine's own, away from Docker's usual ones.
GATEWAY = "172.31.254.1"
ENGINE_STARTS_WITHIN_SECONDS = 30


class NoEngine(Exception):
    """Why there can be no container on this machine."""


class Engine:
    """dockerd with a socket, data and network of its own; `with` ends it, whatever happens."""

    def __init__(self, room: Path) -> None:
        if os.geteuid() != 0:
            raise NoEngine("not root")
        if not shutil.which("dockerd"):
            raise NoEngine("no dockerd: Debian's package docker.io has it")
        self.address = f"unix://{room}/socket"
        self.log_file = room / "log"
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--host", self.address, "--data-root", room / "data", "--exec-root", room / "exec",
                 "--pidfile", room / "pid", "--bip", f"{GATEWAY}/24", "--iptables=false", "--ip6tables=false"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        end = time.monotonic() + ENGINE_STARTS_WITHIN_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            if self.docker("version", check=False).returncode == 0:
                return
            time.sleep(0.5)
        self.__exit__()
        last = self.log_file.read_text(errors="replace").strip().splitlines()[-1:]
        raise NoEngine(f"dockerd does not start here: {last}")

    def docker(self, *arguments: str, given: bytes = b"", check: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["docker", "--host", self.address, *arguments], input=given, capture_output=True, check=check, timeout=120
        )

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_exception) -> None:
        if self.process.poll() is None:
            for container in self.docker("ps", "--all", "--quiet", check=False).stdout.decode().split():
                self.docker("rm", "--force", container, check=False)
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
