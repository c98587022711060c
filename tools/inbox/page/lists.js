// The three lists with one item opened beside them.

import { ago, call, el, get, pill, say } from "./dom.js";
import { webhookLine, webhookView } from "./webhook.js";

const two = (list, detail) => el("div.two", {}, el("section.list", { "aria-label": "List" }, list), el("section.detail", { "aria-label": "Detail" }, detail));

function empty(title, ...text) {
  return el("div.empty", {}, el("h2", {}, title), el("p", {}, ...text));
}

function row(href, isOpen, classes, ...children) {
  return el("li", {}, el(`a.row${classes}`, { href, "aria-current": isOpen ? "true" : false }, ...children));
}

const STATES = ["triggered", "acknowledged", "resolved"];
const SEVERITIES = ["critical", "error", "warning", "info"];
const known = (word, words) => (words.includes(word) ? word : "none");

export async function alertsView(id, state) {
  const { alerts } = await get("/api/alerts");
  if (!alerts.length) {
    return two(el("p.quiet", {}, "No alerts."), empty("Nobody is paged", "Send a webhook to ",
      el("code", {}, state.status.webhook_url), ", or ", el("a", { href: "#/compose" }, "compose one"), "."));
  }
  const list = el("ol.rows", {}, alerts.map((alert) =>
    row(`#/alerts/${alert.id}`, alert.id === id, `.severity-${known(alert.severity, SEVERITIES)}.is-${known(alert.state, STATES)}`,
      el("span.top", {}, pill(alert.state), el("span.grow", {}, alert.source ?? ""), ago(alert.opened_at_ms)),
      el("span.title", {}, alert.summary),
      el("span.sub", {}, alert.severity ?? "no severity", ` · triggered ${times(alert.triggers)}`,
        alert.opened > 1 ? ` · opened ${times(alert.opened)}` : ""))));
  const wanted = alerts.find((alert) => alert.id === id);
  if (id && !wanted) return two(list, empty("This alert is gone", "It was cleared, or let go to stay within bounds."));
  const detail = wanted ? await alertDetail(id, state) : empty("Choose an alert", "Tab goes from one to the next, Enter opens it.");
  return two(list, detail);
}

const times = (count) => (count === 1 ? "once" : `${count} times`);

async function alertDetail(id, state) {
  const alert = await get(`/api/alerts/${id}`);
  const act = (verb) => el("button", {
    type: "button",
    disabled: alert.state === "resolved" || (verb === "acknowledge" && alert.state === "acknowledged"),
    click: async () => { await call("POST", `/api/alerts/${id}/${verb}`); say(`${verb}d`); },
  }, verb === "acknowledge" ? "Acknowledge" : "Resolve");
  const facts = [
    ["severity", alert.severity ? pill(alert.severity) : "none: Events API v1 has none"], ["source", alert.source ?? "none"],
    ["dedup key", el("code", {}, alert.dedup_key)], ["key", el("code", {}, alert.key)],
    ["triggered", times(alert.triggers)], [alert.state === "resolved" ? "last opened" : "open since", ago(alert.opened_at_ms)],
  ];
  const chosen = state.chosen.get(id) ?? alert.webhooks[0]?.id;
  const opened = chosen ? await get(`/api/webhooks/${chosen}`).catch(() => null) : null;
  return [
    el("header.head", {}, el("div", {}, pill(alert.state), el("h2", {}, alert.summary)), el("div.acts", {}, act("acknowledge"), act("resolve"))),
    el("dl.facts", {}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    el("h3.part", {}, `Webhooks about it, newest first (${alert.webhooks.length})`),
    alert.webhooks.length ? el("ol.rows.inline", {}, alert.webhooks.map((webhook) => el("li", {},
      el("button.row", {
        type: "button", "aria-pressed": String(webhook.id === chosen),
        click: () => { state.chosen.set(id, webhook.id); state.show(); },
      }, webhookLine(webhook)[0]))))
      : el("p.quiet", {}, "None is remembered: it came straight to the stand-in, or was let go."),
    opened ? webhookView(opened, false, id) : null,
  ];
}

export async function changesView(id) {
  const { changes } = await get("/api/changes");
  if (!changes.length) return two(el("p.quiet", {}, "No change events."), empty("No change events", "They come by the path /change."));
  const list = el("ol.rows", {}, changes.map((change) => row(
    change.webhook ? `#/changes/${change.webhook}` : "#/changes", Boolean(change.webhook) && change.webhook === id, ".severity-none",
    el("span.top", {}, pill("change"), el("span.grow", {}, change.source ?? ""), ago(change.at_ms)),
    el("span.title", {}, change.summary))));
  const opened = id ? webhookView(await get(`/api/webhooks/${id}`)) : empty("Choose a change", "A change event pages nobody; it stands beside the alerts.");
  return two(list, opened);
}

export async function webhooksView(id) {
  const { webhooks } = await get("/api/webhooks");
  if (!webhooks.length) return two(el("p.quiet", {}, "No webhooks."), empty("No webhook yet", "Also those that the function refuses are shown here."));
  const list = el("ol.rows", {}, webhooks.map((webhook) => row(`#/webhooks/${webhook.id}`, webhook.id === id, ".severity-none", webhookLine(webhook))));
  const opened = id ? webhookView(await get(`/api/webhooks/${id}`)) : empty("Choose a webhook", "Accepted, refused or still being tried: everything that came.");
  return two(list, opened);
}
