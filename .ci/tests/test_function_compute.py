"""The package as on Function Compute: unpacked with the modes that it holds, started as `bootstrap` with the platform's variables.

Every sample goes to it as the HTTP request that it stands for. Then what the platform asks of a custom runtime: its hooks, event
invocations, x-fc-status on failures and only there, and an end when it is told to end."""

import time
import zipfile
from pathlib import Path

import pytest
from support import KEY, LOOPBACK, ROOT, each_sample, free_port

PACKAGE = ROOT / "target/packages/arms-pagerduty-function-compute.zip"
TOKEN = "0123456789abcdef"
GUARD = {"x-webhook-token": TOKEN}
FORM = f"integration_key={KEY}"


@pytest.fixture(scope="module")
def function(start, standin, tmp_path_factory):
    with zipfile.ZipFile(PACKAGE) as archive:
        [entry] = archive.infolist()
        mode = entry.external_attr >> 16
        # 3 is Unix: only then is there a mode.
        assert (entry.filename, entry.create_system, oct(mode)) == ("bootstrap", 3, "0o100755")
        code = Path(archive.extract(entry, tmp_path_factory.mktemp("code")))
    code.chmod(mode & 0o7777)
    port = free_port()
    process = start("function", code, env={
        "FC_SERVER_PORT": str(port), "FC_FUNCTION_NAME": "arms-pagerduty", "PAGERDUTY_EVENTS_URL": standin.url,
        "WEBHOOK_TOKEN": TOKEN, "DELIVER_WITHIN_MS": "2000",
    })
    process.wait_until_it_listens(port)
    process.url = f"http://127.0.0.1:{port}"
    return process


def ask(function, method, path, body=b"", headers=None):
    headers = {"x-fc-request-id": "1-5f3e-1", "x-fc-access-key-id": "", **(headers or {})}
    return LOOPBACK.request(method, function.url + path, data=body, headers=headers, timeout=10, allow_redirects=False)


@each_sample
def test_sample(sample, function, standin):
    request = sample.request
    standin.clear()
    begun = time.monotonic()
    answer = ask(function, **request | {"headers": request["headers"] | GUARD})
    sample.check_answer(answer.status_code, answer.text, standin.requests(), time.monotonic() - begun)
    assert ("x-fc-status" in answer.headers) == (answer.status_code >= 400)


# What, method, path, body, headers, the status that PagerDuty answers instead; then the status, x-fc-status and taken events.
PLATFORM = [
    ("the hook", "POST", "/initialize", "", {}, None, 200, None, 0),
    ("health", "GET", "/healthz", "", {}, None, 200, None, 0),
    ("an event invocation", "POST", "/invoke", FORM, GUARD, None, 202, None, 1),
    ("an event invocation without the token", "POST", "/invoke", FORM, {}, None, 401, None, 0),
    ("no token", "POST", "/", FORM, {}, None, 401, None, 0),
    ("the token in the URL", "POST", f"/?token={TOKEN}", FORM, {}, None, 202, None, 1),
    ("an empty body", "POST", "/", "", GUARD, None, 400, "400", 0),
    ("a stranger probes", "GET", "/", "", {}, None, 405, None, 0),
    ("PagerDuty refuses", "POST", "/", FORM, GUARD, 400, 400, "400", 0),
    ("PagerDuty is at fault until time is up", "POST", "/", FORM, GUARD, 500, 500, "500", 0),
    ("the hook at the end", "GET", "/pre-stop", "", {}, None, 200, None, 0),
]


@pytest.mark.parametrize("what, method, path, body, headers, fault, status, mark, events", PLATFORM, ids=[row[0] for row in PLATFORM])
def test_platform(function, standin, what, method, path, body, headers, fault, status, mark, events):
    standin.clear()
    standin.fault("status", status=fault) if fault else standin.fault("none")
    answer = ask(function, method, path, body, headers)
    taken = [request for request in standin.requests() if request["status"] == 202]
    assert (answer.status_code, answer.headers.get("x-fc-status"), len(taken)) == (status, mark, events)


def test_it_ends_when_told_to_and_its_log_holds_no_secret(function, standin):
    standin.fault("none")
    ask(function, "POST", f"/?token={TOKEN}", FORM)
    function.popen.terminate()
    assert function.popen.wait(timeout=5) == 0
    # The platform passes headers that can hold credentials, and the token came by query.
    assert function.json_lines()
    assert not [secret for secret in (TOKEN + "&", f'"{TOKEN}"', f"token={TOKEN}", KEY) if secret in function.log()]
