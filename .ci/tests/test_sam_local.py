"""`sam local invoke` with some samples (with CI_LONG, with all: SAM takes seconds for each), on what `sam build` made, in a container. PagerDuty is a stand-in on the container network.

AWS's image cannot be pulled everywhere, so a small one of the same name is made."""

import io
import json
import os
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from engine import GATEWAY
from support import ROOT, SAMPLES, TOOLS

FUNCTION = "ArmsPagerDuty"
IMAGE = "public.ecr.aws/lambda/provided:al2023-rapid-x86_64"
INVOCATIONS_AT_A_TIME = 4
FEW = SAMPLES if os.environ.get("CI_LONG") else SAMPLES[::6]

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
def invocations(engine, start_standin, tmp_path_factory):
    """By sample: what SAM printed, and what its own stand-in received."""

    def invoke(sample):
        standin = start_standin(address=f"{GATEWAY}:0")
        settings = tmp_path_factory.mktemp("settings") / "env.json"
        settings.write_text(json.dumps({FUNCTION: {"PAGERDUTY_EVENTS_URL": standin.url}}))
        command = [TOOLS / "bin/sam", "local", "invoke", FUNCTION, "--event", sample.path, "--env-vars", settings, "--skip-pull-image"]
        environment = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "none",
                       "AWS_SECRET_ACCESS_KEY": "none", **os.environ, "DOCKER_HOST": engine.host}
        ran = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return ran, standin.requests()

    engine.docker("import", "--change", "WORKDIR /var/task", "-", IMAGE, input=image())
    # The first alone, for it makes what the others find ready. SAM waits more than it works.
    first, *others = FEW
    results = [invoke(first)]
    with ThreadPoolExecutor(INVOCATIONS_AT_A_TIME) as pool:
        results += pool.map(invoke, others)
    return dict(zip(map(str, FEW), results, strict=True))


@pytest.mark.parametrize("sample", FEW, ids=str)
def test_sample(sample, invocations):
    ran, received = invocations[str(sample)]
    assert ran.stdout.strip(), ran.stderr.decode(errors="replace")[-600:]
    # What SAM's own start costs, ARMS does not wait for.
    sample.check_lambda_answer(ran.stdout.strip().splitlines()[-1], received)
