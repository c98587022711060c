"""The function on each of its hosts, with every sample of events/, and what each host asks for besides. PagerDuty is a stand-in.

`-k emulator` runs one of them. A sample is a function-URL event; an HTTP host gets that request itself."""

import base64
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import docker
import pytest
from support import KEY, LOOPBACK, ROOT, TOOLS, Process, eventually, free_port, left_out

SAMPLES = sorted((ROOT / "events").glob("*.json"))
OTHER_STATUSES = {"pagerduty-v1": 200}  # of an accepted sample, which else is 202
ARMS_HANGS_UP_AFTER_SECONDS = 5
BUILT_WITHIN_SECONDS = 600
EMULATOR = "lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-"
ELF_AARCH64 = 183
# Words of the emulator and of Rust for a function that ended by itself.
CRASH = re.compile(r"Runtime\.ExitError|Runtime exited|exit status|exit code|signal: |panicked at|Task timed out|fatal error")
SAM_IMAGE = "public.ecr.aws/lambda/provided:al2023-rapid-x86_64"
GATEWAY = "172.31.254.1"  # a container network away from Docker's usual ones
TOKEN = "0123456789abcdef"
GUARD = {"x-webhook-token": TOKEN}
FORM = f"integration_key={KEY}"

pytestmark = pytest.mark.timeout(BUILT_WITHIN_SECONDS + 60)


class Lambda:
    """A host that takes the event by Lambda's API."""

    def __init__(self, process, standin, function="arms-pagerduty"):
        self.process, self.standin = process, standin
        self.invocations = f"{process.url}/2015-03-31/functions/{function}/invocations"

    def send(self, sample, within=20):
        answer = LOOPBACK.post(self.invocations, sample.read_bytes(), timeout=within).json()
        body = answer["body"].encode()
        return answer["statusCode"], base64.b64decode(body) if answer.get("isBase64Encoded") else body


class Http:
    """A host that takes HTTP, with a token."""

    def __init__(self, process, standin, url):
        self.process, self.standin, self.url = process, standin, url

    def ask(self, method, path, body=b"", headers=None):
        headers = {"x-fc-request-id": "1-5f3e-1", "x-fc-access-key-id": "", **(headers or {})}
        return LOOPBACK.request(method, self.url + path, data=body, headers=headers, timeout=10, allow_redirects=False)

    def send(self, sample):
        event = json.loads(sample.read_text(encoding="utf-8"))
        body = event.get("body") or ""
        body = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        own = ("host", "content-length", "connection", "transfer-encoding")  # the client writes these itself
        headers = {name: value for name, value in event["headers"].items() if name not in own}
        path = f"{event['rawPath']}?{event.get('rawQueryString') or ''}".rstrip("?")
        answer = self.ask(event["requestContext"]["http"]["method"], path, body, headers | GUARD)
        assert "x-fc-status" not in answer.headers, "that says that it failed"
        return answer.status_code, answer.content


@pytest.fixture(scope="module")
def emulator(start, standin, binary, tmp_path_factory):
    """AWS's runtime emulator out of the SAM package. A binary for arm64 runs through qemu on another machine."""
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    [emulator] = TOOLS.glob(EMULATOR + machine)
    bootstrap = Path(shutil.copy(binary, tmp_path_factory.mktemp("function") / "bootstrap"))
    bootstrap.chmod(0o755)
    if machine == "x86_64" and int.from_bytes(binary.read_bytes()[18:20], "little") == ELF_AARCH64:
        qemu, function = shutil.which("qemu-aarch64-static"), bootstrap.rename(bootstrap.with_name("function"))
        assert qemu, "Debian's package qemu-user-static has it"
        bootstrap.write_text(f"#!/bin/sh\nexec {qemu} {function}\n", encoding="utf-8")
        bootstrap.chmod(0o755)
    port = free_port()
    process = start(
        "emulator", emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{free_port()}", "--log-level", "info", bootstrap,
        env={
            "AWS_LAMBDA_FUNCTION_NAME": "arms-pagerduty", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "10", "PAGERDUTY_EVENTS_URL": standin.url,
        },
    )
    return Lambda(process.listens(port), standin, "function")


