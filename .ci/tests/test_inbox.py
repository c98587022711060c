"""The inbox as a person at a browser meets it: in both languages and colour schemes, at a desk and on a phone.

Needs chromium, and Playwright and axe from .ci/tools. UPDATE_SCREENSHOTS=1 writes the pictures in docs anew.
"""

import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from support import KEY, LOOPBACK, ROOT, TARGET, TOOLS, Process, eventually

SIZES = {"desk": {"width": 1120, "height": 760}, "phone": {"width": 390, "height": 844}}
# Every language, size and colour scheme is among the first two, and every pair of them among all.
VISITS = [("en-US", "desk", "light"), ("zh-CN", "phone", "dark"), ("zh-CN", "desk", "dark"), ("en-US", "phone", "light")]
VISITS = VISITS if os.environ.get("CI_LONG") else VISITS[:2]
once = pytest.mark.parametrize("visit", VISITS[:1], indirect=True, ids="-".join)
BODY_MAX_BYTES = 6 << 20
TEST = "This is the console's test: it reaches PagerDuty and pages nobody"

expect.set_options(timeout=15_000)


class Inbox(Process):
    """The tool, on free ports."""

    def __init__(self, folder: Path, *options, **more):
        addresses = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]
        super().__init__(folder, TARGET / "debug/arms-pagerduty-inbox", *options, *addresses, **more)
        eventually(lambda: "Every further webhook" in self.log(), True)
        self.webhook = re.search(r"Webhook +(\S+)/v2/enqueue", self.log())[1]
        self.page = re.search(r"Page +(\S+)", self.log())[1]

    def post(self, body, path="/v2/enqueue", content_type="application/json") -> int:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"content-type": content_type, "x-integration-key": KEY}
        return LOOPBACK.post(self.webhook + path, data=data, headers=headers, timeout=60).status_code

    def api(self, method: str, path: str, body=None):
        return LOOPBACK.request(method, f"{self.page}api/{path}", json=body, timeout=60).json()

    def alerts(self) -> list[dict]:
        return self.api("GET", "alerts")["alerts"]


class Visit:
    """A page of the inbox. Nothing may go wrong in it, and nothing may be loaded from elsewhere."""

    def __init__(self, chromium, inbox: Inbox, language: str, size: str, scheme: str):
        self.inbox, self.size, self.scheme = inbox, SIZES[size], scheme
        self.context = chromium.new_context(locale=language, viewport=self.size, color_scheme=scheme)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.context.add_init_script(path=TOOLS / "axe/node_modules/axe-core/axe.min.js")
        self.page = self.context.new_page()
        self.wrong, self.asked = [], []
        self.page.on("console", lambda said: self.wrong.append(f"{said.type}: {said.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(inbox.page)
        expect(self.page.locator("#live[data-is]")).to_be_visible()
        self.rows = self.page.locator(".list .rows a")

    def open(self, view: str, row: str | int | None = None):
        """A view, and the row in it that has this text or place."""
        self.page.click(f"#tabs a[href='#/{view}']")
        expect(self.page.locator(f"[data-key={view}]:not(.open)")).to_be_visible()
        if row is not None:
            (self.rows.nth(row) if isinstance(row, int) else self.rows.filter(has_text=row).first).click()

    def t(self, english: str, *values) -> str:
        """What the page says for this English text, in its language."""
        script = "async ([english, values]) => (await import('/text.js')).t(english.split('{}'), ...values)"
        return self.page.evaluate(script, [english, [str(value) for value in values]])

    def has(self, selector: str, text: str, *values):
        expect(self.page.locator(selector).first).to_contain_text(self.t(text, *values))

    def fill(self, **fields):
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)

    def preview(self, **fields):
        self.fill(**fields)
        self.page.click("form button[type=submit]")
        expect(self.page.locator(".verdict")).to_be_visible(timeout=60_000)

    def copied(self, button) -> str:
        button.click()
        self.has("#said", "Copied")
        return self.page.evaluate("navigator.clipboard.readText()")

    def check(self):
        """Nothing that axe finds, nothing beside the screen."""
        found = self.page.evaluate("axe.run()")["violations"]
        assert not found, [(one["id"], [(node["html"], node["failureSummary"]) for node in one["nodes"]]) for one in found]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.size["width"]

    def end(self):
        self.check()
        background = self.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) > 600) == (self.scheme == "light"), background
        elsewhere = [url for url in self.asked if not url.startswith((self.inbox.page, "data:", "blob:"))]
        assert not self.wrong and not elsewhere and len(self.asked) > 10, (self.wrong, elsewhere)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


