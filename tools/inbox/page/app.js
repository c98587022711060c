// The page: what is fetched for the address, the frame around the views, and drawing it anew when something changes.

import { composeView } from "./compose.js";
import { call, get, h, KEY, morph, say, state } from "./dom.js";
import { listView, ROWS, step } from "./lists.js";
import { template } from "./template.js";
import { choose, isChinese, t } from "./text.js";
import { load } from "./webhook.js";

/** How the stand-in can be made to go wrong. */
const FAULTS = [
  ["answers as PagerDuty does", { kind: "none" }],
  ["429, twice", { kind: "status", status: 429, times: 2 }],
  ["429, always", { kind: "status", status: 429 }],
  ["500, always", { kind: "status", status: 500 }],
  ["slow: 3 s late", { kind: "slow", ms: 3000 }],
  ["nothing, always", { kind: "nothing" }],
];
const HEADERS = [["content-type", "application/json"], ["x-integration-key", KEY]];

/** The address is a view, what is opened in it, and for an alert which of its webhooks. */
async function fetched() {
  const isMain = location.hash === "#main";
  const [asked, id, hook] = isMain ? state.route : location.hash.replace(/^#\/?/, "").split("/");
  const status = await get("/api/status");
  if (asked === "compose") return { route: [asked], status, template: state.template ?? await template() };
  const view = asked in ROWS ? asked : "alerts";
  const gone = () => null;
  const { [view]: list } = await get(`/api/${view}`);
  const alert = id && view === "alerts" ? await get(`/api/alerts/${id}`).catch(gone) : null;
  const shown = view === "alerts" ? hook ?? alert?.webhooks[0]?.id : id;
  const webhook = shown ? await get(`/api/webhooks/${shown}`).catch(gone) : null;
  return { route: [view, id, hook], status, list, alert, webhook };
}

let turn = 0;

/** Shows what the address asks for, as it is now. */
async function show() {
  const own = ++turn;
  const now = await fetched();
  if (own !== turn) return;
  const [view, id] = state.route;
  const isOther = now.route[0] !== view || now.route[1] !== id;
  Object.assign(state, now);
  if (now.route[0] !== view) state.search = "";
  draw();
  // On a phone the list and what is opened are scrolled with the window.
  if (isOther) scrollTo(0, 0);
}

function bar() {
  const { counts, fault } = state.status;
  const tab = (view, name, count) =>
    h("a", { href: `#/${view}`, "aria-current": view === state.route[0] && "page" }, name, count > 0 && h("b", count));
  const isSet = ([, choice]) => ["kind", "status", "ms", "times"].every((part) => choice[part] == fault[part]);
  const set = FAULTS.findIndex(isSet);
  const byScript = new Option([fault.kind, fault.status, fault.ms].filter(Boolean).join(" "), -1);
  const onfault = (event) => call("PUT", "/api/fault", FAULTS[event.target.value][1]);
  const onclear = async () => {
    if (!confirm(t`Forget all alerts, changes and webhooks?`)) return;
    await call("POST", "/api/clear");
    say(t`Cleared`);
  };
  const onlanguage = () => {
    choose(isChinese() ? "en" : "zh");
    draw();
  };
  return h("header.bar", h("h1", "arms-pagerduty ", h("span", t`inbox`)),
    h("nav", { id: "tabs" }, tab("alerts", t`Alerts`, counts.open_alerts), tab("changes", t`Changes`, counts.changes),
      tab("webhooks", t`Webhooks`, counts.webhooks), tab("compose", t`Compose`)),
    h("span.label", t`Stand-in`),
    h("select", { id: "fault", "aria-label": t`Stand-in`, onchange: onfault, value: set, "data-is": fault.kind },
      FAULTS.map(([name], index) => new Option(t(name), index)), set < 0 && byScript),
    h("button", { id: "clear", onclick: onclear }, t`Clear`),
    h("button", { id: "language", lang: isChinese() ? "en" : "zh-CN", onclick: onlanguage }, isChinese() ? "English" : "中文"),
    h("span", { id: "live", role: "status", "data-is": state.isLive }, state.isLive ? t`live` : t`not connected`));
}

function alarms() {
  const { forwarding, undelivered } = state.status;
  const line = (id, text) => h("p.alarm", { id, role: "alert", hidden: !text }, text);
  const latest = h("a", { href: `#/webhooks/${undelivered.latest}` }, t`Show the latest`);
  return [
    line("forwarding", forwarding
      && t`Every event goes to the real PagerDuty as well, and pages: ${forwarding.url} under the key ${forwarding.key}`),
    line("undelivered", undelivered.webhooks > 0
      && t`Nobody was paged. Webhooks whose events did not all reach PagerDuty: ${undelivered.webhooks}. ${latest}`)];
}

function foot() {
  const { let_go: gone, pagerduty_url: standin, queue, version, webhook_url: webhook } = state.status;
  const dropped = gone.webhooks + gone.alerts_changes_and_requests;
  return h("footer", h("span", "Webhook ", h("code", webhook)), h("span", "PagerDuty ", h("code", standin)),
    queue && h("span", t`${queue.waiting} events wait in the queue, ${queue.dead} dead letters`),
    dropped > 0 && h("span", t`${dropped} of the oldest records dropped`), h("span", version),
    h("a", { href: "/api/export", download: "inbox.json" }, t`Export`),
    h("span.keys", t`Keys: / search, j next, k previous`));
}

function draw() {
  const open = state.status.counts.open_alerts;
  document.documentElement.lang = isChinese() ? "zh-CN" : "en";
  document.title = `${open ? `(${open}) ` : ""}arms-pagerduty ${t`inbox`}`;
  const view = state.route[0] === "compose" ? composeView() : listView();
  morph(document.body, h("body", h("a.skip", { href: "#main" }, t`Skip to the content`), bar(), alarms(),
    h("main", { id: "main", tabindex: "-1" }, view), foot(), h("p", { id: "said", "aria-live": "polite" }, state.said)));
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Waits for changes for as long as the page is open. */
async function follow() {
  for (let revision = null; ;) {
    try {
      const next = (await get(`/api/revision${revision === null ? "" : `?after=${revision}`}`)).revision;
      state.isLive = true;
      if (next === revision) continue;
      revision = next;
      const begun = performance.now();
      await show();
      // In a storm most of the time is left to the person.
      await pause(2 * (performance.now() - begun));
    } catch {
      state.isLive = false;
      revision = null;
      draw();
      await pause(1000);
    }
  }
}

function onkey(event) {
  if (event.key === "Escape" && event.target.id === "search") event.target.blur();
  const isTyping = event.target.matches("input, textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || state.route[0] === "compose") return;
  if (event.key === "/") document.getElementById("search").focus();
  else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else return;
  event.preventDefault();
}

state.draw = draw;
state.status = await get("/api/status");
state.samples = (await get("/api/samples")).samples;
load({ path: "/v2/enqueue", headers: HEADERS, body: "" });
document.addEventListener("keydown", onkey);
window.addEventListener("hashchange", show);
follow();
