"""The image of examples/container/Containerfile, run as docs/plain-host.md does: read-only, without a capability, with settings from a
file. Every sample goes to it by HTTP. PagerDuty is a stand-in on the container network. It has to stop when it is told to."""

import time
import zipfile
from pathlib import Path

import pytest
from engine import GATEWAY
from support import LOOPBACK, ROOT, each_sample, eventually

PACKAGE = ROOT / "target/packages/arms-pagerduty-lambda-x86_64.zip"
RECIPE = ROOT / "examples/container/Containerfile"
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def standin(start_standin):
    return start_standin(address=f"{GATEWAY}:0")


@pytest.fixture(scope="module")
def url(engine, standin, tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    with zipfile.ZipFile(PACKAGE) as archive:
        Path(archive.extract("bootstrap", folder)).chmod(0o755)
    engine.docker("build", "--tag", "arms-pagerduty", "--file", RECIPE, folder)
    settings = tmp_path_factory.mktemp("settings") / "settings.env"
    settings.write_text(f"WEBHOOK_TOKEN={TOKEN}\nPAGERDUTY_EVENTS_URL={standin.url}\n", encoding="utf-8")
    engine.docker(
        "run", "--detach", "--name", "function", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--memory", "256m", "--env-file", settings, "arms-pagerduty",
    )
    url = f"http://{engine.docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'function')}:9000"

    def is_healthy():
        try:
            return LOOPBACK.get(f"{url}/healthz", timeout=5).status_code == 200
        except OSError:
            return False

    eventually(is_healthy, True)
    return url


@each_sample
def test_sample(sample, url, standin):
    request = sample.request
    standin.clear()
    begun = time.monotonic()
    answer = LOOPBACK.request(
        request["method"], url + request["path"], data=request["body"], timeout=10,
        headers=request["headers"] | {"x-webhook-token": TOKEN},
    )
    sample.check_answer(answer.status_code, answer.text, standin.requests(), time.monotonic() - begun)


def test_it_stops_when_it_is_told_to(url, engine):
    begun = time.monotonic()
    engine.docker("stop", "-t", "30", "function")
    assert engine.docker("inspect", "--format", "{{.State.ExitCode}}", "function") == "0"
    assert time.monotonic() - begun < 10