@pytest.fixture(scope="module")
def inbox(start):
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "arms-pagerduty-inbox"], cwd=ROOT, check=True)
    return start("inbox", kind=Inbox)


@pytest.fixture(params=VISITS, ids="-".join)
def visit(request, chromium, inbox):
    inbox.api("PUT", "fault", {"kind": "none"})
    inbox.api("POST", "clear")
    visit = Visit(chromium, inbox, *request.param)
    yield visit
    visit.end()
    visit.context.close()


def alert(name, status="firing", severity="critical", instance="web-1", fingerprint=None, message="it is broken"):
    labels = {"alertname": name, "severity": severity, "instance": instance}
    one = {"status": status, "fingerprint": fingerprint or name, "labels": labels, "startsAt": "2026-11-20T08:00:00Z"}
    return {"alerts": [one | {"annotations": {"message": message}}]}


def text(name, *more) -> str:
    return json.dumps(alert(name, *more))


def test_alerts_come_tell_their_origins_and_are_resolved(visit, inbox):
    page, state = visit.page, visit.page.locator(".head .pill")
    page.evaluate("window.stays = true")
    assert inbox.post("summary=deployed checkout 1.4\nsource=ci", "/change", "text/plain") == 202
    visit.open("changes", "deployed checkout 1.4")
    expect(page.locator(".detail")).to_contain_text("POST /change")
    for name in ("cpu", "disk full", "disk full"):
        assert inbox.post(alert(name)) == 202
    expect(page.locator("#tabs b").first).to_have_text("2")
    visit.open("alerts")
    visit.has(".rows", "triggered: {}", 2)
    visit.check()
    visit.open("alerts", "disk full: it is broken")
    visit.has(".detail", "What is sent to PagerDuty")
    for field, value, origin in [
        ("payload.severity", "critical", "alerts[0].labels.severity"), ("dedup_key", "disk full", "alerts[0].fingerprint"),
        ("payload.source", "web-1", "alerts[0].labels.instance"), ("client", "Alibaba Cloud ARMS", visit.t("default")),
    ]:
        row = page.locator(".fields tr", has=page.locator(f"th:text-is('{field}')"))
        expect(row).to_contain_text(re.compile(f"{re.escape(value)}.*{re.escape(origin)}"))
    assert "****cdef" in page.inner_text(".detail") and KEY not in page.content()
    visit.has(".detail", "✓ keeps every documented rule of PagerDuty")
    # On a phone an open alert covers the list.
    expect(page.locator(".list")).to_be_visible(visible=visit.size == SIZES["desk"])
    assert inbox.post(alert("disk full", "resolved")) == 202
    expect(state).to_have_text("resolved")
    visit.open("alerts", "cpu")
    for number, name in enumerate(["acknowledged", "resolved"]):
        page.locator(".head button").nth(number).click()
        expect(state).to_have_text(name)
    expect(page.locator(".head button:enabled")).to_have_count(0)
    assert page.evaluate("window.stays"), "it was not loaded anew"


# Body, recovery, how good the verdict is, what it says.
VERDICTS = [
    (f"integration_key={KEY}", "", "warn", "The body says nothing of the alert: add a body template."),
    (f"integration_key={KEY}", "", "warn",
     "Nothing resolves it: the body names no alert, so that every notification opens another one."),
    ("dedup_key=a&status=firing&severity=info\nsummary={{ .commonLabels.alertname }}", "", "warn",
     "Not filled in: {}. Send what the source makes of the template, not the template."),
    (text("a"), text("a", "resolved", "info", "b", "b"), "warn",
     "Its recovery resolves {} of {} alerts: the dedup keys differ."),
    (text("a"), text("a"), "warn", "Its recovery would page again: it does not say that the alert is over."),
    (text("x" * 1100), "", "warn", "The summary is cut to 1,024 characters."),
    (text("a", "resolved"), "", "good",
     "The webhook that fires has the same dedup key, so that this one resolves its alert."),
    ("告警名称：重启\n集群名称：prod\n告警时间：2026-11-20 10:31:07\n告警内容：Pod web-0 重启 5 次", "", "good",
     "Its recovery resolves it: both have the same dedup key."),
    ("", "", "bad", "Nobody would be paged"),
    ("$alertmanager_content", "", "good", TEST),
    (text("composed"), "", "good", "It pages: an alert opens"),
]


