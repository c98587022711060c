"""The inbox as a person at a browser meets it: every flow, in both languages and colour schemes, at a desk and on a phone.

Needs chromium, and Playwright and axe from .ci/tools. UPDATE_SCREENSHOTS=1 writes the pictures in docs anew.
"""

import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from support import KEY, LOOPBACK, ROOT, TARGET, TOOLS, Process, eventually

SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
PICTURE = {"width": 1120, "height": 760}
# Every language, size and colour scheme is among the first two, and every pair of them among all.
VISITS = [("en-US", "desk", "light"), ("zh-CN", "phone", "dark"), ("zh-CN", "desk", "dark"), ("en-US", "phone", "light")]
VISITS = VISITS if os.environ.get("CI_LONG") else VISITS[:2]
once = pytest.mark.parametrize("visit", VISITS[:1], indirect=True, ids="-".join)
ROWS = ".rows:not(.inline) li"
BODY_MAX_BYTES = 6 << 20

expect.set_options(timeout=15_000)


class Inbox(Process):
    """The tool, on free ports."""

    def __init__(self, folder: Path, *options, **more):
        command = [TARGET / "debug/arms-pagerduty-inbox", *options, "--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]
        super().__init__(folder, *command, **more)
        eventually(lambda: "Every further webhook" in self.log(), True)
        addresses = dict(line.split(maxsplit=1) for line in self.log().splitlines() if " http://" in line)
        self.webhook, self.page = addresses["Webhook"].strip().removesuffix("/v2/enqueue"), addresses["Page"].strip()

    def post(self, body, path="/v2/enqueue", content_type="application/json") -> int:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"content-type": content_type, "x-integration-key": KEY}
        return LOOPBACK.post(self.webhook + path, data=data, headers=headers, timeout=60).status_code

    def api(self, method: str, path: str, body=None):
        return LOOPBACK.request(method, f"{self.page}api/{path}", json=body, timeout=60).json()

    def alerts(self) -> list[dict]:
        return self.api("GET", "alerts")["alerts"]

    def samples(self) -> dict[str, dict]:
        return {sample["name"]: sample for sample in self.api("GET", "samples")["samples"]}


class Visit:
    """A page of the inbox. Nothing may go wrong in it, and nothing may be loaded from elsewhere."""

    def __init__(self, chromium, inbox: Inbox, language: str, size: str, scheme: str):
        self.origin, self.size, self.scheme = inbox.page, SIZES[size], scheme
        self.is_phone = size == "phone"
        self.context = chromium.new_context(locale=language, viewport=self.size, color_scheme=scheme)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.context.add_init_script(path=TOOLS / "axe/node_modules/axe-core/axe.min.js")
        self.page = self.context.new_page()
        self.wrong, self.asked = [], []
        self.page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(self.origin)
        expect(self.page.locator("#live")).to_have_class("live on")

    def tab(self, view: str):
        self.page.click(f"#tabs a[data-view={view}]")
        expect(self.page.locator("form.compose" if view == "compose" else "#rows")).to_be_visible()

    def t(self, english: str, *values) -> str:
        """What the page says for this English text, in its language."""
        script = "async ([english, values]) => (await import('/text.js')).t(english.split('{}'), ...values)"
        return self.page.evaluate(script, [english, [str(value) for value in values]])

    def has(self, selector: str, text: str, *values):
        expect(self.page.locator(selector).first).to_contain_text(self.t(text, *values))

    def preview(self, **fields):
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)
        self.page.evaluate("document.querySelector('.result').replaceChildren()")
        self.page.click("form.compose button[type=submit]")
        expect(self.page.locator(".verdict")).to_be_visible()

    def check(self):
        """Nothing that axe finds, nothing beside the screen."""
        found = self.page.evaluate("axe.run()")["violations"]
        assert not found, [(one["id"], [node["html"] for node in one["nodes"]][:3], one["nodes"][0]["failureSummary"]) for one in found]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.size["width"]

    def end(self):
        self.check()
        background = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) > 600) == (self.scheme == "light"), background
        self.context.close()
        elsewhere = [url for url in self.asked if not url.startswith((self.origin, "data:", "blob:"))]
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


