"""The inbox as a person at a browser meets it; called by .ci/browser, which see."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib

KEY = "0123456789abcdef0123456789abcdef"
PATIENCE = 10
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
         "--window-size=1280,800", "--force-device-scale-factor=1", "--lang=en"]
ENTER, TAB = "\ue007", "\ue004"


def ask(method, url, body=None, headers=None):
    """Status, headers and text of an answer, whatever it is."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(what, is_so):
    """Waits until something is so, and hands it back."""
    end = time.monotonic() + PATIENCE
    last = None
    while time.monotonic() < end:
        try:
            last = is_so()
            if last:
                return last
        except RuntimeError as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE} s, last {last!r}")


class Inbox:
    """The built tool, on free ports."""

    def __init__(self, path, *options, **variables):
        self.path, self.others = path, []
        command = [path, *options, "--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | variables)
        self.lines = []
        while not self.lines or "Every further webhook" not in self.lines[-1]:
            self.lines.append(self.process.stdout.readline())
            assert self.lines[-1], "the inbox has ended"
        address = lambda name: next(l.split()[1] for l in self.lines if l.startswith(name + " "))
        self.webhook, self.page = address("Webhook"), address("Page")
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL)

    def post(self, body, path="/v2/enqueue", content_type="application/json"):
        url = self.webhook.replace("/v2/enqueue", path)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return ask("POST", url, data, {"content-type": content_type, "x-integration-key": KEY})[0]

    def api(self, method, path, body=None):
        return json.loads(ask(method, f"{self.page}api/{path}", body)[2])

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.drain.wait(PATIENCE)


