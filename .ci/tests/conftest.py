"""Fixtures. What cannot be run on a machine is reported as LEFT OUT below the results."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, TARGET, Process, Standin, free_port

started: list[Process] = []


def pytest_addoption(parser):
    parser.addoption("--binary", type=Path, default=TARGET / "release/arms-pagerduty", help="the function that is tested")
    parser.addoption("--template", type=Path, default=ROOT / "template.yaml", help="the SAM template that is tested")


def pytest_configure():
    # A time-out of the caller's must pass through the fixtures too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        logs = [(process.folder.name, process.log()) for process in started if process.log_file.exists()]
        report.sections += [(f"the end of the log of {name}", log[-3000:]) for name, log in logs]
    return report


def pytest_terminal_summary(terminalreporter):
    for why in dict.fromkeys(report.longrepr[2] for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_line(f"LEFT OUT: {why.removeprefix('Skipped: ').upper()}", red=True)


@pytest.fixture(scope="session")
def binary(request) -> Path:
    return request.config.getoption("--binary").resolve(strict=True)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts a program, or another kind of `Process`, under a name; all are ended with the module, the latest first."""

    def start(name: str, *arguments, kind: type[Process] = Process, **options) -> Process:
        started.append(kind(tmp_path_factory.mktemp(name), *arguments, **options))
        return started[-1]

    yield start
    while started:
        started.pop().end()


@pytest.fixture(scope="module")
def start_standin(start):
    # Together with what `cargo run` builds: alone it would have other features, and compile 15 crates again.
    packages = ("-p", "arms-pagerduty", "-p", "arms-pagerduty-inbox", "-p", "pagerduty-standin")
    subprocess.run(["cargo", "build", "--quiet", "--locked", *packages], cwd=ROOT, check=True)
    return lambda name="standin", **options: start(name, kind=Standin, **options)


@pytest.fixture(scope="module")
def standin(start_standin) -> Standin:
    return start_standin()


@pytest.fixture(scope="module")
def start_function(start, binary):
    """Starts the function as a plain host with these settings."""

    def start_function(**settings) -> Process:
        port = free_port()
        return start("function", binary, env={"LISTEN": f"127.0.0.1:{port}", **settings}).listens(port)

    return start_function
