"""The function as on Lambda, under AWS's runtime emulator out of the SAM package: every sample, one at a time.

A binary for arm64 runs through qemu on another machine."""

import platform
import re
import shutil
import subprocess
import time

import pytest
from support import LOOPBACK, SAMPLES, TOOLS, each_sample, free_port

FUNCTION_TIMEOUT_SECONDS = 10
ELF_AARCH64 = 183
# Words of the emulator and of Rust for a function that ended by itself.
CRASH = re.compile(r"Runtime\.ExitError|Runtime exited|exit status|exit code|signal: |panicked at|Task timed out|fatal error")


@pytest.fixture(scope="module")
def emulator(start, standin, binary, tmp_path_factory):
    machine = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    [emulator] = TOOLS.glob(f"lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}")
    bootstrap = tmp_path_factory.mktemp("function") / "bootstrap"
    shutil.copy(binary, bootstrap)
    if machine == "x86_64" and int.from_bytes(binary.read_bytes()[18:20], "little") == ELF_AARCH64:
        qemu, function = shutil.which("qemu-aarch64-static"), bootstrap.rename(bootstrap.with_name("function"))
        assert qemu, "Debian's package qemu-user-static has it"
        function.chmod(0o755)
        bootstrap.write_text(f"#!/bin/sh\nexec {qemu} {function}\n", encoding="utf-8")
    bootstrap.chmod(0o755)
    port = free_port()
    process = start(
        "emulator", emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{free_port()}", "--log-level", "info", bootstrap,
        env={
            "AWS_LAMBDA_FUNCTION_NAME": "arms-pagerduty", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(FUNCTION_TIMEOUT_SECONDS), "PAGERDUTY_EVENTS_URL": standin.url,
        },
    )
    process.wait_until_it_listens(port)
    process.invocations = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    return process


def test_the_binary_is_static(binary):
    # Without a dynamic linker it runs on every C library. A position-independent one says that it is DYN; for arm64 not every Rust
    # makes one.
    headers = subprocess.run(["readelf", "--headers", "--wide", binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert re.search(r"Type: +DYN", headers) or re.search(r"Machine: +AArch64", headers)


def invoke(emulator, sample):
    return LOOPBACK.post(emulator.invocations, sample.path.read_bytes(), timeout=FUNCTION_TIMEOUT_SECONDS + 5)


@each_sample
def test_sample(sample, emulator, standin):
    standin.clear()
    begun = time.monotonic()
    answer = invoke(emulator, sample)
    sample.check_lambda_answer(answer.content, standin.requests(), time.monotonic() - begun)


def test_the_log_has_one_start_and_no_crash(emulator):
    invoke(emulator, SAMPLES[0])
    # The function's own lines are JSON, and an alert's text in them may say anything.
    lines = [line for line in emulator.log().splitlines() if not line.startswith("{")]
    assert not [line for line in lines if CRASH.search(line)]
    assert len([line for line in lines if "INIT REPORT" in line]) == 1
