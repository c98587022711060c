"""Durable mode: PyPI's ministack stands for SQS, Lambda and the mapping between them. It starts the binary as provided.al2023 without
a container, and keeps the groups of a FIFO queue as SQS does; it has no redrive, does not check signatures, and is not AWS.

Between the function and its SQS stands a front that checks each signature against botocore's own, with and without a session token,
and can take the queue away. One story, in this order."""

import io
import json
import os
import shutil
import threading
import time
import zipfile
from types import SimpleNamespace

import botocore.session
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask import Flask, Response, request
from support import KEY, TOOLS, eventually, free_port
from werkzeug.serving import make_server

REGION = "eu-central-1"
OTHER_KEY = "fedcba9876543210fedcba9876543210"
ACCESS_KEY, SECRET, SESSION = "AKIDEXAMPLE", "sEcReT/AcCeSs+KeY", "sEsSiOn//tOkEn=="
TOKEN = "tOkEn-of-the-webhook"
OUTAGE_SECONDS = 15
ALERTS, ROUNDS = 40, 3  # each round fires and recovers: 240 events

pytestmark = pytest.mark.timeout(300)


def signature(body: bytes) -> str:
    """The header `Authorization` as botocore makes it of the request that Flask is handling."""
    given = request.headers
    names = given["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    kept = {name: given[name] for name in names if name not in ("host", "x-amz-date", "x-amz-security-token")}
    signed = AWSRequest("POST", f"http://{given['host']}/", headers=kept, data=body)
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET, given.get("x-amz-security-token")), "sqs", REGION)
    # As in `add_auth`, but with the request's own time.
    signed.context["timestamp"] = signed.headers["X-Amz-Date"] = given["x-amz-date"]
    if auth.credentials.token:
        signed.headers["X-Amz-Security-Token"] = auth.credentials.token
    text = auth.string_to_sign(signed, auth.canonical_request(signed))
    signed_names = auth.signed_headers(auth.headers_to_sign(signed))
    return (f"AWS4-HMAC-SHA256 Credential={auth.scope(signed)}, SignedHeaders={signed_names}, "
            f"Signature={auth.signature(text, signed)}")


@pytest.fixture(scope="module")
def front():
    """In front of SQS: checks the signature and passes the call on, unless the queue is away."""
    front = SimpleNamespace(calls=0, faults=[], away=False, behind=free_port())
    app = Flask(__name__)

    @app.post("/")
    def call():
        body = request.get_data()
        front.calls += 1
        if signature(body) != request.headers["authorization"]:
            front.faults.append(f"botocore signs {dict(request.headers)} otherwise: {signature(body)}")
        content_type = "application/x-amz-json-1.0"
        if front.away:
            refusal = {"__type": "com.amazonaws.sqs#InternalFailure", "message": SESSION}
            return Response(json.dumps(refusal), 500, content_type=content_type)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        answer = requests.post(f"http://127.0.0.1:{front.behind}/", body, headers=headers, timeout=10)
        return Response(answer.content, answer.status_code, content_type=content_type)

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
        session = botocore.session.Session()
        session.set_credentials(ACCESS_KEY, SECRET)
        client = {"region_name": REGION, "endpoint_url": f"http://127.0.0.1:{front.behind}"}
        self.sqs, self.functions = (session.create_client(name, **client) for name in ("sqs", "lambda"))
        self.events, self.dead = (
            self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true", "VisibilityTimeout": "60"})["QueueUrl"]
            for name in ("events.fifo", "dead.fifo")
        )
        self.functions.create_function(
            FunctionName="arms-pagerduty", Runtime="provided.al2023", Handler="bootstrap", Timeout=30,
            Role="arn:aws:iam::000000000000:role/none", Code={"ZipFile": self.package(SESSION, KEY)},
        )
        self.functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:{REGION}:000000000000:events.fifo", FunctionName="arms-pagerduty",
            BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"],
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
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, "\n".join(["#!/bin/sh", *lines, f"exec {self.binary} >>{self.log_file} 2>&1", ""]))
        return content.getvalue()

    def send(self, body: dict) -> tuple[int, dict]:
        """The status and body of the answer to a webhook."""
        event = {
            "version": "2.0", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": False,
            "headers": {"content-type": "application/json", "x-webhook-token": TOKEN},
            "requestContext": {"http": {"method": "POST", "path": "/"}, "stage": "$default"}, "body": json.dumps(body),
        }
        payload = self.functions.invoke(FunctionName="arms-pagerduty", Payload=json.dumps(event).encode())["Payload"]
        answer = json.loads(payload.read())
        return answer["statusCode"], json.loads(answer["body"] or "{}")

    def notify(self, **alerts: str) -> tuple[int, dict]:
        return self.send({"alerts": [
            {"fingerprint": key, "status": status, "labels": {"alertname": key, "severity": "error"}}
            for key, status in alerts.items()
        ]})

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.events, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def dead_letters(self) -> list[str]:
        bodies = []
        while messages := self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=self.dead, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def taken(self) -> list[dict]:
        """The events that PagerDuty has taken since the last `clear`, in order."""
        return [received["json"] for received in self.standin.requests() if received["status"] == 202]

    def settle(self, events: int, within: float = 30) -> None:
        """Waits until the queue is empty and PagerDuty has so many events."""
        eventually(lambda: (self.waiting(), len(self.taken())), (0, events), within)

    def lines(self, message: str) -> list[dict]:
        lines = (json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line["message"] == message]


