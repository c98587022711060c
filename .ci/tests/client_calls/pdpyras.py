"""PyPI `pdpyras`, PagerDuty's client before `pagerduty`; the host is an attribute of the session."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

import pdpyras
from said import DEDUP_KEY, DETAILS, IMAGES, KEY, LINKS, PAYLOAD, SUMMARY, URL, call

session = pdpyras.EventsAPISession(KEY)
session.url = URL
call("trigger", session.trigger, SUMMARY, "web-1", dedup_key=DEDUP_KEY, severity="warning", payload=dict(PAYLOAD),
     custom_details=DETAILS, links=LINKS, images=IMAGES)
call("acknowledge", session.acknowledge, DEDUP_KEY)
call("resolve", session.resolve, DEDUP_KEY)
call("trigger without a key", session.trigger, "disk full", "db-7", generates=True)
# Version 4.1 has no change events.
if hasattr(pdpyras, "ChangeEventsAPISession"):
    changes = pdpyras.ChangeEventsAPISession(KEY)
    changes.url = URL
    call("change", changes.submit, "deployed checkout 1.4", source="ci", custom_details=DETAILS, links=LINKS,
         timestamp="2026-11-24T08:00:00.123456Z")