def alert(name, status="firing", severity="critical", instance="web-1", fingerprint=None, message="it is broken"):
    labels = {"alertname": name, "severity": severity, "instance": instance}
    return {"alerts": [{"status": status, "fingerprint": fingerprint or name, "labels": labels,
                        "annotations": {"message": message}, "startsAt": "2026-11-20T08:00:00Z"}]}  # fmt: skip


def test_an_alert_comes_opens_tells_its_origins_and_is_resolved(visit, inbox):
    page, rows = visit.page, visit.page.locator(ROWS)
    page.evaluate("window.stays = true")
    inbox.post(alert("cpu"))
    for _ in range(2):
        assert inbox.post(alert("disk full", instance="db-7")) == 202
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("disk full: it is broken")
    visit.has(ROWS, "{} times", 2)
    visit.check()
    rows.first.locator("a").click()
    visit.has(".detail", "What is sent to PagerDuty")
    for field, value, origin in [
        ("payload.severity", "critical", "alerts[0].labels.severity"),
        ("dedup_key", "disk full", "alerts[0].fingerprint"),
        ("payload.source", "db-7", "alerts[0].labels.instance"),
        ("client", "Alibaba Cloud ARMS", visit.t("default")),
    ]:
        row = page.locator(".fields tr", has=page.locator(f"th:text-is('{field}')")).first
        expect(row).to_contain_text(value)
        expect(row).to_contain_text(origin)
    assert "****cdef" in page.inner_text(".detail") and KEY not in page.content()
    visit.has(".detail", "✓ keeps every documented rule of PagerDuty")
    # On a phone an open alert covers the list.
    expect(page.locator("#rows")).to_be_visible(visible=not visit.is_phone)
    assert inbox.post(alert("disk full", status="resolved", instance="db-7")) == 202
    expect(page.locator(".detail .head .pill")).to_have_text("resolved")
    if visit.is_phone:
        page.click(".back")
    page.locator(f"{ROWS} a", has_text="cpu").click()
    for number, state in [(0, "acknowledged"), (1, "resolved")]:
        page.locator(".detail .head button").nth(number).click()
        expect(page.locator(".detail .head .pill")).to_have_text(state)
    expect(page.locator(".detail .head button").first).to_be_disabled()
    assert page.evaluate("window.stays"), "it was not loaded anew"


def test_change_events_have_their_own_list(visit, inbox):
    assert inbox.post("summary=deployed checkout 1.4\nsource=ci", "/change", "text/plain") == 202
    visit.tab("changes")
    visit.page.locator(f"{ROWS} a", has_text="deployed checkout 1.4").click()
    expect(visit.page.locator(".detail")).to_contain_text("POST /change")
    expect(visit.page.locator("#count-alerts")).to_be_empty()


def test_compose_judges_the_outcome_then_sends(visit, inbox):
    page = visit.page
    visit.tab("compose")
    visit.preview(body=json.dumps(alert("composed")))
    visit.has(".verdict.good", "It pages: an alert opens")
    visit.has(".verdict .point.good", "Its recovery resolves it: both have the same dedup key.")
    expect(page.locator(".verdict td code:text-is('composed')"), "both keys are shown").to_have_count(2)
    expect(page.locator(".verdict .from", has_text="alerts[0].fingerprint"), "and their origins").to_have_count(2)
    visit.has(".result", "Nothing of the body is lost.")
    assert 0 <= page.locator(".verdict h2").bounding_box()["y"] < visit.size["height"] - 100, "the result is on the screen"
    assert inbox.api("GET", "webhooks")["webhooks"] == [], "nothing was sent"
    page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)
    assert inbox.alerts()[0]["summary"].startswith("composed")


