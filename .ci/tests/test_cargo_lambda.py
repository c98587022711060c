"""The cargo-lambda commands of docs/aws.md: `watch` serves the function, `invoke` sends it each sample, and curl's way goes over
/lambda-url/. `deploy` asks for an account."""

import os
import subprocess
import time

import pytest
from support import KEY, LOOPBACK, ROOT, SAMPLES, TOOLS, each_sample, free_port

CARGO_LAMBDA = TOOLS / "bin/cargo-lambda"
BUILT_WITHIN_SECONDS = 600


@pytest.fixture(scope="module")
def port(start, standin):
    port = free_port()
    watch = start(
        "watch", CARGO_LAMBDA, "lambda", "watch", "-p", "arms-pagerduty", "--ignore-changes",
        "--invoke-address", "127.0.0.1", "--invoke-port", port, "--env-var", f"PAGERDUTY_EVENTS_URL={standin.url}",
        env=os.environ, cwd=ROOT,
    )
    watch.wait_until_it_listens(port, within=20)
    # The first invocation waits until cargo has built the function.
    invoke(port, SAMPLES[0], BUILT_WITHIN_SECONDS)
    return port


def invoke(port, sample, within=30):
    command = [CARGO_LAMBDA, "lambda", "invoke", "-A", "127.0.0.1", "-P", str(port), "arms-pagerduty", "--data-file", sample.path]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=within, check=True).stdout


@pytest.mark.timeout(BUILT_WITHIN_SECONDS + 60)
@each_sample
def test_sample(sample, port, standin):
    standin.clear()
    begun = time.monotonic()
    answer = invoke(port, sample)
    sample.check_lambda_answer(answer, standin.requests(), time.monotonic() - begun)


def test_the_function_url(port, standin):
    standin.clear()
    form = {"integration_key": KEY, "summary": "by the function URL"}
    answer = LOOPBACK.post(f"http://127.0.0.1:{port}/lambda-url/arms-pagerduty/v2", form, timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (202, "success")
    assert [request["status"] for request in standin.requests()] == [202]
