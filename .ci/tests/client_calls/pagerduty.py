"""PyPI `pagerduty`, PagerDuty's own client; it has a setting for the host."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from pagerduty import EventsApiV2Client
from said import DEDUP_KEY, DETAILS, IMAGES, KEY, LINKS, PAYLOAD, SUMMARY, URL, call

client = EventsApiV2Client(KEY, base_url=URL)
call("trigger", client.trigger, SUMMARY, "web-1", dedup_key=DEDUP_KEY, severity="warning", payload=PAYLOAD,
     custom_details=DETAILS, links=LINKS, images=IMAGES)
call("acknowledge", client.acknowledge, DEDUP_KEY)
call("resolve", client.resolve, DEDUP_KEY)
call("trigger without a key", client.trigger, "disk full", "db-7", generates=True)
call("change", client.submit, "deployed checkout 1.4", source="ci", custom_details=DETAILS, links=LINKS,
     timestamp="2026-11-24T08:00:00.123456Z")
call("change with a payload", client.send_change_event, {"summary": "deployed checkout 1.5"}, links=LINKS)