@pytest.fixture(scope="module")
def cargo_lambda(start, standin):
    """`cargo lambda watch` as in docs/aws.md, which builds the function at its first invocation."""
    port = free_port()
    process = start(
        "watch", TOOLS / "bin/cargo-lambda", "lambda", "watch", "-p", "arms-pagerduty", "--ignore-changes",
        "--invoke-address", "127.0.0.1", "--invoke-port", port, "--env-var", f"PAGERDUTY_EVENTS_URL={standin.url}",
        env=os.environ, cwd=ROOT,
    )
    host = Lambda(process.listens(port, within=20), standin)
    host.send(SAMPLES[0], BUILT_WITHIN_SECONDS)
    return host


@pytest.fixture(scope="module")
def function_compute(start, standin, tmp_path_factory):
    """The package: unpacked with the modes that it holds, started as `bootstrap` with the platform's variables."""
    with zipfile.ZipFile(ROOT / "target/packages/arms-pagerduty-function-compute.zip") as archive:
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
    return Http(process.listens(port), standin, process.url)


@pytest.fixture(scope="module")
def engine():
    """A Docker engine with a socket, data and network of its own, ended with its containers. It needs root and dockerd."""
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        left_out("there is no container on this machine, for want of root and dockerd (docker.io)", "CI_NEEDS_DOCKER")
    # Short, for the path of a socket may have only 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/var/tmp"))
    address = f"unix://{folder}/socket"
    process = Process(
        folder, "dockerd", "--host", address, "--data-root", folder / "data", "--exec-root", folder / "exec",
        "--pidfile", folder / "pid", "--bip", f"{GATEWAY}/24", "--iptables=false", "--ip6tables=false",
        env={"PATH": os.environ["PATH"]},
    )
    try:
        eventually(lambda: (folder / "socket").exists() or process.popen.poll() is not None, True, within=30)
        if process.popen.poll() is not None:
            why = " ".join(process.log().splitlines()[-1:])
            left_out(f"there is no container on this machine, dockerd does not start: {why}", "CI_NEEDS_DOCKER")
        engine = docker.DockerClient(address, timeout=120)
        engine.address = address
        yield engine
        for container in engine.containers.list(all=True):
            container.remove(force=True)
    finally:
        process.end()


@pytest.fixture(scope="module")
def standin_for_containers(start_standin):
    return start_standin(address=f"{GATEWAY}:0")


@pytest.fixture(scope="module")
def container(engine, standin_for_containers, tmp_path_factory):
    """The image of examples/container/Containerfile, run as in docs/plain-host.md: read-only, without a capability."""
    standin, folder = standin_for_containers, tmp_path_factory.mktemp("context")
    with zipfile.ZipFile(ROOT / "target/packages/arms-pagerduty-lambda-x86_64.zip") as archive:
        Path(archive.extract("bootstrap", folder)).chmod(0o755)
    image, _ = engine.images.build(path=str(folder), dockerfile=str(ROOT / "examples/container/Containerfile"))
    container = engine.containers.run(
        image, detach=True, read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges"], mem_limit="256m",
        environment={"WEBHOOK_TOKEN": TOKEN, "PAGERDUTY_EVENTS_URL": standin.url},
    )
    container.reload()
    host = Http(container, standin, f"http://{container.attrs['NetworkSettings']['IPAddress']}:9000")

    def is_healthy():
        try:
            return host.ask("GET", "/healthz").status_code == 200
        except OSError:
            return False

    eventually(is_healthy, True)
    return host


