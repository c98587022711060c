// The three lists: their rows, how they are filtered, and the item that is opened beside them.

import { ago, call, el, get, pill, say, statusPill } from "./dom.js";
import { language, t } from "./text.js";
import { webhookView } from "./webhook.js";

const STATES = ["triggered", "acknowledged", "resolved"];
const OUTCOMES = ["accepted", "undelivered", "refused"];
const SEVERITIES = ["critical", "error", "warning", "info"];
/** What the empty page offers to send. */
const SAMPLES = ["alertmanager-firing", "alertmanager-resolved", "cloudmonitor-alert", "sls-firing", "prometheus-alertmanager"];

export const lists = { alerts, changes, webhooks };

const known = (word, words) => (words.includes(word) ? word : "none");
const times = (count) => (count === 1 ? t`once` : t`${count} times`);
const back = (view) => el("a.back", { href: `#/${view}` }, t`← Back to the list`);

function empty(title, ...text) {
  return [el("div.empty", {}, el("h2", {}, title), el("p", {}, ...text))];
}

const made = new Map();

/** The rows of a list; one that is still the same is not made again. */
function rows(items, make) {
  return items.map((item, index) => {
    const [key, text] = [`${language()} ${item.id ?? index}`, JSON.stringify(item)];
    if (made.get(key)?.text !== text) {
      const { href, classes, content, state, severity, words } = make(item);
      const element = el("li", { "data-state": state, "data-severity": severity, "data-words": words.filter(Boolean).join(" ").toLowerCase() },
        el(`a.row${classes}`, { href }, content));
      if (made.size > 4000) made.clear();
      made.set(key, { text, element });
    }
    return made.get(key).element;
  });
}

async function alerts(id, state) {
  const { alerts } = await get("/api/alerts");
  const list = rows(alerts, (alert) => ({
    href: `#/alerts/${alert.id}`, state: alert.state, severity: alert.severity, words: [alert.summary, alert.source, alert.dedup_key],
    classes: `.severity-${known(alert.severity, SEVERITIES)}.is-${known(alert.state, STATES)}`,
    content: [
      el("span.top", {}, pill(alert.state), el("span.grow", {}, alert.source ?? ""), ago(alert.opened_at_ms)),
      el("span.title", {}, alert.summary),
      el("span.sub", {}, alert.severity ?? t`no severity`, " · ", t`triggered ${times(alert.triggers)}`,
        alert.opened > 1 ? ` · ${t`opened ${times(alert.opened)}`}` : "")],
  }));
  if (id && alerts.some((alert) => alert.id === id)) return [list, await alertDetail(id, state)];
  if (id) return [list, [back("alerts"), ...empty(t`This alert is gone`, t`It was cleared, or dropped because newer ones came.`)]];
  if (alerts.length) return [list, empty(t`Choose an alert`, t`The keys j and k open the next and the previous one.`)];
  return [list, [...empty(t`Nobody is paged`, t`Send a webhook to ${el("code", {}, `${state.status.webhook_url}/v2/enqueue`)}, or ${
    el("a", { href: "#/compose" }, t`compose one`)}, or try a sample:`), await offers()]];
}

/** Samples to send with one click. */
async function offers() {
  const { samples } = await get("/api/samples");
  const offered = SAMPLES.map((name) => samples.find((sample) => sample.name === name)).filter(Boolean);
  return el("ul.offers", {}, offered.map((sample) => el("li", {}, el("button", {
    type: "button", click: () => call("POST", "/api/send", sample),
  }, t(sample.title)))));
}