def test_compose_judges_the_outcome_then_sends(visit, inbox):
    page = visit.page
    visit.open("compose")
    for body, recovery, level, english in VERDICTS:
        visit.preview(body=body, recovery=recovery)
        expect(page.locator(".verdict"), english).to_have_class(f"verdict {level}")
        said = page.inner_text(".verdict")
        assert all(part in said for part in visit.t(english, "§", "§").split("§")), (english, said)
        if level == "warn":
            visit.check()
    for part in ("composed", "← alerts[0].fingerprint"):
        expect(page.locator(f".verdict td code:text-is('{part}')"), "of both").to_have_count(2)
    visit.has(".result", "Nothing of the body is lost.")
    assert 0 <= page.locator(".verdict h2").bounding_box()["y"] < visit.size["height"] - 100, "it is on the screen"
    assert inbox.api("GET", "webhooks")["webhooks"] == [], "nothing was sent"
    page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)
    assert inbox.alerts()[0]["summary"].startswith("composed")
    payload = {"summary": "s", "source": "x", "severity": "info"}
    event = {"event_action": "trigger", "dedup_key": "of the log", "payload": payload}
    line = json.dumps({"message": "undelivered", "key": "****cdef", "path": "/v2/enqueue", "event": event})
    for pasted in (line, json.dumps({"__time__": 1, "content": line}), f"2026-11-24T01:02:03 {line}"):
        visit.preview(body=pasted)
        expect(page.locator(".verdict.good td").first).to_have_text("of the log")
    visit.preview(body=text("a"), headers="content-type: text/plain")
    visit.has(".verdict.bad", "Nobody would be paged")
    assert "integration_key=<32 characters>" in page.inner_text(".verdict"), "how to fix it"


@once
def test_samples_have_the_verdict_of_their_title_and_a_draft_survives_another_language(visit, inbox):
    page, later, doubtful = visit.page, [], set()
    visit.open("compose")
    is_older = lambda request: "older one" in request.post_data
    page.route("**/api/preview", lambda call: later.append(call) if is_older(call.request) else call.continue_())
    visit.fill(body=text("older one"))
    page.click("form button[type=submit]")
    visit.preview(body="$alertmanager_content")
    with page.expect_response(lambda response: is_older(response.request)):
        later[0].continue_()
    page.wait_for_timeout(300)
    visit.has(".verdict h2", TEST)
    for sample in inbox.api("GET", "samples")["samples"]:
        page.select_option("#sample", sample["name"])
        expect(page.locator(".verdict")).to_be_visible()
        if page.locator(".verdict.good").count() == 0:
            doubtful.add(sample["name"])
    assert doubtful == {"form-key-only", "json-other", "text-free"}
    page.click("#language")
    expect(page.locator("html[lang=zh-CN] form")).to_contain_text("请求体")
    assert page.input_value("#body") == sample["body"]
    page.reload()
    expect(page.locator("#tabs")).to_contain_text("试发")


def test_an_undelivered_page_is_loud_and_its_time_line_tells_why(visit, inbox):
    page, fault = visit.page, visit.page.locator("#fault option:checked")
    inbox.api("PUT", "fault", {"kind": "status", "status": 418})
    expect(fault, "also one that a script has set").to_have_text("status 418")
    assert inbox.post(alert("lost")) == 418
    visit.has("#undelivered", "Nobody was paged. Webhooks whose events did not all reach PagerDuty: {}. {}", 1, "")
    page.click("#undelivered a")
    visit.has(".loud", "{} of {} events did not reach PagerDuty. {}", 1, 1, "")
    visit.check()
    inbox.post(alert("lost", "resolved"))
    assert inbox.post("no key", "/nowhere") == 404
    for row, said in enumerate(["Nobody was paged", "PagerDuty does not know that it is over", "Nobody was paged"]):
        visit.open("webhooks", row)
        visit.has(".loud strong", said)
    page.select_option("#fault", label=visit.t("429, twice"))
    expect(page.locator("#fault[data-is=status]")).to_be_visible()
    assert inbox.post(alert("retried")) == 202
    expect(fault).to_have_text(visit.t("answers as PagerDuty does"))
    inbox.api("PUT", "fault", {"kind": "nothing", "times": 2})
    sending = threading.Thread(target=inbox.post, args=[alert("slow")])
    sending.start()
    visit.open("webhooks", "slow")
    visit.has(".hangs-up", "ARMS hangs up")
    sending.join()
    visit.has(".attempts", "the answer to the webhook")
    parts = [visit.t("attempt {}", 2), visit.t("{} after the one before", r"\d\.\d s"), visit.t("ARMS hangs up")]
    parts.append(visit.t("the answer to the webhook"))
    assert re.search(".*".join(parts), page.inner_text(".attempts"), re.DOTALL)