class Browser:
    """As much of WebDriver as is needed here."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        port = free_port()
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        until("chromedriver", self.ready)
        options = {"args": [*FLAGS, f"--user-data-dir={self.profile}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.url += f"/session/{session['sessionId']}"
        size = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": size})

    def ready(self):
        with contextlib.suppress(urllib.error.URLError):
            return self.call("GET", "/status")["ready"]

    def call(self, method, path, body=None):
        status, _, text = ask(method, self.url + path, body)
        value = json.loads(text)["value"]
        if status != 200:
            raise RuntimeError(value.get("message", text))
        return value

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def go(self, url):
        self.call("POST", "/url", {"url": url})

    def text(self, selector="body"):
        return self.run("return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join('\\n')", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def has(self, text, selector="main"):
        return until(f"{text!r} in {selector}", lambda: text in self.text(selector))

    def find(self, selector):
        found = until(selector, lambda: self.call("POST", "/element", {"using": "css selector", "value": selector}))
        return next(iter(found.values()))

    def click(self, selector):
        def clicked():
            # The list may be drawn anew between the two: then it is found once more.
            self.call("POST", f"/element/{self.find(selector)}/click", {})
            return True
        until(f"a click on {selector}", clicked)

    def fill(self, selector, text):
        self.run("const e = document.querySelector(arguments[0]); e.value = arguments[1];"
                 "e.dispatchEvent(new Event('change', {bubbles: true}))", selector, text)

    def press(self, key):
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def scheme(self, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def picture(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def stop(self):
        with contextlib.suppress(RuntimeError, urllib.error.URLError):
            self.call("DELETE", "")
        self.driver.terminate()
        self.driver.wait(PATIENCE)
        shutil.rmtree(self.profile, ignore_errors=True)


def alert(name, status="firing", severity="critical", **more):
    labels = {"alertname": name, "severity": severity, "instance": more.get("instance", "web-1")}
    message = more.get("message", "it is broken")
    return {"alerts": [{"status": status, "fingerprint": more.get("fingerprint", name), "labels": labels,
                        "annotations": {"message": message}, "startsAt": "2026-11-20T08:00:00Z"}]}


def the_page_shows_the_first_alert(inbox, browser):
    browser.go(inbox.page)
    browser.has("容器内存使用率过高")
    browser.has("live", "#live")
    browser.run("window.stays = true")


def a_webhook_appears_without_a_reload(inbox, browser):
    before = browser.count(".rows .row")
    assert inbox.post(alert("disk full", instance="db-7")) == 202
    browser.has("disk full: it is broken", ".list")
    assert browser.count(".rows .row") == before + 1
    assert "disk full" in browser.text(".list li:first-child"), "newest first"
    assert inbox.post(alert("disk full", instance="db-7")) == 202
    browser.has("triggered 2 times", ".list li:first-child")
    assert browser.run("return window.stays"), "it was not loaded anew"


def an_alert_opens_and_tells_where_each_value_came_from(inbox, browser):
    browser.click(".list li:first-child a")
    browser.has("What PagerDuty gets", ".detail")
    rows = browser.run("return [...document.querySelectorAll('.fields tr')].map(r => r.innerText)")
    for field, value, origin in [("payload.severity", "critical", "alerts[0].labels.severity"),
                                 ("dedup_key", "disk full", "alerts[0].fingerprint"),
                                 ("payload.source", "db-7", "alerts[0].labels.instance"),
                                 ("client", "Alibaba Cloud ARMS", "default")]:
        row = next((row for row in rows if row.startswith(field)), None)
        assert row and value in row and origin in row, (field, row)
    shown = browser.text(".detail")
    assert "x-integration-key: ****cdef" in shown and KEY not in shown
    assert "keeps every documented rule" in shown and "Event processed" in shown


def a_recovery_resolves_it(inbox, browser):
    browser.has("triggered", ".detail .head")
    assert inbox.post(alert("disk full", status="resolved", instance="db-7")) == 202
    browser.has("resolved", ".detail .head")
    browser.has("resolved", ".list li:first-child")


def a_person_acknowledges_and_resolves(inbox, browser):
    inbox.post(alert("by hand"))
    browser.has("by hand", ".list li:first-child")
    browser.click(".list li:first-child a")
    browser.has("by hand", ".detail .head")
    for button, state in [(1, "acknowledged"), (2, "resolved")]:
        browser.click(f".detail .acts button:nth-child({button})")
        browser.has(state, ".detail .head")
    assert browser.run("return document.querySelector('.detail .acts button').disabled")


def change_events_have_their_own_list(inbox, browser):
    alerts = browser.text("#count-alerts")
    assert inbox.post("summary=deployed checkout 1.4\nsource=ci", "/change", "text/plain") == 202
    browser.click("#tabs a[data-view=changes]")
    browser.has("deployed checkout 1.4", ".list")
    browser.click(".list li:first-child a")
    browser.has("POST /change", ".detail")
    assert browser.text("#count-alerts") == alerts


def compose_previews_then_sends(inbox, browser):
    browser.click("#tabs a[data-view=compose]")
    browser.find("#body")
    browser.fill("#body", json.dumps(alert("composed", severity="warning")))
    before = len(inbox.api("GET", "webhooks")["webhooks"])
    browser.click("form button[type=submit]")
    browser.has("Preview: nothing has been sent", ".result")
    browser.has("alerts[0].labels.severity", ".result")
    assert len(inbox.api("GET", "webhooks")["webhooks"]) == before, "nothing was sent"
    browser.click("#send")
    browser.has("Sent: answered 202", ".result")
    assert any(a["summary"].startswith("composed") for a in inbox.api("GET", "alerts")["alerts"])


def the_preset_templates_output_is_understood(inbox, browser):
    lines = "告警名称：Pod 重启过多\n集群名称：prod-hangzhou\n告警时间：2026-11-20 10:31:07\n告警内容：Pod web-0 重启 5 次"
    # That it is over is recognised by the name of its time, whatever its value; a resolve shows the alert that it names.
    recovered = lines.replace("告警时间", "恢复时间")
    for lines, action, origin in [(lines, "trigger", "告警内容"), (recovered, "resolve", "告警名称")]:
        browser.fill("#body", lines)
        browser.click("form button[type=submit]")
        browser.has(action, ".result p.facts")
        browser.has(f"←\u00a0{origin}", ".result")


def what_would_be_refused_is_told_with_its_remedy(inbox, browser):
    browser.fill("#headers", "content-type: text/plain")
    browser.click("form button[type=submit]")
    browser.has("Refused: there is no integration key", ".result")
    browser.has("integration_key=<32 characters>", ".result")
    browser.fill("#headers", f"content-type: text/plain\nx-integration-key: {KEY}")


def a_sample_is_previewed_at_once(inbox, browser):
    place = next(str(n) for n, s in enumerate(inbox.api("GET", "samples")["samples"]) if s["name"] == "cloudmonitor-ok")
    browser.fill("#sample", place)
    browser.has("resolve", ".result p.facts")


def the_fields_to_paste_follow_the_choice(inbox, browser):
    browser.has("$alertmanager_content", ".paste")
    buttons = browser.count(".paste .block button")
    assert buttons == browser.count(".paste .block") >= 6
    browser.call("POST", "/permissions", {"descriptor": {"name": "clipboard-write"}, "state": "granted"})
    browser.click(".paste .block:last-child button")
    browser.has("Copied", ".paste .block:last-child button")
    browser.fill("#template-api", "change")
    browser.has("https://<function URL host>/change", ".paste")
    browser.fill("#template-format", "fields")
    browser.has("dedup_key={{ .alarmId }}", ".paste")


def faults_show_each_attempt_and_the_answer(inbox, browser):
    names = browser.run("return [...document.querySelector('#fault').options].map(o => o.text)")
    browser.fill("#fault", str(names.index("429, twice")))
    browser.has("answers 429 on purpose", "#faulty")
    assert inbox.post(alert("retried", instance="db-1")) == 202
    browser.click("#tabs a[data-view=webhooks]")
    browser.has("3 attempts", ".list li:first-child")
    browser.click(".list li:first-child a")
    browser.has("attempt 3", ".attempts")
    assert browser.text(".attempts").count("429") >= 2
    assert browser.run("return document.querySelector('#faulty').hidden")


def a_hostile_body_stays_text(inbox, browser):
    evil = ["<script>window.hurt=1</script>", "<img src=x onerror='window.hurt=2'>", "</textarea><script>window.hurt=3</script>",
            "\"><svg onload=window.hurt=4>", "javascript:window.hurt=5"]
    for number, text in enumerate(evil):
        body = alert(text, fingerprint=text, instance=text, message=text, severity=text)
        body["externalURL"] = text
        assert inbox.post(body) == 202
        assert inbox.post(text, content_type="text/html") == 202
    inbox.post(f"summary={evil[1]}\nsource={evil[0]}", "/change", "text/plain")
    browser.click("#tabs a[data-view=alerts]")
    browser.has("onerror", ".list")
    for place in range(2 * len(evil)):
        browser.click(f".list li:nth-child({place + 1}) a")
        browser.has("What PagerDuty gets", ".detail")
    browser.click("#tabs a[data-view=changes]")
    browser.has("onerror", ".list")
    browser.click("#tabs a[data-view=webhooks]")
    browser.has("onerror", ".list")
    browser.click("#tabs a[data-view=compose]")
    browser.find("#body")
    for text in evil:
        browser.fill("#body", text)
        browser.click("form button[type=submit]")
        browser.has(text, ".result pre")
    time.sleep(0.3)
    assert browser.run("return window.hurt") is None
    assert browser.count("main script, main img, main svg") == 0
    assert browser.run("return [...document.links].every(l => l.href.startsWith(location.origin))")


def the_keyboard_is_enough(inbox, browser):
    inbox.api("POST", "clear")
    inbox.post(alert("first"))
    inbox.post(alert("second"))
    browser.go(f"{inbox.page}#/alerts")
    browser.has("second", ".list")
    for _ in range(20):
        browser.press(TAB)
        if browser.run("return document.activeElement.matches('.list li:nth-child(2) a')"):
            break
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus can be seen"
    browser.press(ENTER)
    browser.has("first: it is broken", ".detail h2")
    assert browser.run("return document.activeElement.matches('.list a[aria-current]')"), "the focus stays"
    inbox.post(alert("third"))
    browser.has("third", ".list")
    assert browser.run("return document.activeElement.innerText.includes('first')"), "the focus stays when more comes"


def light_and_dark_follow_the_system(inbox, browser):
    grounds = []
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        grounds.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    brightness = [sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds]
    assert brightness[0] > 600 > 150 > brightness[1], grounds
    browser.scheme("light")


def forwarding_is_shown_loudly(inbox, browser):
    assert browser.run("return document.querySelector('#forwarding').hidden")
    loud = Inbox(inbox.path, "--forward-to-pagerduty", "--forward-url", "http://127.0.0.1:1",
                 PAGERDUTY_INTEGRATION_KEY=KEY)
    try:
        browser.go(loud.page)
        browser.has("Every event goes to the real PagerDuty", "#forwarding")
        assert KEY not in browser.text() and "****cdef" in browser.text("#forwarding")
    finally:
        browser.go(f"{inbox.page}#/alerts")
        loud.stop()
    inbox.others.append(loud.page)


def clear_forgets_all(inbox, browser):
    browser.click("#clear")
    browser.has("Nobody is paged")


def nothing_is_loaded_from_elsewhere_and_nothing_goes_wrong(inbox, browser):
    _, headers, _ = ask("GET", inbox.page)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy, policy
    status = ask("GET", inbox.page, headers={"host": "rebound.example.com"})[0]
    assert status == 403, status
    status = ask("POST", f"{inbox.page}api/clear", {}, {"origin": "https://example.com"})[0]
    assert status == 403, status
    severe = [entry for entry in browser.log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert not severe, severe
    asked = []
    for entry in browser.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    assert len(asked) > 20, asked
    elsewhere = [url for url in asked if not url.startswith((inbox.page, *inbox.others, "data:", "chrome:", "chrome-untrusted:", "about:"))]
    assert not elsewhere, elsewhere


def smaller(path):
    """The same picture without an alpha channel, packed as tightly as zlib can."""
    data = path.read_bytes()
    at, width, height, packed = 8, 0, 0, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        part = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", part[:10])
            assert (depth, colour) in ((8, 2), (8, 6))
            step = 3 if colour == 2 else 4
        packed += part if kind == b"IDAT" else b""
        at += length + 12
    raw, rows, before = zlib.decompress(packed), [], bytearray(width * step)
    for row in range(height):
        start = row * (width * step + 1)
        how, line = raw[start], bytearray(raw[start + 1:start + 1 + width * step])
        for i in range(len(line)) if how else ():
            left, up = line[i - step] if i >= step else 0, before[i]
            corner = before[i - step] if i >= step else 0
            guess = left + up - corner
            nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line[i] = (line[i] + (left, up, (left + up) // 2, nearest)[how - 1]) & 255
        before = line
        rows.append(bytes(line) if step == 3 else b"".join(bytes(line[i:i + 3]) for i in range(0, len(line), 4)))
    def chunk(kind, part):
        return struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"".join(b"\0" + row for row in rows)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(body, 9)), chunk(b"IEND", b"")]
    path.write_bytes(data[:8] + b"".join(parts))


def screenshots(inbox, browser):
    """What the README shows."""
    inbox.api("POST", "clear")
    samples = {sample["name"]: sample for sample in inbox.api("GET", "samples")["samples"]}
    for name in ("alertmanager-mixed", "prometheus-alertmanager", "preset-zh-firing", "cloudmonitor-alert", "pagerduty-change"):
        inbox.api("POST", "send", {part: samples[name][part] for part in ("path", "headers", "body")})
    inbox.post(alert("KubePodCrashLooping", severity="warning", instance="checkout-7c9d8b5f6", message="restarted 5 times in 10 minutes"))
    inbox.post(alert("KubePodCrashLooping", status="resolved", severity="warning", instance="checkout-7c9d8b5f6"))
    for _ in range(2):
        inbox.api("POST", "send", {part: samples["alertmanager-firing"][part] for part in ("path", "headers", "body")})
    first = inbox.api("GET", "alerts")["alerts"]
    inbox.api("POST", f"alerts/{first[2]['id']}/acknowledge", {})
    browser.go(f"{inbox.page}#/alerts")
    browser.has("内存", ".list")
    browser.click(".list li:nth-child(2) a")
    browser.has("What PagerDuty gets", ".detail")
    folder = pathlib.Path("docs" if os.environ.get("UPDATE_SCREENSHOTS") else tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.run("document.activeElement.blur(); document.querySelector('.detail').scrollTo(0, Number(arguments[0]))", os.environ.get("SCROLL", "0"))
        browser.picture(folder / f"inbox-{scheme}.png")
        smaller(folder / f"inbox-{scheme}.png")
        assert (folder / f"inbox-{scheme}.png").stat().st_size < 200_000
    browser.scheme("light")


CHECKS = [the_page_shows_the_first_alert, a_webhook_appears_without_a_reload,
          an_alert_opens_and_tells_where_each_value_came_from, a_recovery_resolves_it, a_person_acknowledges_and_resolves,
          change_events_have_their_own_list, compose_previews_then_sends, the_preset_templates_output_is_understood,
          what_would_be_refused_is_told_with_its_remedy, a_sample_is_previewed_at_once,
          the_fields_to_paste_follow_the_choice, faults_show_each_attempt_and_the_answer, a_hostile_body_stays_text,
          the_keyboard_is_enough, light_and_dark_follow_the_system, screenshots, clear_forgets_all,
          forwarding_is_shown_loudly,
          nothing_is_loaded_from_elsewhere_and_nothing_goes_wrong]


def main():
    inbox = Inbox(sys.argv[1])
    browser = Browser()
    passed = failed = 0
    try:
        for check in CHECKS:
            begun = time.monotonic()
            try:
                check(inbox, browser)
                passed += 1
                print(f"ok    {check.__name__} ({time.monotonic() - begun:.1f} s)", flush=True)
            except (AssertionError, RuntimeError, StopIteration, KeyError) as error:
                failed += 1
                print(f"FAIL  {check.__name__}: {error}", flush=True)
    finally:
        browser.stop()
        inbox.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
