"""What the function does, with Python's standard library and without its care: an event for each alert of a webhook."""

import http.client
import json
import os
import urllib.parse


def post(connection, alert):
    event = {
        "routing_key": "0" * 32,
        "event_action": "resolve" if alert["status"] == "resolved" else "trigger",
        "dedup_key": alert["fingerprint"],
        "payload": {"summary": alert["labels"]["alertname"], "source": "ARMS", "severity": "error", "custom_details": alert},
    }
    connection.request("POST", "/v2/enqueue", json.dumps(event), {"content-type": "application/json"})
    answer = connection.getresponse()
    return answer.read().decode(), answer.status


runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
url = urllib.parse.urlsplit(os.environ["PAGERDUTY_EVENTS_URL"])
pagerduty = None
while True:
    runtime.request("GET", "/2018-06-01/runtime/invocation/next")
    invocation = runtime.getresponse()
    envelope = json.load(invocation)
    if not pagerduty:
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        pagerduty = kind(url.netloc)
    for alert in json.loads(envelope["body"])["alerts"]:
        body, status = post(pagerduty, alert)
    path = f"/2018-06-01/runtime/invocation/{invocation.getheader('lambda-runtime-aws-request-id')}/response"
    runtime.request("POST", path, json.dumps({"statusCode": status, "body": body}))
    runtime.getresponse().read()