@pytest.fixture(scope="module")
def cloud(start, start_standin, front, binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    process = start("ministack", TOOLS / "durable/bin/ministack", start_new_session=True, env={
        "PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(front.behind), "SERVICES": "iam,lambda,sqs", "AWS_DEFAULT_REGION": REGION, "MINISTACK_REGION": REGION,
    })
    process.wait_until_it_listens(front.behind, within=60)
    return Cloud(process, front, start_standin(), binary)


@pytest.fixture(autouse=True)
def _all_is_well_again(cloud):
    cloud.front.away = False
    cloud.standin.fault("none")
    cloud.standin.clear()


def test_a_webhook_is_stored_and_sent(cloud):
    message = "3 of 3 events are stored and will be sent to PagerDuty in order"
    assert cloud.notify(a="firing", b="firing", c="resolved") == (202, {"status": "stored", "message": message})
    cloud.settle(3)
    status, body = cloud.send({"content": "$content"})
    assert body["status"] == "success", "the console's test goes straight to PagerDuty"


def test_an_outage_loses_nothing_and_keeps_the_order_of_each_alert(cloud):
    cloud.standin.fault("status", status=500)
    threading.Timer(OUTAGE_SECONDS, cloud.standin.fault, ["none"]).start()
    sent = {f"alert-{number}": [] for number in range(ALERTS)}
    for _ in range(ROUNDS):
        for status, action in (("firing", "trigger"), ("resolved", "resolve")):
            answer = cloud.notify(**dict.fromkeys(sent, status))
            assert (answer[0], answer[1]["status"]) == (202, "stored")
            for actions in sent.values():
                actions.append(action)
    cloud.settle(sum(map(len, sent.values())), within=240)
    taken = {key: [] for key in sent}
    for event in cloud.taken():
        taken[event["dedup_key"]].append(event["event_action"])
    assert taken == sent
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


def test_with_the_store_away_events_go_straight(cloud):
    cloud.front.away = True
    begun = time.monotonic()
    status, body = cloud.notify(x="firing", y="firing")
    assert (status, body["status"], len(cloud.taken())) == (202, "success", 2)
    assert time.monotonic() - begun < 4


def test_with_both_away_they_are_undelivered_and_counted(cloud):
    cloud.front.away = True
    cloud.standin.fault("status", status=500)
    assert cloud.notify(z="firing")[0] == 500
    assert len([line for line in cloud.lines("undelivered") if line["event"]["dedup_key"] == "z"]) == 1
    assert sum(line["unstored"] for line in cloud.lines("unstored")) == 3


def test_a_stored_event_goes_under_the_setting_s_key_of_today_or_under_its_own(cloud):
    cloud.standin.fault("status", status=500)
    cloud.notify(before="firing")
    alert = {"fingerprint": "own", "status": "firing", "labels": {"alertname": "own"}}
    # A key behind the alerts' texts would be a key in text.
    cloud.send({"integration_key": OTHER_KEY, "alerts": [alert]})
    # From here on also without a session token.
    package = cloud.package("", OTHER_KEY.swapcase())
    cloud.functions.update_function_code(FunctionName="arms-pagerduty", ZipFile=package)
    time.sleep(1)
    cloud.standin.fault("none")
    cloud.settle(2, within=120)
    keys = {event["dedup_key"]: event["routing_key"] for event in cloud.taken()}
    assert keys == {"before": OTHER_KEY.swapcase(), "own": OTHER_KEY}
    cloud.notify(after="firing")
    cloud.settle(3)


def test_no_secret_and_no_crash_is_in_the_log_and_botocore_signs_in_the_same_way(cloud):
    log = cloud.log_file.read_text()
    assert not [secret for secret in (KEY, OTHER_KEY, OTHER_KEY.swapcase(), SECRET, SESSION, TOKEN[:8]) if secret in log]
    assert log and not [line for line in log.splitlines() if not line.startswith("{")]
    assert cloud.front.calls > 20 and not cloud.front.faults