def test_search_and_the_keyboard_find_an_alert(visit, inbox):
    page, keyboard = visit.page, visit.page.keyboard
    for name, severity in [("disk", "critical"), ("memory", "warning"), ("latency", "info")]:
        inbox.post(alert(name, severity=severity, fingerprint=f"print-of-{name}"))
    inbox.post(alert("disk", "resolved", fingerprint="print-of-disk"))
    expect(visit.rows).to_have_count(3)
    for key in ("Tab", "Enter"):
        keyboard.press(key)
    expect(page.locator("#main:focus"), "the skip link works").to_have_count(1)
    for key in ("Tab", "Tab", "Tab"):
        keyboard.press(key)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus can be seen"
    keyboard.press("Enter")
    expect(page.locator(".detail h2")).to_contain_text("latency")
    visit.open("alerts")
    keyboard.press("/")
    keyboard.type("print-of-m")
    visit.has("#found", "{} of {}", 1, 3)
    inbox.post(alert("more"))
    expect(page.locator("#tabs b").first).to_have_text("3")
    expect(page.locator("#search:focus"), "the focus stays when more comes").to_have_count(1)
    visit.open("webhooks")
    expect(visit.rows, "a search does not hide the rows of another list").to_have_count(5)
    visit.open("alerts")
    for words, name in [("resolved", "disk"), ("triggered WARNING", "memory"), ("", "more")]:
        visit.fill(search=words)
        expect(visit.rows.first).to_contain_text(name)
    keyboard.press("Escape")
    for key, number in [("j", 1), ("j", 2), ("j", 3), ("k", 2)]:
        keyboard.press(key)
        expect(page.locator(f".list li:nth-child({number}) a[aria-current]")).to_have_count(1)
    if visit.size == SIZES["desk"]:
        inbox.post(alert("most"))
        expect(page.locator(".list li:nth-child(3) a:focus"), "the focus moves with its row").to_have_count(1)


def test_a_webhook_is_copied_as_curl_edited_exported_and_cleared(visit, inbox):
    page = visit.page
    inbox.post({"integration_key": KEY, "content": alert("it's $HOME")})
    visit.open("alerts", 0)
    command = visit.copied(page.get_by_text(visit.t("Copy as curl")))
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-c", command], capture_output=True, text=True, check=True)
        assert "202 Accepted" in done.stdout, done
    assert inbox.alerts()[0]["triggers"] == 3
    page.get_by_text(visit.t("Edit in Compose")).click()
    visit.fill(body=page.input_value("#body").replace("firing", "resolved"))
    page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)
    assert inbox.alerts()[0]["state"] == "resolved"
    with page.expect_download() as download:
        page.click("a[download]")
    exported = Path(download.value.path()).read_text()
    assert len(json.loads(exported)["webhooks"]) == 4 and KEY not in exported
    visit.open("alerts")
    for answer in ("dismiss", "accept"):
        assert len(inbox.alerts()) == 1
        page.once("dialog", lambda dialog, answer=answer: getattr(dialog, answer)())
        page.click("#clear")
    visit.has(".empty h2", "Nobody is paged")
    visit.check()
    page.locator(".empty button").first.click()
    expect(visit.rows).to_contain_text(["容器内存使用率过高"])


