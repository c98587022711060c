"""Durable mode: PyPI's ministack takes the place of SQS, Lambda and the mapping between them. It starts the binary as provided.al2023 without
a container, and keeps the groups of a FIFO queue as SQS does; it has no redrive, does not check signatures, and is not AWS. One story,
in this order."""

import io
import json
import os
import shutil
import threading
import time
import zipfile
from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask import Flask, request
from support import KEY, LOOPBACK, TOOLS, eventually, free_port
from werkzeug.serving import make_server

REGION = "eu-central-1"
OTHER_KEY = "fedcba9876543210fedcba9876543210"
ACCESS_KEY, SECRET, SESSION = "AKIDEXAMPLE", "sEcReT/AcCeSs+KeY", "sEsSiOn//tOkEn=="
TOKEN = "tOkEn-of-the-webhook"
OUTAGE_SECONDS = 15
ALERTS, ROUNDS = 40, 3  # each round fires and recovers: 240 events
FUNCTION = {"FunctionName": "arms-pagerduty"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def front():
    """In front of SQS: checks each signature against botocore's own and passes the call on, unless the queue is away."""
    front = SimpleNamespace(calls=0, faults=[], away=False, port_behind=free_port())
    app = Flask(__name__)

    @app.post("/")
    def call():
        given, body = dict(request.headers), request.get_data()
        front.calls += 1
        names = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        headers = {name: request.headers[name] for name in names if name not in ("host", "x-amz-security-token")}
        signed = AWSRequest("POST", request.url, headers=headers, data=body)
        moment = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        with patch("botocore.auth.get_current_datetime", return_value=moment):
            credentials = Credentials(ACCESS_KEY, SECRET, request.headers.get("x-amz-security-token"))
            SigV4Auth(credentials, "sqs", REGION).add_auth(signed)
        if signed.headers["Authorization"] != request.headers["authorization"]:
            front.faults.append(f"botocore signs {given} otherwise: {signed.headers['Authorization']}")
        if front.away:
            return {"__type": "com.amazonaws.sqs#InternalFailure", "message": SESSION}, 500
        del given["Host"]
        answer = LOOPBACK.post(f"http://127.0.0.1:{front.port_behind}/", body, headers=given, timeout=10)
        return answer.content, answer.status_code, {"content-type": "application/x-amz-json-1.0"}

    server = make_server("127.0.0.1", 0, app, threaded=True)
    front.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield front
    server.shutdown()


class Cloud:
    """ministack with two queues and the function."""

    def __init__(self, process, front, standin, binary) -> None:
        self.front, self.standin = front, standin
        self.binary = shutil.copy2(binary, process.folder / "arms-pagerduty")
        self.log_file = process.folder / "function.log"
        session = boto3.Session(ACCESS_KEY, SECRET, region_name=REGION)
        self.sqs, self.functions = (session.client(name, endpoint_url=process.url) for name in ("sqs", "lambda"))
        fifo = {"FifoQueue": "true", "VisibilityTimeout": "60"}
        self.events, self.dead = (
            self.sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"] for name in ("events.fifo", "dead.fifo")
        )
        self.functions.create_function(
            **FUNCTION, Runtime="provided.al2023", Handler="bootstrap", Timeout=30,
            Role="arn:aws:iam::000000000000:role/none", Code={"ZipFile": self.package(SESSION, KEY)},
        )
        self.functions.create_event_source_mapping(
            **FUNCTION, EventSourceArn=f"arn:aws:sqs:{REGION}:000000000000:events.fifo", BatchSize=1,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )

    def package(self, session_token: str, key: str) -> bytes:
        """A bootstrap that sets what Lambda would set, and lets the binary write its log where it can be read."""
        queues = f"http://127.0.0.1:{self.front.port}/000000000000"
        settings = {
            "QUEUE_URL": f"{queues}/events.fifo", "DEAD_LETTERS_URL": f"{queues}/dead.fifo",
            "PAGERDUTY_EVENTS_URL": self.standin.url, "DELIVER_WITHIN_MS": "3000",
            "PAGERDUTY_INTEGRATION_KEY": key, "WEBHOOK_TOKEN": TOKEN, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": session_token,
        }
        lines = [f"export {name}='{value}'" for name, value in settings.items()]
        content, entry = io.BytesIO(), zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(entry, "\n".join(["#!/bin/sh", *lines, f"exec {self.binary} >>{self.log_file} 2>&1", ""]))
        return content.getvalue()

    def send(self, body: dict) -> tuple[int, dict]:
        """The status and body of the answer to a webhook."""
        event = {
            "version": "2.0", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": False,
            "headers": {"content-type": "application/json", "x-webhook-token": TOKEN},
            "requestContext": {"http": {"method": "POST", "path": "/"}, "stage": "$default"}, "body": json.dumps(body),
        }
        answer = json.load(self.functions.invoke(**FUNCTION, Payload=json.dumps(event))["Payload"])
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    def notify(self, **alerts: str) -> tuple[int, dict]:
        return self.send({"alerts": [
            {"fingerprint": key, "status": status, "labels": {"alertname": key, "severity": "error"}}
            for key, status in alerts.items()
        ]})

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, self.sqs.get_queue_attributes(QueueUrl=self.events, AttributeNames=names)["Attributes"].values()))

    def dead_letters(self) -> list[str]:
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def settle(self, events: int, within: float = 30) -> None:
        """Waits until the queue is empty and PagerDuty has so many events."""
        eventually(lambda: (self.waiting(), len(self.standin.taken())), (0, events), within)

    def lines(self, message: str) -> list[dict]:
        lines = (json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line["message"] == message]


