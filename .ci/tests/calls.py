"""Makes the calls of test_clients.py with a Python library: LIBRARY URL KEY CALLS, and prints what each returned or raised."""

import json
import sys
from urllib.parse import quote

library, url, key, calls = sys.argv[1:]


def client_of(library):
    """Its function for alert events, and the one for change events if it has them."""
    if library == "apprise":
        return apprise, None
    if library == "pagerduty":
        from pagerduty import EventsApiV2Client

        client = EventsApiV2Client(key, base_url=url)
        return client.send_event, client.send_change_event
    import pdpyras

    client, changes = pdpyras.EventsAPISession(key), getattr(pdpyras, "ChangeEventsAPISession", None)
    client.url = url
    if not changes:
        return client.send_event, None
    changes = changes(key)
    changes.url = url
    return client.send_event, lambda payload, links=(): changes.submit(**payload, links=links)


def apprise(action, payload, dedup_key=None, **_):
    """A notifier for many services, which is set up by a URL: integration key, API key, source and component."""
    from apprise import Apprise

    client = Apprise()
    query = f"action={action}&group={quote(payload.get('group', ''))}&click=https://example.com/a&dedup={quote(dedup_key or '')}"
    assert client.add(f"pagerduty://{key}@apikey/{payload['source']}/api?{query}")
    kinds = {"critical": "failure", "warning": "warning", "info": "info"}
    return bool(client.notify(body=payload["summary"], notify_type=kinds[payload["severity"]]))


send, change = client_of(library)
for action, event in json.loads(calls):
    if action == "change" and not change:
        continue
    try:
        got = change(**event) if action == "change" else send(action, **event)
        got = {"dedup_key": got} if isinstance(got, str) else got
    except Exception as error:
        got = {"raised": type(error).__name__, "text": str(error).replace(url, "URL")}
    print(json.dumps([action, got]))
