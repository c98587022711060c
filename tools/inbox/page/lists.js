// The three lists: their rows, what they are searched for, and what is opened beside them.

import { call, field, h, pill, say, state, statusPill, time } from "./dom.js";
import { t } from "./text.js";
import { webhookView } from "./webhook.js";

/** What the empty page offers to send. */
const SAMPLES = ["alertmanager-firing", "alertmanager-resolved", "cloudmonitor-alert", "prometheus-alertmanager"];

/** How a row of each view looks; it is found by `words`. */
export const ROWS = {
  alerts: (alert) => ({
    id: alert.id, key: alert.id, colour: alert.state === "resolved" ? "resolved" : alert.severity,
    words: [alert.summary, alert.source, alert.dedup_key, alert.state, alert.severity],
    content: () => [
      h("span.top", pill(alert.state), h("span.grow", alert.source), time(alert.opened_at_ms)),
      h("span.title", alert.summary),
      h("span.sub", alert.severity ?? t`no severity`, " · ", t`triggered: ${alert.triggers}`)],
  }),
  changes: (change) => ({
    id: change.webhook ?? "", words: [change.summary, change.source],
    content: () => [
      h("span.top", pill("change"), h("span.grow", change.source), time(change.at_ms)),
      h("span.title", change.summary)],
  }),
  webhooks: (webhook) => ({
    id: webhook.id, key: webhook.id, colour: webhook.outcome === "undelivered" && "critical",
    words: [webhook.title, webhook.target, ...webhook.dedup_keys, webhook.outcome, webhook.severity],
    content: () => webhookLine(webhook),
  }),
};

function webhookLine({ action, at_ms: ms, attempts, events, method, outcome, status, target, title }) {
  const isBad = outcome === "undelivered" || !action;
  const request = `${method} ${target}`;
  const counts = [request, events > 1 && t`${events} events`, attempts > 1 && t`${attempts} attempts`];
  return [
    h("span.top", statusPill(status), isBad ? pill("bad", action ? t`not delivered` : t`refused`) : pill(action),
      h("span.grow", title ?? request), time(ms)),
    h("span.sub", counts.filter(Boolean).join(" · "))];
}

const link = (href, isCurrent, colour, content) =>
  h("a.row", { href, "aria-current": isCurrent && "true", "data-is": colour }, content);

export function listView() {
  const { list, route: [view, id], search } = state;
  const words = search.toLowerCase().split(/\s+/);
  const isFound = (row) => words.every((word) => row.words.join(" ").toLowerCase().includes(word));
  const shown = list.map(ROWS[view]).filter(isFound);
  const item = (row) =>
    h("li", { "data-key": row.key }, link(`#/${view}/${row.id}`, id && row.id === id, row.colour, row.content()));
  return h(`div.two${id ? ".open" : ""}`, { "data-key": view },
    h("section.list",
      h("div.filter", { role: "search" },
        field(state, "search", t`Search`, { type: "search", oninput: state.draw }),
        shown.length < list.length && h("span", { id: "found" }, t`${shown.length} of ${list.length}`)),
      list.length ? h("ol.rows", shown.map(item)) : h("p.quiet", t`Nothing yet.`)),
    h("section.detail", { "data-key": `${view} ${id}` },
      id && h("a.back", { href: `#/${view}` }, t`← Back to the list`), detail()));
}

function detail() {
  const { alert, list, route: [view, id], webhook } = state;
  if (alert) return alertDetail(alert);
  const title = webhook?.events[0]?.summary || `${webhook?.method} ${webhook?.target}`;
  if (webhook) return [h("h2", title), webhookView(webhook)];
  if (id) return h("p.empty", t`It was cleared, or dropped because newer ones came.`);
  if (list.length) return h("p.empty", t`Choose a row: the keys j and k open the next and the previous one.`);
  return view === "alerts" && offers();
}

/** Samples to send with one click. */
function offers() {
  const url = h("code", `${state.status.webhook_url}/v2/enqueue`);
  const compose = h("a", { href: "#/compose" }, t`compose one`);
  const offered = state.samples.filter((sample) => SAMPLES.includes(sample.name));
  return h("div.empty", h("h2", t`Nobody is paged`),
    h("p", t`Send a webhook to ${url}, or ${compose}, or try a sample:`),
    offered.map((sample) => h("button", { onclick: () => call("POST", "/api/send", sample) }, t(sample.title))));
}

function alertDetail(alert) {
  const act = (verb, name, disabled) => {
    const onclick = async () => {
      await call("POST", `/api/alerts/${alert.id}/${verb}`);
      say(name);
    };
    return h("button", { disabled, onclick }, name);
  };
  const facts = [
    [t`severity`, alert.severity ? pill(alert.severity) : t`none: Events API v1 has none`],
    [t`source`, alert.source ?? t`none`],
    ["dedup key", h("code", alert.dedup_key)],
    ["key", h("code", alert.key)],
    [t`triggers`, alert.triggers],
    [t`opened`, time(alert.opened_at_ms)],
  ];
  const item = (webhook) =>
    h("li", link(`#/alerts/${alert.id}/${webhook.id}`, webhook.id === state.webhook?.id, null, webhookLine(webhook)[0]));
  return [
    h("header.head", h("div", pill(alert.state), h("h2", alert.summary)),
      h("div.acts", act("acknowledge", "Acknowledge", alert.state !== "triggered"),
        act("resolve", "Resolve", alert.state === "resolved"))),
    h("dl.facts", facts.map(([name, value]) => h("div", h("dt", name), h("dd", value)))),
    h("h3", t`Webhooks about it, newest first (${alert.webhooks.length})`),
    alert.webhooks.length ? h("ol.rows.inline", alert.webhooks.map(item)) : h("p.quiet", t`None is kept.`),
    state.webhook && webhookView(state.webhook, alert.id)];
}

/** Opens the next row, or the one before. */
export function step(by) {
  const links = [...document.querySelectorAll(".list .rows a")];
  const at = links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[at < 0 ? 0 : at + by];
  next?.click();
  next?.focus();
}
