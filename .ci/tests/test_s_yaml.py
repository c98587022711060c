"""s.yaml, field by field: Serverless Devs itself lets a misspelt field or an impossible size pass until it deploys, and some of it
then too. Every field must be in the table below, with a value that Function Compute 3.0 and the fc3 component document (docs/zh/yaml
of the component; "CreateFunction", "PutAsyncInvokeConfig", "Instance specifications"), and every way to break the file must be found."""

import copy
import re

import pytest
import yaml
from support import ROOT

FILE = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
PROPS = "resources.arms_pagerduty.props"
REGION = r"(cn-(beijing|chengdu|hangzhou|hongkong|huhehaote|qingdao|shanghai|shenzhen|zhangjiakou)" \
    r"|ap-(northeast-[12]|southeast-[12357])|eu-(central|west)-1|us-(east|west)-1)"
# The value that a field must have: this one, one of a list or range of numbers, or a text that matches.
FIELDS = {
    "edition": "3.0.0",
    "name": re.compile(r"[a-z][a-z0-9-]*"),
    "access": re.compile(r"[A-Za-z0-9_-]+"),
    # One variable switches the failure destination on, and with it the role that may send there. Off, both are as if they were not
    # in the file: the tool gives the component an empty text and an empty mapping.
    "vars.failureDestination.off": {},
    "vars.failureDestination.on.onFailure.destination": "${env('FC_FAILURE_DESTINATION', '')}",
    "resources.arms_pagerduty.component": "fc3",
} | {f"{PROPS}.{name}": value for name, value in {
    # ${env('NAME', 'default')}: without a default the tool stops where the variable is missing.
    "region": re.compile(rf"\$\{{env\('[A-Z0-9_]+', '{REGION}'\)\}}"),
    "functionName": re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}"),
    "description": re.compile(r".{0,256}"),
    "handler": "bootstrap",
    "runtime": "custom.debian10",
    "code": "./target/packages/arms-pagerduty-function-compute.zip",  # what tools/package makes
    "customRuntimeConfig.command": ["/code/bootstrap"],
    "customRuntimeConfig.port": 9000,
    "cpu": [step * 5 / 100 for step in range(1, 321)],
    "memorySize": range(128, 32769, 64),
    "diskSize": [512, 10240],
    # 1 and 3 seconds if nobody says otherwise, and both lose alerts.
    "instanceConcurrency": range(2, 201),
    "timeout": range(30, 86401),
    "internetAccess": True,
    "logConfig": "auto",
    "role": "${env('FC_FAILURE_DESTINATION', '') ? env('FC_ROLE', 'auto') : ''}",
    "asyncInvokeConfig.maxAsyncRetryAttempts": range(1, 9),
    "asyncInvokeConfig.maxAsyncEventAgeInSeconds": range(1, 604801),
    "asyncInvokeConfig.destinationConfig": "${vars.failureDestination[env('FC_FAILURE_DESTINATION', '') ? 'on' : 'off']}",
    "triggers.0.triggerName": re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}"),
    "triggers.0.triggerType": "http",
    "triggers.0.qualifier": "LATEST",
    "triggers.0.triggerConfig.authType": "anonymous",
    "triggers.0.triggerConfig.methods": ["POST", "GET"],
    "triggers.0.triggerConfig.disableURLInternet": False,
}.items()}


def settings():
    """The variables that the function reads and that are for the user to set."""
    files = sorted((ROOT / "src/config").glob("*.rs"))
    source = "".join(file.read_text(encoding="utf-8").split("#[cfg(test)]")[0] for file in files)
    names = set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|LISTEN|SEVERITIES)"', source))
    # SQS queues are AWS's, and NO_PROXY counts for nothing else.
    not_here = {"LISTEN", "QUEUE_URL", "DEAD_LETTERS_URL", "NO_PROXY"}
    return {name for name in names - not_here if not name.startswith(("AWS_", "FC_"))}


def flat(value, path=""):
    """Every field that holds no others, and every list of texts, by its path."""
    if isinstance(value, dict) and value:
        inner = value.items()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        inner = enumerate(value)
    else:
        return {path.strip("."): value}
    return {name: leaf for step, one in inner for name, leaf in flat(one, f"{path}.{step}").items()}


def suits(value, wanted):
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.fullmatch(value)
    if isinstance(value, list) or not isinstance(wanted, (list, range)):
        return (type(value), value) == (type(wanted), wanted)
    return type(value) in (int, float) and value in wanted


def faults_of(file):
    found = flat(file)
    variables = {
        f"{PROPS}.environmentVariables.{name}": re.compile(rf"\$\{{env\('{name}', '([^']*)'\)\}}") for name in settings()
    }
    wanted = FIELDS | variables
    if faults := [f"{path}: unknown or missing" for path in sorted(found.keys() ^ wanted.keys())]:
        return faults
    if faults := [f"{path}: {found[path]}" for path in wanted if not suits(found[path], wanted[path])]:
        return faults
    within = f"{PROPS}.environmentVariables.DELIVER_WITHIN_MS"
    if int(wanted[within].fullmatch(found[within])[1]) / 1000 + 1 > found[f"{PROPS}.timeout"]:
        faults.append("timeout does not outlast DELIVER_WITHIN_MS")
    if not 1 <= (gigabytes_per_cpu := found[f"{PROPS}.memorySize"] / 1024 / found[f"{PROPS}.cpu"]) <= 4:
        faults.append(f"cpu to memory is 1:{gigabytes_per_cpu:.2f}, and must be 1:1 to 1:4")
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
        ("asyncInvokeConfig.destinationConfig", None), ("role", "auto"), ("role", None), ("role", "${env('FC_ROLE', '')}"),
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