@pytest.fixture(scope="module")
def sam_local(engine, start, standin_for_containers, tmp_path_factory):
    """`sam local` with what `sam build` made. AWS's image cannot be pulled everywhere, so a small one of the same name is made:
    besides the function, which is static, it has the emulator out of the SAM package."""
    [emulator] = TOOLS.glob(EMULATOR + "x86_64")
    recipe = tmp_path_factory.mktemp("image") / "Dockerfile"
    recipe.write_text(f"FROM scratch\nCOPY {emulator.name} /var/rapid/aws-lambda-rie\nWORKDIR /tmp\nWORKDIR /opt\nWORKDIR /var/task\n")
    engine.images.build(path=str(emulator.parent), dockerfile=str(recipe), tag=SAM_IMAGE)
    settings = tmp_path_factory.mktemp("settings") / "env.json"
    settings.write_text(json.dumps({"ArmsPagerDuty": {"PAGERDUTY_EVENTS_URL": standin_for_containers.url}}), encoding="utf-8")
    port = free_port()
    process = start(
        "sam", TOOLS / "bin/sam", "local", "start-lambda", "--port", port, "--env-vars", settings, "--skip-pull-image",
        "--warm-containers", "EAGER", cwd=ROOT, env={
            "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none", **os.environ, "DOCKER_HOST": engine.address,
        },
    )
    return Lambda(process.listens(port, within=60), standin_for_containers, "ArmsPagerDuty")


@pytest.fixture(scope="module", params=["emulator", "cargo_lambda", "function_compute", "container", "sam_local"])
def host(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_sample(host, sample):
    """PagerDuty has all its events, the answer says so, and ARMS would not have hung up."""
    host.standin.clear()
    begun = time.monotonic()
    status, body = host.send(sample)
    assert time.monotonic() - begun <= ARMS_HANGS_UP_AFTER_SECONDS
    assert (status, json.loads(body)["status"]) == (OTHER_STATUSES.get(sample.stem, 202), "success")
    received = host.standin.get("requests")
    assert received and len(host.standin.taken()) == len(received), received


def test_emulator_takes_a_static_binary(binary):
    # Without a dynamic linker it runs on every C library. A position-independent one says that it is DYN; for arm64 not every
    # Rust makes one.
    headers = subprocess.run(["readelf", "--headers", "--wide", binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert re.search(r"Type: +DYN", headers) or re.search(r"Machine: +AArch64", headers)


def test_emulator_has_one_start_and_no_crash_in_its_log(emulator):
    emulator.send(SAMPLES[0])
    # The function's own lines are JSON, and an alert's text in them may say anything.
    lines = [line for line in emulator.process.log().splitlines() if not line.startswith("{")]
    assert not [line for line in lines if CRASH.search(line)]
    assert len([line for line in lines if "INIT REPORT" in line]) == 1


def test_cargo_lambda_invoke_and_the_function_url(cargo_lambda):
    url, standin = cargo_lambda.process.url, cargo_lambda.standin
    standin.clear()
    command = [TOOLS / "bin/cargo-lambda", "lambda", "invoke", "-A", "127.0.0.1", "-P", url.rsplit(":")[-1], "arms-pagerduty"]
    ran = subprocess.run([*command, "--data-file", SAMPLES[0]], capture_output=True, timeout=30, check=True)
    assert json.loads(ran.stdout)["statusCode"] == 202 and standin.taken()
    standin.clear()
    form = {"integration_key": KEY, "summary": "by the function URL"}
    answer = LOOPBACK.post(f"{url}/lambda-url/arms-pagerduty/v2", form, timeout=30)
    assert (answer.status_code, answer.json()["status"], len(standin.taken())) == (202, "success", 1)


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
def test_function_compute_asks(function_compute, what, method, path, body, headers, fault, status, mark, events):
    standin = function_compute.standin
    standin.clear()
    if fault:
        standin.fault("status", status=fault)
    answer = function_compute.ask(method, path, body, headers)
    assert (answer.status_code, answer.headers.get("x-fc-status"), len(standin.taken())) == (status, mark, events)


def test_function_compute_ends_it_and_its_log_holds_no_secret(function_compute):
    process = function_compute.process
    function_compute.standin.clear()
    assert function_compute.ask("POST", f"/?token={TOKEN}", FORM).ok
    process.popen.terminate()
    assert process.popen.wait(timeout=5) == 0
    # The platform passes headers that can hold credentials, and the token came by query.
    assert process.json_lines()
    assert not [secret for secret in (TOKEN + "&", f'"{TOKEN}"', f"token={TOKEN}", KEY) if secret in process.log()]


def test_container_stops_when_it_is_told_to(container):
    begun = time.monotonic()
    container.process.stop(timeout=30)
    assert container.process.wait()["StatusCode"] == 0
    assert time.monotonic() - begun < 10