async function alertDetail(id, state) {
  const alert = await get(`/api/alerts/${id}`);
  const chosen = state.chosen.get(id) ?? alert.webhooks[0]?.id;
  const opened = chosen ? await get(`/api/webhooks/${chosen}`).catch(() => null) : null;
  const act = (verb, name, isDone) => el("button", {
    type: "button", disabled: isDone,
    click: async () => { await call("POST", `/api/alerts/${id}/${verb}`); say(name); },
  }, name);
  const facts = [
    [t`severity`, alert.severity ? pill(alert.severity) : t`none: Events API v1 has none`], [t`source`, alert.source ?? t`none`],
    [t`dedup key`, el("code", {}, alert.dedup_key)], [t`key`, el("code", {}, alert.key)],
    [t`triggers`, times(alert.triggers)], [alert.state === "resolved" ? t`last opened` : t`open since`, ago(alert.opened_at_ms)],
  ];
  const detail = [
    back("alerts"),
    el("header.head", {}, el("div", {}, pill(alert.state), el("h2", {}, alert.summary)), el("div.acts", {},
      act("acknowledge", t`Acknowledge`, alert.state !== "triggered"), act("resolve", t`Resolve`, alert.state === "resolved"))),
    el("dl.facts", {}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("h3.part", {}, t`Webhooks about it, newest first (${alert.webhooks.length})`),
    alert.webhooks.length ? el("ol.rows.inline", {}, alert.webhooks.map((webhook) => el("li", {},
      el("button.row", {
        type: "button", "aria-pressed": String(webhook.id === chosen),
        click: () => { state.chosen.set(id, webhook.id); state.show(); },
      }, webhookLine(webhook)[0]))))
      : el("p.quiet", {}, t`None is kept: the event came straight to the stand-in, or its webhook was dropped because newer ones came.`),
    opened ? webhookView(opened, state, { alert: id }) : null,
  ];
  detail.key = JSON.stringify([alert, opened, chosen]);
  return detail;
}

async function changes(id, state) {
  const { changes } = await get("/api/changes");
  const list = rows(changes, (change) => ({
    href: change.webhook ? `#/changes/${change.webhook}` : "#/changes", classes: ".severity-none", words: [change.summary, change.source],
    content: [el("span.top", {}, pill("change"), el("span.grow", {}, change.source ?? ""), ago(change.at_ms)), el("span.title", {}, change.summary)],
  }));
  if (id) return [list, await webhookDetail(id, "changes", state)];
  if (changes.length) return [list, empty(t`Choose a change`, t`A change event pages nobody; it is shown beside the alerts.`)];
  return [list, empty(t`No change events`, t`They come by the path /change.`)];
}

async function webhooks(id, state) {
  const { webhooks } = await get("/api/webhooks");
  const list = rows(webhooks, (webhook) => ({
    href: `#/webhooks/${webhook.id}`, classes: `.severity-${webhook.outcome === "undelivered" ? "critical" : "none"}`,
    state: webhook.outcome, severity: webhook.severity, words: [webhook.title, webhook.target, ...webhook.dedup_keys], content: webhookLine(webhook),
  }));
  if (id) return [list, await webhookDetail(id, "webhooks", state)];
  if (webhooks.length) return [list, empty(t`Choose a webhook`, t`Accepted, refused or still being tried: everything that came.`)];
  return [list, empty(t`No webhook yet`, t`Those that the function refuses are shown here too.`)];
}

async function webhookDetail(id, view, state) {
  const webhook = await get(`/api/webhooks/${id}`);
  const title = webhook.events[0]?.summary || `${webhook.method} ${webhook.target}`;
  const detail = [back(view), el("header.head", {}, el("h2", {}, title)), webhookView(webhook, state)];
  detail.key = JSON.stringify(webhook);
  return detail;
}

/** A webhook in a list. */
function webhookLine(webhook) {
  const what = webhook.outcome === "undelivered" ? el("span.pill.bad", {}, t`not delivered`)
    : webhook.action ? pill(webhook.action) : el("span.pill.bad", {}, t`refused`);
  return [
    el("span.top", {}, statusPill(webhook.status), what, el("span.grow", {}, webhook.title ?? `${webhook.method} ${webhook.target}`), ago(webhook.at_ms)),
    el("span.sub", {}, `${webhook.method} ${webhook.target}`, webhook.events > 1 ? ` · ${t`${webhook.events} events`}` : "",
      webhook.attempts > 1 ? ` · ${t`${webhook.attempts} attempts`}` : ""),
  ];
}

const byId = (id) => document.getElementById(id);
let filtered = "";

/** Gives the filter the choices of a view. */
export function setUpFilter(view, changed) {
  if (filtered === `${view} ${language()}`) return;
  filtered = `${view} ${language()}`;
  const options = (all, words) => [new Option(all, ""), ...words.map((word) => new Option(t(word), word))];
  byId("by-state").replaceChildren(...options(t`any state`, view === "webhooks" ? OUTCOMES : STATES));
  byId("by-severity").replaceChildren(...options(t`any severity`, SEVERITIES));
  byId("search").value = "";
  byId("by-state").hidden = byId("by-severity").hidden = view === "changes";
  for (const id of ["search", "by-state", "by-severity"]) byId(id).oninput = changed;
}

/** Hides the rows that are not asked for. */
export function applyFilter(rows) {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [state, severity] = [byId("by-state").value, byId("by-severity").value];
  const all = [...rows.querySelectorAll("li")];
  let left = 0;
  for (const row of all) {
    const { dataset } = row;
    row.hidden = !(words.every((word) => dataset.words.includes(word)) && (!state || dataset.state === state) && (!severity || dataset.severity === severity));
    left += row.hidden ? 0 : 1;
  }
  byId("found").value = words.length || state || severity ? t`${left} of ${all.length}` : "";
}

/** Opens the next row, or the one before. */
export function step(rows, by) {
  const links = [...rows.querySelectorAll("li:not([hidden]) a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const link = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)];
  if (!link) return;
  location.hash = link.getAttribute("href");
  link.focus();
}