@once
def test_an_older_preview_that_ends_last_is_not_shown(visit):
    visit.tab("compose")
    visit.page.evaluate("""(bodies) => {
        const [ask, form] = [window.fetch, document.querySelector("form.compose")];
        window.fetch = async (...call) => {
            if (call[1].body?.includes("older")) await new Promise((resolve) => setTimeout(resolve, 500));
            return ask(...call);
        };
        for (const body of bodies) { form.querySelector("#body").value = body; form.requestSubmit(); }
    }""", [json.dumps(alert("older")), "$alertmanager_content"])  # fmt: skip
    visit.page.wait_for_timeout(1500)
    visit.has(".verdict h2", "This is the console's test: it reaches PagerDuty and pages nobody")


# Name, body, recovery, how good the verdict is, what it says.
VERDICTS = [
    ("key alone", f"integration_key={KEY}", "", "warn", "The body says nothing of the alert: add a body template."),
    ("once", f"integration_key={KEY}", "", "warn", "Nothing resolves it: the body names no alert, so that every notification opens another one."),
    ("unfilled", "dedup_key=a&status=firing&severity=info\nsummary={{ .commonLabels.alertname }}", "", "warn",
     "Not filled in: {}. Send what the source makes of the template, not the template."),
    ("other key", json.dumps(alert("a")), json.dumps(alert("a", status="resolved", fingerprint="b")), "warn",
     "Its recovery resolves {} of {} alerts: the dedup keys differ."),
    ("no state", json.dumps(alert("a")), json.dumps(alert("a")), "warn", "Its recovery would page again: it does not say that the alert is over."),
    ("long", json.dumps(alert("a", message="x" * 1100)), "", "warn", "The summary is cut to 1,024 characters."),
    ("recovery", json.dumps(alert("a", status="resolved")), "", "good",
     "The webhook that fires has the same dedup key, so that this one resolves its alert."),
    ("preset", "告警名称：重启\n集群名称：prod\n告警时间：2026-11-20 10:31:07\n告警内容：Pod web-0 重启 5 次", "", "good",
     "Its recovery resolves it: both have the same dedup key."),
    ("empty", "", "", "bad", "Nobody would be paged"),
    ("test", "$alertmanager_content", "", "good", "This is the console's test: it reaches PagerDuty and pages nobody"),
]  # fmt: skip


def test_each_doubt_about_the_outcome_is_a_warning(visit):
    visit.tab("compose")
    for name, body, recovery, level, text in VERDICTS:
        visit.preview(body=body, recovery=recovery)
        expect(visit.page.locator(".verdict"), name).to_have_class(f"verdict {level}")
        said = visit.page.inner_text(".verdict")
        assert all(part in said for part in visit.t(text, "§", "§").split("§")), (name, said)
        if name == "other key":
            visit.check()
    visit.preview(body=json.dumps(alert("a")), recovery="", headers="content-type: text/plain")
    visit.has(".verdict.bad", "Nobody would be paged")
    assert "integration_key=<32 characters>" in visit.page.inner_text(".verdict"), "how to fix it"


@once
def test_every_sample_has_the_verdict_that_its_title_promises(visit, inbox):
    visit.tab("compose")
    levels = {}
    for number, name in enumerate(inbox.samples()):
        visit.page.evaluate("document.querySelector('.result').replaceChildren()")
        visit.page.select_option("#sample", str(number))
        expect(visit.page.locator(".verdict")).to_be_visible()
        levels[name] = visit.page.get_attribute(".verdict", "class").split()[1]
    assert {name for name, level in levels.items() if level != "good"} == {"form-key-only", "json-other", "text-free"}


def test_an_undelivered_page_is_loud(visit, inbox):
    page = visit.page
    inbox.api("PUT", "fault", {"kind": "status", "status": 400})
    assert inbox.post(alert("lost")) == 400
    visit.has("#undelivered", "Nobody was paged. Webhooks whose events did not all reach PagerDuty: {}. {}", 1, "")
    page.click("#undelivered a")
    visit.has(".loud strong", "Nobody was paged")
    visit.has(".loud", "{} of {} events did not reach PagerDuty. {}", 1, 1, "")
    visit.check()
    inbox.post(alert("lost", status="resolved"))
    assert inbox.post("no key", "/nowhere") == 404
    for row, text in [(0, "Nobody was paged"), (1, "PagerDuty does not know that it is over")]:
        page.click("#tabs a[data-view=webhooks]")
        page.locator(f"{ROWS} a").nth(row).click()
        visit.has(".loud strong", text)
    visit.tab("webhooks")
    page.select_option("#by-state", "undelivered")
    expect(page.locator(".rows li:visible")).to_have_count(2)


