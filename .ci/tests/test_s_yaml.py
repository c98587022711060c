"""s.yaml, field by field: Serverless Devs itself lets a misspelt field or an impossible size pass until it deploys, and some of it
then too. The file must pass its schema, and every way to break it must be found."""

import copy
import re

import pytest
import yaml
from jsonschema import Draft202012Validator
from support import ROOT

FILE = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
SCHEMA = Draft202012Validator(yaml.safe_load((ROOT / ".ci/s.schema.yaml").read_text(encoding="utf-8")))
PROPS = "resources.arms_pagerduty.props"


def settings():
    """The variables that the function reads and that are for the user to set."""
    files = sorted((ROOT / "src/config").glob("*.rs"))
    source = "".join(file.read_text(encoding="utf-8").split("#[cfg(test)]")[0] for file in files)
    names = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|LISTEN|SEVERITIES)"', source))
    # SQS queues are AWS's, and NO_PROXY counts for nothing else.
    not_here = {"LISTEN", "QUEUE_URL", "DEAD_LETTERS_URL", "NO_PROXY"}
    return {name for name in names - not_here if not name.startswith(("AWS_", "FC_"))}


def faults_of(file):
    if faults := [f"{fault.json_path}: {fault.message}" for fault in SCHEMA.iter_errors(file)]:
        return faults
    props = file["resources"]["arms_pagerduty"]["props"]
    variables = props["environmentVariables"]
    references = {name: re.fullmatch(rf"\$\{{env\('{name}', '([^']*)'\)\}}", str(value)) for name, value in variables.items()}
    faults = [f"{name}: not ${{env('{name}', '…')}}" for name, reference in references.items() if not reference]
    if wrong := variables.keys() ^ settings():
        faults.append(f"the function reads other variables: {sorted(wrong)}")
    if not faults and int(references["DELIVER_WITHIN_MS"][1]) / 1000 + 1 > props["timeout"]:
        faults.append("timeout does not outlast DELIVER_WITHIN_MS")
    if not 1 <= (gigabytes_per_cpu := props["memorySize"] / 1024 / props["cpu"]) <= 4:
        faults.append(f"cpu to memory is 1:{gigabytes_per_cpu:.2f}, and must be 1:1 to 1:4")
    if abs(props["cpu"] / 0.05 - round(props["cpu"] / 0.05)) > 1e-9:
        faults.append("cpu is not in steps of 0.05")
    return faults


def test_every_field_is_known_and_in_its_range():
    assert not faults_of(FILE)


@pytest.mark.parametrize("path, value", [
    *((f"{PROPS}.{path}", value) for path, value in [
        ("memorysize", 128), ("memorySize", 100), ("memorySize", 64), ("memorySize", 1024), ("memorySize", "128"),
        ("cpu", 0.07), ("cpu", 0.15), ("cpu", 0), ("diskSize", 1024), ("timeout", 3), ("timeout", None), ("timeout", True),
        ("instanceConcurrency", 1), ("instanceConcurrency", 201), ("instanceConcurrency", None),
        ("runtime", "custom.debian13"), ("code", "./code"), ("region", "cn-hangzou"), ("region", "${env('FC_REGION')}"),
        ("customRuntimeConfig.port", 8080), ("customRuntimeConfig.command", ["bootstrap"]),
        ("customRuntimeConfig.comand", ["/code/bootstrap"]), ("environmentVariables.WEBHOOK_TOKEN", "secret-in-the-file"),
        ("environmentVariables.WEBHOOK_TOKENS", "${env('WEBHOOK_TOKENS', '')}"), ("environmentVariables.LOG_LEVEL", None),
        ("environmentVariables.FC_SERVER_PORT", "${env('FC_SERVER_PORT', '9000')}"),
        ("environmentVariables.DELIVER_WITHIN_MS", "${env('DELIVER_WITHIN_MS', '60000')}"),
        ("asyncInvokeConfig.maxAsyncRetryAttempts", 9), ("asyncInvokeConfig.maxAsyncEventAgeInSeconds", 0),
        ("asyncInvokeConfig.destinationConfig", {"onFailure": {"destination": "acs:mns:cn-hangzhou::/topics/t/messages"}}),
        ("asyncInvokeConfig.destinationConfig", "${vars.failureDestination['on']}"),
        ("asyncInvokeConfig.destinationConfig", None),
        ("role", "auto"), ("role", None), ("role", "${env('FC_ROLE', '')}"),
        ("triggers.0.triggerType", "https"), ("triggers.0.triggerConfig.authType", "function"),
        ("triggers.0.triggerConfig.methods", ["POST"]), ("triggers.0.triggerConfig.authtype", "anonymous"), ("triggers", []),
    ]),
    *((f"vars.failureDestination.{path}", value) for path, value in [
        ("off", None), ("off", {"onFailure": {}}), ("on", {}), ("on", {"onfailure": {"destination": "x"}}),
    ]),
], ids=str)
def test_a_broken_file_is_found(path, value):
    """`None` takes the field away."""
    file = copy.deepcopy(FILE)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = file
    for step in parents:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert faults_of(file)
