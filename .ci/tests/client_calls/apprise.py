"""PyPI `apprise`, a notifier for many services; its host is built in."""

import sys
from pathlib import Path
from urllib.parse import quote

sys.path.append(str(Path(__file__).parent))

from apprise import Apprise, NotifyType
from said import DEDUP_KEY, KEY, SUMMARY, call


def notify(kind, body, **options):
    """Apprise sets its service up by a URL: integration key, API key, source and component."""
    query = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    apprise = Apprise()
    assert apprise.add(f"pagerduty://{KEY}@apikey/web-1/api?{query}"), "apprise does not take its URL"
    return bool(apprise.notify(body=body, notify_type=kind))


for kind in NotifyType.FAILURE, NotifyType.WARNING, NotifyType.INFO:
    call(f"trigger, {kind}", notify, kind, SUMMARY, dedup=DEDUP_KEY, group="shop", click="https://example.com/a")
call("resolve", notify, NotifyType.SUCCESS, SUMMARY, dedup=DEDUP_KEY, action="resolve")
call("trigger without a key", notify, NotifyType.FAILURE, "disk full", action="trigger")