@pytest.mark.parametrize("visit", VISITS[:2], indirect=True, ids="-".join)
def test_the_time_line_shows_waits_and_when_arms_hangs_up(visit, inbox):
    inbox.api("PUT", "fault", {"kind": "nothing", "times": 2})
    sending = threading.Thread(target=lambda: inbox.post(alert("slow")))
    sending.start()
    visit.tab("webhooks")
    visit.page.locator(f"{ROWS} a").first.click()
    visit.has(".hangs-up", "ARMS hangs up")
    sending.join()
    visit.has(".attempts", "the answer to the webhook")
    said = visit.page.inner_text(".attempts")
    names = [visit.t("attempt {}", 2), visit.t("ARMS hangs up"), visit.t("the answer to the webhook")]
    places = [said.index(name) for name in names]
    assert places == sorted(places) and re.search(visit.t("{} after the one before", r"\d\.\d s"), said), said


def test_faults_are_shown_also_when_a_script_sets_them(visit, inbox):
    page = visit.page
    page.select_option("#fault", label=visit.t("429, twice"))
    visit.has("#faulty", "The stand-in answers {} on purpose.", 429)
    assert inbox.post(alert("retried")) == 202
    expect(page.locator("#faulty")).to_be_hidden()
    inbox.api("PUT", "fault", {"kind": "status", "status": 418, "times": 3})
    expect(page.locator("#fault")).to_have_value("script")
    visit.has("#faulty", "The stand-in answers {} on purpose.", 418)


def test_search_filters_and_keys_find_an_alert(visit, inbox):
    page = visit.page
    for name, severity in [("disk", "critical"), ("memory", "warning"), ("latency", "info")]:
        inbox.post(alert(name, severity=severity, fingerprint=f"print-of-{name}"))
    inbox.post(alert("disk", status="resolved", fingerprint="print-of-disk"))
    rows = page.locator(".rows li:visible")
    expect(rows).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("print-of-m")
    expect(rows).to_have_count(1)
    visit.has("#found", "{} of {}", 1, 3)
    inbox.post(alert("more"))
    expect(page.locator("#count-alerts")).to_have_text("3")
    assert page.evaluate("document.activeElement.id") == "search", "the focus stays when more comes"
    visit.tab("webhooks")
    expect(rows, "a search does not hide the rows of another list").to_have_count(5)
    visit.tab("alerts")
    for choice, value, name in [("#by-state", "resolved", "disk"), ("#by-severity", "warning", "memory")]:
        page.select_option(choice, value)
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(name)
        page.select_option(choice, "")
    page.evaluate("document.activeElement.blur()")
    for key, number in [("j", 0), ("j", 1), ("j", 2), ("k", 1)]:
        page.keyboard.press(key)
        expect(page.locator(ROWS).nth(number).locator("a")).to_have_attribute("aria-current", "true")


def test_a_webhook_is_copied_as_curl_edited_and_exported(visit, inbox):
    page = visit.page
    inbox.post({"integration_key": KEY, "content": alert("it's $HOME")})
    page.click(f"{ROWS} a")
    button = page.locator(".detail button", has_text=visit.t("Copy as curl"))
    button.click()
    expect(page.locator("#said")).to_contain_text(visit.t("Copied"))
    command = page.evaluate("navigator.clipboard.readText()")
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-c", command], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        assert "202 Accepted" in done.stdout, done
    assert inbox.alerts()[0]["triggers"] == 3
    page.get_by_text(visit.t("Edit in Compose")).click()
    page.fill("#body", page.input_value("#body").replace("firing", "resolved"))
    page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)
    assert inbox.alerts()[0]["state"] == "resolved"
    with page.expect_download() as download:
        page.click("#foot a[download]")
    exported = Path(download.value.path()).read_text()
    assert len(json.loads(exported)["webhooks"]) == 4 and KEY not in exported


