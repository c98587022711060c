"""A real client: Debian's Alertmanager sends its webhook to the function, as a plain host, on each of PagerDuty's APIs.

One story, in this order: alerts fire, one of two is resolved, then the other, then a storm comes and goes, and one that begins
small; each time the stand-in's alerts must become what they should be."""

import json
import shutil
from datetime import datetime, timedelta, timezone

import pytest
from support import LOOPBACK, eventually, free_port

STORM_ALERTS = 150  # more than the function sends as events of their own
CALM_ALERTS = 60  # fewer than that
TOKEN = "alertmanager-and-the-function"
# Path of the function and integration key, by the stand-in's name of the API.
APIS = {
    "v2": ("/v2/enqueue", "a" * 28 + "0002"),
    "v1": ("/generic/2010-04-15/create_event.json", "b" * 28 + "0001"),
    "change": ("/v2/change/enqueue", "c" * 28 + "0003"),
}


@pytest.fixture(scope="module")
def function(start, standin, binary):
    port = free_port()
    process = start("function", binary, env={
        "LISTEN": f"127.0.0.1:{port}", "PAGERDUTY_EVENTS_URL": standin.url, "WEBHOOK_TOKEN": TOKEN,
    })
    process.wait_until_it_listens(port)
    process.url = f"http://127.0.0.1:{port}"
    return process


@pytest.fixture(scope="module")
def alertmanager(start, function, tmp_path_factory):
    """Alertmanager's address. One receiver for each API; the key is in the URL, the token a header."""
    program = shutil.which("prometheus-alertmanager")
    assert program, ".ci/tools installs it"
    receivers = [
        {"name": api, "webhook_configs": [{
            "url": f"{function.url}{path}?integration_key={key}", "send_resolved": True,
            "http_config": {"authorization": {"type": "Bearer", "credentials": TOKEN}},
        }]}
        for api, (path, key) in APIS.items()
    ]
    route = {
        "receiver": "v2", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h",
        "routes": [{"receiver": api, "continue": True} for api in APIS],
    }
    config = tmp_path_factory.mktemp("config") / "alertmanager.yml"
    config.write_text(json.dumps({"route": route, "receivers": receivers}), encoding="utf-8")
    port = free_port()
    process = start(
        "alertmanager", program, f"--config.file={config}", f"--storage.path={config.parent}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    )
    process.wait_until_it_listens(port)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def post(alertmanager):
    """Tells Alertmanager of alerts that fire, or of their end."""

    def post(name, instances, resolved=False):
        now = datetime.now(timezone.utc)
        # Were the start long ago, Alertmanager would not wait for the group's other alerts.
        starts_at, ends_at = (now - timedelta(seconds=1), now) if resolved else (now, now + timedelta(hours=1))
        LOOPBACK.post(f"{alertmanager}/api/v2/alerts", timeout=5, json=[
            {
                "labels": {"alertname": name, "instance": f"web-{number}", "severity": "critical", "namespace": "shop"},
                "annotations": {"summary": f"web-{number} is down: \"no answer\" at C:\\data & 告警"},
                "startsAt": starts_at.isoformat(), "endsAt": ends_at.isoformat(),
                "generatorURL": "http://prometheus.example/graph?g0.expr=up",
            }
            for number in instances
        ]).raise_for_status()

    return post


@pytest.fixture
def states(standin):
    """The states of the alerts whose summary has a word, by instance, on v2 and v1."""

    def states(word):
        found = {"v2": {}, "v1": {}}
        for alert in standin.alerts():
            if word in alert["summary"]:
                words = alert["summary"].replace(":", " ").split()
                instance = next((word for word in words if word.startswith("web-")), "")
                api = next(api for api, (_, key) in APIS.items() if alert["key"] == "…" + key[-4:])
                found[api][instance] = alert["state"]
        return found

    return states


def on_both(**alerts):
    alerts = {name.replace("_", "-"): state for name, state in alerts.items()}
    return {"v2": alerts, "v1": alerts}


def actions(standin, instance):
    """What the v2 API received about an alert, in order."""
    requests = [request["json"] for request in standin.requests() if request["api"] == "v2"]
    dedup_keys = {event["dedup_key"] for event in requests if event.get("payload", {}).get("source") == instance}
    return [event["event_action"] for event in requests if event["dedup_key"] in dedup_keys]


def test_what_fires_is_open(post, states, standin):
    post("HostDown", [1, 2])
    eventually(lambda: states("HostDown"), on_both(web_1="triggered", web_2="triggered"))
    eventually(lambda: len(standin.changes()) >= 2, True)
    alert = next(alert for alert in standin.alerts() if "web-1" in alert["summary"] and alert["source"])
    event = alert["events"][0]["event"]
    assert {name: event["payload"][name] for name in ("summary", "severity", "source", "group", "class")} == {
        "summary": "HostDown: web-1 is down: \"no answer\" at C:\\data & 告警", "severity": "critical", "source": "web-1",
        "group": "shop", "class": "HostDown",
    }
    assert "http://prometheus.example/graph?g0.expr=up" in [link["href"] for link in event["links"]]


def test_one_of_two_is_resolved_and_the_other_open(post, states, standin):
    post("HostDown", [1], resolved=True)
    eventually(lambda: states("HostDown"), on_both(web_1="resolved", web_2="triggered"))
    # Both were in one notification.
    eventually(lambda: actions(standin, "web-2"), ["trigger", "trigger"])
    assert actions(standin, "web-1") == ["trigger", "resolve"]


def test_nothing_is_open_when_both_are_resolved(post, states):
    post("HostDown", [2], resolved=True)
    eventually(lambda: states("HostDown"), on_both(web_1="resolved", web_2="resolved"))


def test_a_storm_is_one_alert_and_ends(post, states, standin):
    post("Storm", range(STORM_ALERTS))
    eventually(lambda: [list(alerts.values()) for alerts in states("Storm").values()], [["triggered"]] * 2)
    post("Storm", range(STORM_ALERTS), resolved=True)
    eventually(lambda: {alert["state"] for alert in standin.alerts()}, {"resolved"})


def test_a_storm_that_grows_is_one_alert_more_and_ends(post, states, standin):
    post("Growing", range(CALM_ALERTS))
    eventually(lambda: [len(alerts) for alerts in states("Growing").values()], [CALM_ALERTS] * 2)
    post("Growing", range(STORM_ALERTS))
    eventually(lambda: len([alert for alert in standin.alerts() if f"Growing: {STORM_ALERTS} of" in alert["summary"]]), 2)
    post("Growing", range(STORM_ALERTS), resolved=True)
    eventually(lambda: {alert["state"] for alert in standin.alerts()}, {"resolved"})


def test_no_alert_was_opened_twice(standin, alertmanager):
    assert {alert["opened"] for alert in standin.alerts()} == {1}


def test_neither_alertmanager_nor_the_function_complains(alertmanager, function):
    def total(name):
        lines = LOOPBACK.get(f"{alertmanager}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") and 'integration="webhook"' in line)

    assert total("alertmanager_notifications_total") >= 5 * len(APIS)
    assert total("alertmanager_notifications_failed_total") == 0
    lines = function.json_lines()
    assert lines and not [line for line in lines if line["level"] not in ("info", "debug")]
    assert not [secret for secret in (TOKEN, *(key for _, key in APIS.values())) if secret in function.log()]