def test_the_fields_to_paste_are_filled_in_and_counted(visit):
    page, paste = visit.page, visit.page.locator(".paste")
    visit.open("compose")
    visit.has(".paste", "{} of {} headers", 2, 6)
    visit.fill(host="https://f.example.com/", key=KEY, token="a-secret-token")
    expect(paste).to_contain_text("https://f.example.com/v2/enqueue")
    template = visit.copied(paste.locator("button").last)
    assert template == f'{{"integration_key":"{KEY}","content":$alertmanager_content}}'
    expect(paste.locator(".count").last).to_have_text(visit.t("{} of {} characters", len(template), 500))
    expect(page.locator(":invalid")).to_have_count(0)
    visit.fill(host="f" * 250, key="too short")
    visit.has(".paste .count.over", "{} of {} characters", 269, 256)
    expect(page.locator("#key:invalid")).to_have_count(1)
    page.select_option("#format", "sls")
    expect(paste).to_contain_text("通用Webhook")
    expect(paste.locator(".count")).to_have_count(0)


@once
def test_a_hostile_body_stays_text(visit, inbox):
    page = visit.page
    evil = ["<script>window.hurt=1</script>", "<img src=x onerror='window.hurt=2'>", "\"><svg onload=window.hurt=4>",
            "</textarea><script>window.hurt=3</script>", "javascript:window.hurt=5"]
    for hostile in evil:
        body = alert(hostile, severity=hostile, instance=hostile, message=hostile)
        assert inbox.post(body | {"externalURL": hostile}) == 202
        assert inbox.post(hostile, content_type="text/html") == 202
    inbox.post(f"summary={evil[1]}\nsource={evil[0]}", "/change", "text/plain")
    for view, count in [("alerts", 2 * len(evil)), ("changes", 1), ("webhooks", 2 * len(evil) + 1)]:
        visit.open(view)
        expect(visit.rows).to_have_count(count)
        for place in range(count):
            visit.open(view, place)
            visit.has(".detail", "What came")
    visit.open("compose")
    for hostile in evil:
        visit.preview(body=hostile)
        expect(page.locator(".result pre").last).to_contain_text(hostile)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hurt") is None
    assert page.locator("body :is(script, img, svg)").count() == 0
    assert page.evaluate("[...document.links].every((link) => link.href.startsWith(location.origin))")


@once
def test_forwarding_is_shown_loudly(visit, chromium, start):
    expect(visit.page.locator("#forwarding")).to_be_hidden()
    options = ["--forward-to-pagerduty", "--forward-url", "http://127.0.0.1:1"]
    loud = start("forwarding", *options, kind=Inbox, env={"PAGERDUTY_INTEGRATION_KEY": KEY})
    other = Visit(chromium, loud, *VISITS[0])
    expect(other.page.locator("#forwarding")).to_contain_text("Every event goes to the real PagerDuty")
    assert KEY not in other.page.content() and "****cdef" in other.page.inner_text("#forwarding")
    other.end()


@once
def test_it_stays_smooth_with_a_thousand_alerts_and_the_largest_body(visit, inbox):
    for batch in range(10):
        many = [alert(f"alert {batch} {number}")["alerts"][0] for number in range(100)]
        assert inbox.post({"groupKey": str(batch), "alerts": many}) == 202
    visit.page.reload()
    expect(visit.rows).to_have_count(1000)
    visit.open("alerts", 500)
    visit.has(".detail", "What is sent to PagerDuty")
    visit.fill(search="alert 7 42")
    expect(visit.rows).to_have_count(1)
    visit.open("compose")
    visit.preview(body=json.dumps(alert("large", message="x" * (BODY_MAX_BYTES - len(text("large"))))))
    visit.has(".verdict", "It pages: an alert opens")
    visit.page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language,folder", [("en-US", "docs"), ("zh-CN", "docs/zh-CN")])
def test_pictures_for_the_docs(chromium, inbox, tmp_path, language, folder, scheme):
    inbox.api("POST", "clear")
    samples = {sample["name"]: sample for sample in inbox.api("GET", "samples")["samples"]}
    for name in ("prometheus-alertmanager", "preset-zh-firing", "cloudmonitor-alert", *["alertmanager-firing"] * 2):
        inbox.api("POST", "send", samples[name])
    inbox.api("POST", f"alerts/{inbox.alerts()[2]['id']}/acknowledge", {})
    inbox.post(alert("DiskFull", instance="db-7.example.com", message="/data is 97 % full"))
    visit = Visit(chromium, inbox, language, "desk", scheme)
    visit.open("alerts", 0)
    visit.has(".detail", "What is sent to PagerDuty")
    picture = (ROOT / folder if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path) / f"inbox-{scheme}.png"
    visit.page.screenshot(path=picture)
    assert picture.stat().st_size < 200_000
    visit.end()
