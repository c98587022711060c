"""`sam local invoke` with every sample, on what `sam build` made, in a container. PagerDuty is a stand-in on the container network.

The Docker engine is one of its own, so it needs root and dockerd (Debian's docker.io). AWS's image cannot be pulled everywhere, so a
small one of the same name is made. CI_NEEDS_DOCKER=1 makes it a failure where no engine can be started."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import ROOT, SAMPLES, TOOLS, each_sample, left_out

FUNCTION = "ArmsPagerDuty"
IMAGE = "public.ecr.aws/lambda/provided:al2023-rapid-x86_64"
# A network of the engine's own, away from Docker's usual ones.
GATEWAY = "172.31.254.1"
INVOCATIONS_AT_A_TIME = 4

pytestmark = pytest.mark.timeout(400)


def image() -> bytes:
    """What is in the container besides the function, which is static: the emulator out of the SAM package."""
    [emulator] = TOOLS.glob("lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, mode in (("tmp", 0o1777), ("var/task", 0o755), ("opt", 0o755)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            archive.addfile(folder)
        entry = tarfile.TarInfo("var/rapid/aws-lambda-rie")
        entry.size, entry.mode = emulator.stat().st_size, 0o755
        with emulator.open("rb") as content:
            archive.addfile(entry, content)
    return packed.getvalue()


@pytest.fixture(scope="module")
def docker_host(start):
    """The address of a Docker engine with a socket, data and network of its own, and the image in it."""
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        left_out("`sam local invoke` was not run, for want of root and dockerd (docker.io)", "CI_NEEDS_DOCKER")
    # Short, for the path of a socket may have only 107 bytes.
    folder = tempfile.mkdtemp(prefix="sam-", dir="/var/tmp")
    host = f"unix://{folder}/socket"
    engine = start(
        "engine", "dockerd", "--host", host, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
        "--pidfile", f"{folder}/pid", "--bip", f"{GATEWAY}/24", "--iptables=false", "--ip6tables=false",
        env={"PATH": os.environ["PATH"]},
    )

    def docker(*command, **options):
        return subprocess.run(["docker", "--host", host, *command], capture_output=True, timeout=120, **options)

    end = time.monotonic() + 30
    while docker("version").returncode != 0:
        if engine.popen.poll() is not None or time.monotonic() > end:
            why = " ".join(engine.log().splitlines()[-1:])
            left_out(f"`sam local invoke` was not run: dockerd does not start here: {why}", "CI_NEEDS_DOCKER")
        time.sleep(0.5)
    docker("import", "--change", "WORKDIR /var/task", "-", IMAGE, input=image(), check=True)
    yield host
    for container in docker("ps", "--all", "--quiet").stdout.decode().split():
        docker("rm", "--force", container)
    engine.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def invocations(docker_host, start_standin, tmp_path_factory):
    """By sample: what SAM printed, and what its own stand-in received."""

    def invoke(sample):
        standin = start_standin(address=f"{GATEWAY}:0")
        settings = tmp_path_factory.mktemp("settings") / "env.json"
        settings.write_text(json.dumps({FUNCTION: {"PAGERDUTY_EVENTS_URL": standin.url}}))
        command = [TOOLS / "bin/sam", "local", "invoke", FUNCTION, "--event", sample.path, "--env-vars", settings, "--skip-pull-image"]
        environment = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "none",
                       "AWS_SECRET_ACCESS_KEY": "none", **os.environ, "DOCKER_HOST": docker_host}
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return ran, standin.requests()

    # The first alone, for it makes what the others find ready. SAM waits more than it works.
    first, *others = SAMPLES
    results = [invoke(first)]
    with ThreadPoolExecutor(INVOCATIONS_AT_A_TIME) as pool:
        results += pool.map(invoke, others)
    return dict(zip(map(str, SAMPLES), results, strict=True))


@each_sample
def test_sample(sample, invocations):
    ran, received = invocations[str(sample)]
    assert ran.stdout.strip(), ran.stderr.decode(errors="replace")[-600:]
    # What SAM's own start costs, ARMS does not wait for.
    sample.check_lambda_answer(ran.stdout.strip().splitlines()[-1], received)
