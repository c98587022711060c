"""A Docker engine that is started for the tests and ended with them. It needs root and dockerd, Debian's docker.io."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from support import Process, left_out

# A network of the engine's own, away from Docker's usual ones.
GATEWAY = "172.31.254.1"


class Engine(Process):
    """dockerd with a socket, data and network of its own."""

    def __init__(self) -> None:
        if os.geteuid() != 0 or not shutil.which("dockerd"):
            left_out("there is no container on this machine, for want of root and dockerd (docker.io)", "CI_NEEDS_DOCKER")
        # Short, for the path of a socket may have only 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/var/tmp"))
        self.host = f"unix://{folder}/socket"
        super().__init__(
            folder, "dockerd", "--host", self.host, "--data-root", folder / "data", "--exec-root", folder / "exec",
            "--pidfile", folder / "pid", "--bip", f"{GATEWAY}/24", "--iptables=false", "--ip6tables=false",
            env={"PATH": os.environ["PATH"]},
        )
        end = time.monotonic() + 30
        while self.docker("version", check=False) is None:
            if self.popen.poll() is not None or time.monotonic() > end:
                why = " ".join(self.log().splitlines()[-1:])
                self.end()
                left_out(f"there is no container on this machine, dockerd does not start: {why}", "CI_NEEDS_DOCKER")
            time.sleep(0.5)

    def docker(self, *command, check: bool = True, **options) -> str | None:
        """What a command prints; nothing if it may fail and does."""
        ran = subprocess.run(["docker", "--host", self.host, *command], capture_output=True, timeout=120, **options)
        assert not check or ran.returncode == 0, ran.stderr
        return None if ran.returncode else ran.stdout.decode().strip()

    def end(self) -> None:
        for container in (self.docker("ps", "--all", "--quiet", check=False) or "").split():
            self.docker("rm", "--force", container, check=False)
        super().end()
