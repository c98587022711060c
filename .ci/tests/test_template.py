"""The SAM template, and the CloudFormation that AWS will make of it, made offline: in a SAM template the linter looks past some faults,
for example a runtime that does not exist.

Also what the linter cannot know: the public URL works only with both of its permissions; each role may do its one thing and nothing
else; the queues keep what is in them, take TLS only, and the function may do with them what it needs; the canary is the console's
test, and every metric of ours, in an alarm and on the dashboard, is one that src/log/metrics.rs writes with those dimensions."""

import json
import os
import re
import subprocess
from types import SimpleNamespace

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
from support import ROOT, TOOLS

# SQS's longest (AWS, "Amazon SQS message quotas"), and its most receives before a message is a dead letter.
RETENTION_SECONDS = 14 * 24 * 60 * 60
RECEIVES_MAX = 1000


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def run(*command):
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def template(request):
    return request.config.getoption("--template").resolve(strict=True)


@pytest.fixture(scope="module")
def plain(template):
    """The transformed template, with every parameter at its default."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    sam = yaml_parse(template.read_text(encoding="utf-8"))
    # `sam build` puts a path or a bucket here, and only those are understood.
    sam["Resources"]["ArmsPagerDuty"]["Properties"]["CodeUri"] = "s3://bucket/key"
    defaults = {name: parameter["Default"] for name, parameter in sam["Parameters"].items()}
    # It names no managed policy, so nothing has to be looked up in an account.
    return transform(sam, defaults, SimpleNamespace(load=dict))


@pytest.fixture(scope="module")
def resources(plain):
    return plain["Resources"]


@pytest.fixture(scope="module")
def of_type(resources):
    """The properties of every resource of a type."""
    return lambda name: [resource["Properties"] for resource in resources.values() if resource["Type"] == name]


def test_the_linters_find_nothing_in_it_and_in_what_aws_makes_of_it(template, plain, tmp_path):
    run(TOOLS / "bin/sam", "validate", "--lint", "--template-file", template)
    (tmp_path / "template.json").write_text(json.dumps(plain), encoding="utf-8")
    run(TOOLS / "bin/cfn-lint", "--include-checks", "I", "--", tmp_path / "template.json")


def test_the_url_is_public_and_has_both_permissions(of_type):
    # ARMS cannot sign. What AWS asks for a public URL since October 2025: "Control access to Lambda function URLs".
    assert "NONE" in [url["AuthType"] for url in of_type("AWS::Lambda::Url")]
    public = [permission.items() for permission in of_type("AWS::Lambda::Permission") if permission["Principal"] == "*"]
    for wanted in (
        {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    ):
        assert any(permission >= wanted.items() for permission in public), wanted


def test_each_role_may_do_its_one_thing(of_type):
    roles = {
        "lambda.amazonaws.com": ({"logs:CreateLogStream", "logs:PutLogEvents"}, arn("LogGroup")),
        "scheduler.amazonaws.com": ({"lambda:InvokeFunction"}, arn("ArmsPagerDuty")),
    }
    # Otherwise the schedules of a stranger could take the role through the service (AWS, "Confused deputy prevention").
    only_own_schedules = {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": arn("CanaryGroup")}
    }
    for role in of_type("AWS::IAM::Role"):
        assert not role.get("ManagedPolicyArns")
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        service = trust["Principal"]["Service"]
        if service == "scheduler.amazonaws.com":
            assert trust["Condition"] == only_own_schedules
        actions, resource = roles[service]
        for statement in (statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]):
            assert set(statement["Action"]) <= actions
            assert statement["Resource"] == resource


@pytest.mark.parametrize("name, variable", [("Queue", "QUEUE_URL"), ("DeadLetters", "DEAD_LETTERS_URL")])
def test_a_queue_keeps_what_is_in_it_and_takes_tls_only(resources, name, variable):
    queue, policy = resources[name], resources[f"{name}Policy"]
    for kept in (queue, policy):
        assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert queue["Properties"].items() >= {
        "FifoQueue": True, "ContentBasedDeduplication": False, "SqsManagedSseEnabled": True,
        "MessageRetentionPeriod": RETENTION_SECONDS,
    }.items()
    assert policy["Properties"]["Queues"] == [{"Ref": name}]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement.items() >= {
        "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn(name),
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }.items()
    variables = resources["ArmsPagerDuty"]["Properties"]["Environment"]["Variables"]
    assert variables[variable] == {"Fn::If": ["IsDurable", {"Ref": name}, ""]}


def test_the_queue_invokes_the_function_event_by_event(resources):
    queue = resources["Queue"]["Properties"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": arn("DeadLetters"), "maxReceiveCount": RECEIVES_MAX}
    # A message may not be handed out again while the function is at it: AWS, "Configuring a queue to use with Lambda".
    assert queue["VisibilityTimeout"] >= 6 * resources["ArmsPagerDuty"]["Properties"]["Timeout"]
    assert resources["QueueMapping"]["Properties"].items() >= {
        "BatchSize": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"], "ScalingConfig": {"MaximumConcurrency": 5},
        "EventSourceArn": arn("Queue"),
    }.items()


def test_queues_are_made_only_with_durable_and_it_asks_for_alarms(resources, plain):
    queues = [resource for resource in resources.values() if resource["Type"].startswith("AWS::SQS")]
    assert queues and all(resource.get("Condition") == "IsDurable" for resource in queues)
    # Without alarms nobody hears of dead letters; a reservation could be used up by the queue.
    rule = json.dumps(plain["Rules"]["DurableIsWatched"])
    assert "AlarmTopicArn" in rule and "ReservedConcurrency" in rule and '["1", "2", "3", "4", "5"]' in rule


def test_durable_mode_adds_no_more_than_access_to_the_queues(of_type):
    [access] = of_type("AWS::IAM::Policy")
    assert access["Roles"] == [{"Ref": "FunctionRole"}]
    statements = access["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    assert [(set(statement["Action"]), statement["Resource"]) for statement in statements] == [
        ({"sqs:SendMessage"}, [arn("Queue"), arn("DeadLetters")]),
        ({"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"}, [arn("Queue")]),
    ]


def test_the_canary_is_the_console_s_test(of_type):
    [schedule] = of_type("AWS::Scheduler::Schedule")
    text, names = schedule["Target"]["Input"]["Fn::Sub"]
    event = json.loads(text.replace("${Token}", "token"))
    assert (event["requestContext"]["http"]["method"], event["body"]) == ("POST", '{"content":"$alertmanager_content"}')
    assert event["headers"].items() >= {"content-type": "application/json", "x-webhook-token": "token"}.items()
    # While the token is being changed there are two, and a request carries one.
    assert names == {"Token": {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "WebhookToken"}]}]}}


def metrics_of_the_dashboard(dashboard):
    """Each metric of ours with its dimensions."""
    text, names = dashboard["DashboardBody"]["Fn::Sub"]
    condition, widgets, without = names["QueueWidgets"]["Fn::If"]
    assert (condition, without) == ("IsDurable", ""), "the dashboard shows a queue that is not there"
    text = text.replace("${QueueWidgets}", widgets["Fn::Sub"][0])
    body = json.loads(re.sub(r"\$\{[^!}]*\}", "x", text).replace("${!", "${"))
    for widget in body["widgets"]:
        before = []
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                # CloudWatch reads a hyphen outside of quotes as an operator.
                pattern = r"SEARCH\('\{\"arms-pagerduty\",([^}]*)\} MetricName=\"(\w+)\""
                dimensions, name = re.match(pattern, metric[0]["expression"]).groups()
                yield name, tuple(sorted(dimensions.split(",")))
                continue
            words = [word for word in metric if isinstance(word, str)]
            # "." repeats the word above, "..." all of them.
            before = before if words == ["..."] else [before[at] if word == "." else word for at, word in enumerate(words)]
            if before[0] == "arms-pagerduty":
                yield before[1], tuple(sorted(before[2::2]))


def test_each_metric_is_one_that_the_function_writes(of_type):
    source = (ROOT / "src/log/metrics.rs").read_text(encoding="utf-8")
    written = {
        (name, tuple(sorted(re.findall(r'"(\w+)"', dimensions))))
        for dimensions, metrics in re.findall(r"dimensions: &\[([^\]]*)\],\s*metrics: &\[([^\]]*)\]", source)
        for name in re.findall(r'\("(\w+)"', metrics)
    }
    in_alarms = {
        (alarm["MetricName"], tuple(sorted(dimension["Name"] for dimension in alarm["Dimensions"])))
        for alarm in of_type("AWS::CloudWatch::Alarm")
        if alarm.get("Namespace") == "arms-pagerduty"
    }
    [dashboard] = of_type("AWS::CloudWatch::Dashboard")
    on_dashboard = set(metrics_of_the_dashboard(dashboard))
    assert in_alarms and on_dashboard and in_alarms | on_dashboard <= written
