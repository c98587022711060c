"""A real client: Debian's Alertmanager sends its webhook to the function, as a plain host, on each of PagerDuty's APIs. One story, in
this order; each time the stand-in's alerts must become what they should be."""

import json
import shutil
from datetime import datetime, timedelta, timezone

import pytest
from support import LOOPBACK, eventually, free_port

STORM, CALM = 150, 60  # more alerts than the function sends as events of their own, and fewer
TOKEN = "alertmanager-and-the-function"
# Path of the function and integration key, by the stand-in's name of the API.
APIS = {
    "v2": ("/v2/enqueue", "a" * 28 + "0002"),
    "v1": ("/generic/2010-04-15/create_event.json", "b" * 28 + "0001"),
    "change": ("/v2/change/enqueue", "c" * 28 + "0003"),
}


@pytest.fixture(scope="module")
def function(start_function, standin):
    return start_function(PAGERDUTY_EVENTS_URL=standin.url, WEBHOOK_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def alertmanager(start, function, tmp_path_factory):
    """One receiver for each API; the key is in the URL, the token a header."""
    program = shutil.which("prometheus-alertmanager")
    assert program, ".ci/tools installs it"
    token = {"authorization": {"type": "Bearer", "credentials": TOKEN}}
    receivers = []
    for api, (path, key) in APIS.items():
        webhook = {"url": f"{function.url}{path}?integration_key={key}", "send_resolved": True, "http_config": token}
        receivers.append({"name": api, "webhook_configs": [webhook]})
    route = {
        "receiver": "v2", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h",
        "routes": [{"receiver": api, "continue": True} for api in APIS],
    }
    config = tmp_path_factory.mktemp("config") / "alertmanager.yml"
    config.write_text(json.dumps({"route": route, "receivers": receivers}), encoding="utf-8")
    port = free_port()
    return start(
        "alertmanager", program, f"--config.file={config}", f"--storage.path={config.parent}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ).listens(port)


@pytest.fixture
def post(alertmanager):
    """Tells Alertmanager of alerts that fire, or of their end."""

    def post(name, instances, resolved=False):
        now = datetime.now(timezone.utc)
        # Were the start long ago, Alertmanager would not wait for the group's other alerts.
        starts_at, ends_at = (now - timedelta(seconds=1), now) if resolved else (now, now + timedelta(hours=1))
        alerts = [
            {
                "labels": {"alertname": name, "instance": f"web-{number}", "severity": "critical", "namespace": "shop"},
                "annotations": {"summary": f"web-{number} is down: \"no answer\" at C:\\data & 告警"},
                "startsAt": starts_at.isoformat(), "endsAt": ends_at.isoformat(),
                "generatorURL": "http://prometheus.example/graph?g0.expr=up",
            }
            for number in instances
        ]
        LOOPBACK.post(f"{alertmanager.url}/api/v2/alerts", json=alerts, timeout=5).raise_for_status()

    return post


@pytest.fixture
def states(standin):
    """The API and state of each alert whose summary has the words, sorted."""

    def states(words):
        api_of = {"…" + key[-4:]: api for api, (_, key) in APIS.items()}
        alerts = [alert for alert in standin.get("alerts") if words in alert["summary"]]
        return sorted((api_of[alert["key"]], alert["state"]) for alert in alerts)

    return states


def on_both(*of_alerts):
    return sorted((api, state) for api in ("v1", "v2") for state in of_alerts)


def test_what_fires_is_open(post, states, standin):
    post("HostDown", [1, 2])
    for instance in ("web-1", "web-2"):
        eventually(lambda: states(f"HostDown: {instance} "), on_both("triggered"))
    eventually(lambda: len(standin.get("changes")) >= 2, True)
    event = next(event for event in standin.taken() if event.get("payload", {}).get("source") == "web-1" and "dedup_key" in event)
    assert event["payload"].items() >= {
        "summary": "HostDown: web-1 is down: \"no answer\" at C:\\data & 告警", "severity": "critical", "source": "web-1",
        "group": "shop", "class": "HostDown",
    }.items()
    assert "http://prometheus.example/graph?g0.expr=up" in [link["href"] for link in event["links"]]


def test_one_of_two_is_resolved_then_the_other(post, states, standin):
    def actions(instance):
        events = [event for event in standin.taken() if "event_action" in event]
        dedup_keys = {event["dedup_key"] for event in events if event.get("payload", {}).get("source") == instance}
        return [event["event_action"] for event in events if event["dedup_key"] in dedup_keys]

    post("HostDown", [1], resolved=True)
    eventually(lambda: states("HostDown: web-1 "), on_both("resolved"))
    # Both were in one notification.
    eventually(lambda: actions("web-2"), ["trigger", "trigger"])
    assert actions("web-1") == ["trigger", "resolve"]
    assert states("HostDown: web-2 ") == on_both("triggered")
    post("HostDown", [2], resolved=True)
    eventually(lambda: states("HostDown"), on_both("resolved", "resolved"))


def test_a_storm_is_one_alert_and_ends(post, states):
    post("Storm", range(STORM))
    eventually(lambda: states("Storm"), on_both("triggered"))
    post("Storm", range(STORM), resolved=True)
    eventually(lambda: {state for _, state in states("")}, {"resolved"})


def test_a_storm_that_grows_is_one_alert_more_and_ends(post, states):
    post("Growing", range(CALM))
    eventually(lambda: states("Growing"), on_both(*["triggered"] * CALM))
    post("Growing", range(STORM))
    eventually(lambda: states(f"Growing: {STORM} of"), on_both("triggered"))
    post("Growing", range(STORM), resolved=True)
    eventually(lambda: {state for _, state in states("")}, {"resolved"})


def test_no_alert_was_opened_twice_and_nobody_complains(standin, alertmanager, function):
    assert {alert["opened"] for alert in standin.get("alerts")} == {1}

    def total(name):
        lines = LOOPBACK.get(f"{alertmanager.url}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + "{") and 'integration="webhook"' in line)

    assert total("alertmanager_notifications_total") >= 5 * len(APIS)
    assert total("alertmanager_notifications_failed_total") == 0
    lines = function.json_lines()
    assert lines and not [line for line in lines if line["level"] not in ("info", "debug")]