@pytest.fixture(scope="module")
def the_cloud(start, standin, front, binary, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("home"))
    process = start("ministack", TOOLS / "durable/bin/ministack", env={
        "PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(front.port_behind), "SERVICES": "iam,lambda,sqs", "AWS_DEFAULT_REGION": REGION, "MINISTACK_REGION": REGION,
    })
    return Cloud(process.listens(front.port_behind, within=60), front, standin, binary)


@pytest.fixture
def cloud(the_cloud):
    """All is well again."""
    the_cloud.front.away = False
    the_cloud.standin.clear()
    return the_cloud


def test_a_webhook_is_stored_and_sent(cloud):
    message = "3 of 3 events are stored and will be sent to PagerDuty in order"
    assert cloud.notify(a="firing", b="firing", c="resolved") == (202, {"status": "stored", "message": message})
    cloud.settle(3)
    assert cloud.send({"content": "$content"})[1]["status"] == "success", "the console's test goes straight to PagerDuty"


def test_an_outage_loses_nothing_and_keeps_the_order_of_each_alert(cloud):
    cloud.standin.fault("status", status=500)
    threading.Timer(OUTAGE_SECONDS, cloud.standin.fault, ["none"]).start()
    names = [f"alert-{number}" for number in range(ALERTS)]
    for status in ("firing", "resolved") * ROUNDS:
        code, answer = cloud.notify(**dict.fromkeys(names, status))
        assert (code, answer["status"]) == (202, "stored")
    cloud.settle(2 * ROUNDS * ALERTS, within=240)
    taken = {name: [] for name in names}
    for event in cloud.standin.taken():
        taken[event["dedup_key"]].append(event["event_action"])
    assert taken == dict.fromkeys(names, ["trigger", "resolve"] * ROUNDS)
    assert cloud.lines("postponed")


def test_what_pagerduty_refuses_is_a_dead_letter_and_a_line_undelivered(cloud):
    cloud.standin.fault("status", status=400, dedup_key="poison-1")
    cloud.notify(**{"poison-1": "firing", "sound": "firing"})
    cloud.settle(1)
    [letter] = cloud.dead_letters()
    assert "poison-1" in letter
    assert len([line for line in cloud.lines("undelivered") if line["refused"] == 1]) == 1


def test_foreign_messages_are_dead_letters_as_they_were(cloud):
    bodies = ["hello", "{}", '{"path":"v2/enqueue","received":"x","event":[]}', '{"Records":[]}', "\u2028 \U0001f514"]
    for number, body in enumerate(bodies):
        cloud.sqs.send_message(QueueUrl=cloud.events, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=str(number))
    eventually(cloud.waiting, 0, within=30)
    assert sorted(cloud.dead_letters()) == sorted(bodies)


def test_with_the_store_away_events_go_straight_and_with_both_away_they_are_undelivered(cloud):
    cloud.front.away = True
    begun = time.monotonic()
    status, body = cloud.notify(x="firing", y="firing")
    assert (status, body["status"], len(cloud.standin.taken())) == (202, "success", 2)
    assert time.monotonic() - begun < 4
    cloud.standin.fault("status", status=500)
    assert cloud.notify(z="firing")[0] == 500
    assert len([line for line in cloud.lines("undelivered") if line["event"]["dedup_key"] == "z"]) == 1
    assert sum(line["unstored"] for line in cloud.lines("unstored")) == 3


def test_a_stored_event_goes_under_the_setting_s_key_of_today_or_under_its_own(cloud):
    cloud.standin.fault("status", status=500)
    cloud.notify(before="firing")
    # A key behind the alerts' texts would be a key in text.
    cloud.send({"integration_key": OTHER_KEY, "alerts": [{"fingerprint": "own", "status": "firing", "labels": {"alertname": "own"}}]})
    # From here on also without a session token.
    cloud.functions.update_function_code(**FUNCTION, ZipFile=cloud.package("", OTHER_KEY.swapcase()))
    time.sleep(1)
    cloud.standin.fault("none")
    cloud.settle(2, within=120)
    keys = {event["dedup_key"]: event["routing_key"] for event in cloud.standin.taken()}
    assert keys == {"before": OTHER_KEY.swapcase(), "own": OTHER_KEY}
    cloud.notify(after="firing")
    cloud.settle(3)


def test_no_secret_and_no_crash_is_in_the_log_and_botocore_signs_in_the_same_way(cloud):
    log = cloud.log_file.read_text()
    assert not [secret for secret in (KEY, OTHER_KEY, OTHER_KEY.swapcase(), SECRET, SESSION, TOKEN[:8]) if secret in log]
    assert log and not [line for line in log.splitlines() if not line.startswith("{")]
    assert cloud.front.calls > 20 and not cloud.front.faults