def test_a_log_line_becomes_a_draft(visit):
    event = {"event_action": "trigger", "dedup_key": "of the log", "payload": {"summary": "s", "source": "x", "severity": "info"}}
    line = {"message": "undelivered", "key": "****cdef", "path": "/v2/enqueue", "event": event}
    visit.tab("compose")
    for pasted in (line, {"__time__": 1, "content": json.dumps(line)}):
        visit.preview(body=json.dumps(pasted))
        visit.has(".verdict.good", "It pages: an alert opens")
        expect(visit.page.locator(".verdict td").first).to_have_text("of the log")


def test_the_fields_to_paste_are_filled_in_and_counted(visit):
    page = visit.page
    visit.tab("compose")
    visit.has(".paste", "{} of {} headers", 2, 6)
    for name, value in [("host", "https://f.example.com/"), ("key", KEY), ("token", "a-secret-token")]:
        page.fill(f"#template-{name}", value)
    expect(page.locator(".paste")).to_contain_text("https://f.example.com/v2/enqueue")
    page.locator(".paste .block button").last.click()
    expect(page.locator("#said")).to_contain_text(visit.t("Copied"))
    template = page.evaluate("navigator.clipboard.readText()")
    assert template == f'{{"integration_key":"{KEY}","content":$alertmanager_content}}'
    expect(page.locator(".paste .count").last).to_have_text(visit.t("{} of {} characters", len(template), 500))
    page.fill("#template-host", "f" * 250)
    visit.has(".paste .count.over", "{} of {} characters", 269, 256)
    page.fill("#template-key", "too short")
    expect(page.locator("#template-key")).to_have_attribute("aria-invalid", "true")
    page.select_option("#template-format", "sls")
    expect(page.locator(".paste")).to_contain_text("通用Webhook")
    expect(page.locator(".paste .count")).to_have_count(0)


def test_clear_asks_once_and_the_empty_page_offers_samples(visit, inbox):
    page = visit.page
    inbox.post(alert("kept"))
    expect(page.locator(ROWS)).to_have_count(1)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("#clear")
    assert len(inbox.alerts()) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#clear")
    visit.has(".empty h2", "Nobody is paged")
    visit.check()
    page.locator(".offers button").first.click()
    expect(page.locator(ROWS)).to_contain_text(["容器内存使用率过高"])


@once
def test_the_language_is_the_browsers_or_the_chosen_one_and_a_draft_survives_it(visit):
    page = visit.page
    visit.tab("compose")
    page.fill("#body", "a draft")
    page.click("#language")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#tabs")).to_contain_text("告警")
    expect(page.locator("form.compose")).to_contain_text("请求体")
    assert page.input_value("#body") == "a draft"
    page.reload()
    expect(page.locator("#tabs")).to_contain_text("试发")
    expect(page.locator("form.compose")).to_be_visible()


@once
def test_a_hostile_body_stays_text(visit, inbox):
    page = visit.page
    evil = ["<script>window.hurt=1</script>", "<img src=x onerror='window.hurt=2'>", "</textarea><script>window.hurt=3</script>",
            "\"><svg onload=window.hurt=4>", "javascript:window.hurt=5"]  # fmt: skip
    for text in evil:
        body = alert(text, fingerprint=text, instance=text, message=text, severity=text)
        assert inbox.post(body | {"externalURL": text}) == 202
        assert inbox.post(text, content_type="text/html") == 202
    inbox.post(f"summary={evil[1]}\nsource={evil[0]}", "/change", "text/plain")
    for view, count in [("alerts", 2 * len(evil)), ("changes", 1), ("webhooks", 2 * len(evil) + 1)]:
        visit.tab(view)
        expect(page.locator(ROWS)).to_have_count(count)
        for place in range(count):
            page.locator(f"{ROWS} a").nth(place).click()
            visit.has(".detail .step", "What came")
    visit.tab("compose")
    for text in evil:
        visit.preview(body=text)
        expect(page.locator(".result pre").last).to_contain_text(text)
    time.sleep(0.3)
    assert page.evaluate("window.hurt") is None
    assert page.locator("main script, main img, main svg").count() == 0
    assert page.evaluate("[...document.links].every((link) => link.href.startsWith(location.origin))")


