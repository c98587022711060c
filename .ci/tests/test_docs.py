"""The commands of README, CONTRIBUTING and docs, in bash and in zsh as people paste them. Each command is run here, by another
check of .ci/run, or is listed with the reason why it cannot be run. The Chinese pages have the same commands (tests/it/docs.rs)."""

import os
import re
import shutil
import subprocess

import pytest
from support import KEY, LOOPBACK, ROOT, TARGET, eventually, left_out

pytestmark = pytest.mark.timeout(600)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# What the pages leave to the reader to fill in.
FILLED_IN = {
    "'paste the dedup key here'": "arms-pagerduty-test", "https://<host>": "http://127.0.0.1:9000", "<Integration Key>": KEY,
    "<key>": KEY, "<token>": "0123456789abcdef",
}
# How the commands begin that no test here runs, and why.
NOT_HERE = {
    "an account": (
        "aws ", "sam deploy", "sam list", "sam delete", "s config", "s deploy", "s remove", "FC_", "cargo lambda deploy", "terraform ",
        "aliyun ", "export LOG_GROUP=", "export TF_VAR_", 'echo "$TF_VAR_', "export AWS_REGION", "export BODY=",
    ),
    "systemd": ("sudo ", 'echo "WEBHOOK_TOKEN=$(openssl rand -hex 16)" | sudo', "journalctl ", "curl -fsS --retry"),
    "the internet": ("git clone ", "cd arms-pagerduty", "npm install -g", "pip install ", "python3 -m venv", ". ~/", "sha256sum "),
    "another step of .ci/run, or the release workflow": (
        "cargo test", ".ci/", "sam build", "CARGO_LAMBDA_COMPILER=cargo sam build", "tools/package", "cargo lambda ", "docker ",
        "(umask 077;", "cargo run -- ", "cargo run --release -p arms-pagerduty-bench", "curl -X PUT http://127.0.0.1:PORT",
        "curl http://127.0.0.1:PORT",
    ),
}


def blocks(page):
    """The commands of each shell block, with everything filled in."""
    text = page.read_text(encoding="utf-8")
    for blank, value in FILLED_IN.items():
        text = text.replace(blank, value)
    found = re.findall(r"^(?:> )?```sh\n(.*?)^(?:> )?```", text, re.S | re.M)
    return [re.sub(r"^> ?", "", block, flags=re.M) for block in found]


def block_with(text):
    """The first block that has the text."""
    return next(block for page in PAGES for block in blocks(page) if text in block)


TRY, ALERT, CURL = (block_with(text) for text in ("cargo run\n", "alert firing", "backup failed"))
DEDUP_KEY, PLAIN_HOST, SETTINGS = (block_with(text) for text in ("export DEDUP_KEY", ">> log.jsonl", "-- --check"))
GREP, FAILURES, RESEND = (block_with(text) for text in ("grep -F", "grep -E", "arms-pagerduty resend"))
TOKEN, PROGRAM = block_with("export WEBHOOK_TOKEN"), block_with("unzip")
RUN_HERE = "".join([TRY, ALERT, CURL, DEDUP_KEY, PLAIN_HOST, SETTINGS, GREP, FAILURES, RESEND, TOKEN, PROGRAM])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_run_or_cannot_be(page):
    prefixes = tuple(prefix for prefixes in NOT_HERE.values() for prefix in prefixes)
    run_here = re.sub(r"\\\n|\s+", "", RUN_HERE)
    for command in "".join(blocks(page)).replace("\\\n", "").splitlines():
        is_known = command.startswith(prefixes) or re.sub(r"\s+", "", command) in run_here
        assert is_known, f"add this command to RUN_HERE, or to NOT_HERE with the reason: {command}"


@pytest.fixture(params=["bash", "zsh"])
def shell(request):
    if not shutil.which(request.param):
        left_out(f"the commands of the docs were not run in {request.param}: it is not installed", "CI_NEEDS_ZSH")
    environment = {name: value for name, value in os.environ.items() if name not in ("KEY", "TOKEN", "URL", "DEDUP_KEY")}
    environment["PATH"] = f"{TARGET / 'release'}:{environment['PATH']}"

    def run(*script, **more):
        command = [request.param, "-c", "\n".join(script)]
        ended = subprocess.run(command, cwd=ROOT, env=environment | more, capture_output=True, text=True, timeout=100, check=False)
        return ended.returncode, ended.stdout + ended.stderr

    return run


def test_the_inbox_takes_the_commands_of_the_readme(shell, start):
    inbox = start("inbox", "cargo", "run", env=os.environ, cwd=ROOT)
    eventually(lambda: "Every further webhook" in inbox.log(), True, within=500)
    assert "Webhook   http://127.0.0.1:9000" in inbox.log(), "another program has the port"
    _, answers = shell(ALERT)
    assert answers.count("202 Accepted") == 2 and answers.count('"status":"success"') == 2, answers
    assert '"status":"success"' in shell(CURL)[1]
    alerts = LOOPBACK.get("http://127.0.0.1:9001/api/alerts", timeout=5).json()["alerts"]
    inbox.end()
    states = {alert["dedup_key"]: alert["state"] for alert in alerts}
    assert (states["arms-pagerduty-test"], states["backup/db-7"]) == ("resolved", "triggered")


def test_a_plain_host_its_log_and_resend(shell, start, standin):
    log = ROOT / "log.jsonl"
    assert not log.exists(), f"{log} would be overwritten"
    standin.clear()
    to_standin = {"PAGERDUTY_EVENTS_URL": standin.url, "DELIVER_WITHIN_MS": "500"}
    host = start("host", "bash", "-c", PLAIN_HOST, env=os.environ | to_standin, cwd=ROOT)
    try:
        host.listens(9000, within=500)
        assert "PAGERDUTY_EVENTS_URL" in host.log(), "--check prints the settings"
        shell(ALERT)
        standin.fault("status", status=500)
        shell(ALERT)
        standin.clear()
        _, found = shell(DEDUP_KEY, GREP)
        assert found.count('"answer":"accepted"') == 2 and found.count('"message":"undelivered"') == 2, found
        assert shell(FAILURES.splitlines()[-1])[1].count('"undelivered":1') == 2
        assert shell(RESEND, **to_standin)[0] == 0
        # The trigger is over by now, and is left out.
        assert [event["event_action"] for event in standin.taken()] == ["resolve"]
    finally:
        host.end()
        log.unlink(missing_ok=True)


def test_settings_a_token_and_the_packed_program(shell):
    assert "DELIVER_WITHIN_MS" in shell(SETTINGS)[1]
    assert re.fullmatch(r"[0-9a-f]{32}\n", shell(TOKEN)[1])
    assert "DELIVER_WITHIN_MS" in shell(PROGRAM)[1]