def test_the_keyboard_is_enough(visit, inbox):
    page = visit.page
    inbox.post(alert("first"))
    inbox.post(alert("second"))
    expect(page.locator(ROWS)).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main" and "#main" not in page.url, "the skip link works"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.rows li:nth-child(2) a')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus can be seen"
    page.keyboard.press("Enter")
    expect(page.locator(".detail h2")).to_contain_text("first: it is broken")
    if not visit.is_phone:
        inbox.post(alert("third"))
        expect(page.locator(ROWS)).to_have_count(3)
        assert "first" in page.evaluate("document.activeElement.innerText"), "the focus stays when more comes"


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
    page, seconds, begun = visit.page, {}, 0.0

    def took(what: str):
        nonlocal begun
        seconds[what], begun = time.monotonic() - begun, time.monotonic()

    for batch in range(10):
        many = [alert(f"alert {batch} {number}")["alerts"][0] for number in range(100)]
        assert inbox.post({"groupKey": str(batch), "alerts": many}) == 202
    expect(page.locator("#count-alerts")).to_have_text("1000")
    begun = time.monotonic()
    page.reload()
    expect(page.locator(ROWS)).to_have_count(1000)
    took("1,000 alerts shown")
    page.locator(f"{ROWS} a").nth(500).click()
    visit.has(".detail", "What is sent to PagerDuty")
    took("one of them opened")
    page.fill("#search", "alert 7 42")
    expect(page.locator(f"{ROWS}:visible")).to_have_count(1)
    took("one found")
    visit.tab("compose")
    frame = len(json.dumps(alert("large", message="")))
    page.evaluate("(text) => { document.getElementById('body').value = text; }", json.dumps(alert("large", message="x" * (BODY_MAX_BYTES - frame))))
    begun = time.monotonic()
    page.click("form.compose button[type=submit]")
    visit.has(".verdict", "It pages: an alert opens")
    took("a body of 6 MiB in Preview")
    page.click("#send")
    visit.has(".result h2", "Sent: answered {}", 202)
    took("a body of 6 MiB sent")
    print("seconds:", {what: round(took, 2) for what, took in seconds.items()})


@pytest.mark.parametrize("language,scheme", [("en-US", "light"), ("en-US", "dark"), ("zh-CN", "light"), ("zh-CN", "dark")])
def test_pictures_for_the_docs(chromium, inbox, tmp_path, language, scheme):
    inbox.api("POST", "clear")
    samples = inbox.samples()
    for sample in ("alertmanager-mixed", "prometheus-alertmanager", "preset-zh-firing", "cloudmonitor-alert", "pagerduty-change"):
        inbox.api("POST", "send", samples[sample])
    for status in ("firing", "resolved"):
        inbox.post(alert("KubePodCrashLooping", status, "warning", instance="checkout-7c9d8b5f6", message="restarted 5 times in 10 minutes"))
    for _ in range(2):
        inbox.api("POST", "send", samples["alertmanager-firing"])
    inbox.api("POST", f"alerts/{inbox.alerts()[2]['id']}/acknowledge", {})
    inbox.post(alert("DiskFull", instance="db-7.example.com", message="/data is 97 % full"))
    visit = Visit(chromium, inbox, language, "desk", scheme)
    visit.page.locator(f"{ROWS} a").first.click()
    visit.has(".detail", "What is sent to PagerDuty")
    visit.page.evaluate("document.activeElement.blur()")
    visit.page.set_viewport_size(PICTURE)
    folder = ROOT / ("docs" if language == "en-US" else "docs/zh-CN") if os.environ.get("UPDATE_SCREENSHOTS") else tmp_path
    picture = folder / f"inbox-{scheme}.png"
    visit.page.screenshot(path=picture)
    assert picture.stat().st_size < 200_000
    visit.end()
