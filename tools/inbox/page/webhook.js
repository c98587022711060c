// One webhook: as it came, the event made of it, the answer.

import { ago, copy, el, pill, pretty, statusPill } from "./dom.js";

/** All of a webhook; the same for one that came and for one that is only tried. */
export function webhookView(webhook, isPreview = false, alert = null) {
  const refused = webhook.refused ? refusal(webhook.refused) : null;
  const events = webhook.events.map((sent, number) => event(webhook, sent, number, isPreview, alert));
  // Who composes has the webhook before the eyes, and wants to see the event.
  if (isPreview) return [refused, events, answer(webhook, true), incoming(webhook)];
  return [incoming(webhook), refused, events, answer(webhook, false)];
}

function section(title, note, ...children) {
  return el("section.step", {}, el("h3", {}, title, note && el("small", {}, note)), ...children);
}

/** Headers that every client sends, and nobody asks for. */
const DULL = ["host", "accept", "accept-encoding", "content-length", "connection"];

function incoming(webhook) {
  const cut = webhook.body_bytes > webhook.body.length * 4 ? `, the first part of ${webhook.body_bytes} bytes` : "";
  const key = webhook.key ? `key ${webhook.key} from ${webhook.key_from}` : "";
  return section("What came", [key, cut].join(""),
    el("div.wire", {},
      el("span.line", {}, el("b", {}, webhook.method), " ", webhook.target),
      webhook.headers.filter(([name]) => !DULL.includes(name)).map(([name, value]) => el("span.line", {}, el("span.name", {}, `${name}: `), value))),
    block(pretty(webhook.body), "the body"));
}

function refusal(refused) {
  return el("div.refusal", { role: "note" },
    el("strong", {}, `Refused: ${refused.message}.`), " To fix it: ", refused.remedy, ".");
}

function event(webhook, sent, number, isPreview, alert) {
  const many = webhook.events.length > 1 ? ` ${number + 1} of ${webhook.events.length}` : "";
  const link = sent.alert && sent.alert !== alert && !isPreview ? el("a", { href: `#/alerts/${sent.alert}` }, "its alert") : null;
  return section(isPreview ? `What would be sent${many}` : `What PagerDuty gets${many}`, null,
    el("p.facts", {}, pill(sent.action), sent.action === "change" ? null : pill(sent.severity), " ",
      el("strong", {}, sent.summary), link ? [" · ", link] : null),
    rules(sent),
    fields(webhook, sent),
    el("details", {}, el("summary", {}, "As JSON"), block(pretty(JSON.stringify(sent.event)), "the event")),
    isPreview ? null : attempts(sent));
}

function rules(sent) {
  if (!sent.broken.length) return el("p.rules.kept", {}, "✓ keeps every documented rule of PagerDuty");
  return el("ul.rules.broken", {}, sent.broken.map((broken) =>
    el("li", {}, "✗ ", el("code", {}, broken.rule), broken.source ? el("small", {}, ` (${broken.source})`) : null)));
}

const SHOWN_ORIGINS = 3;

function fields(webhook, sent) {
  const row = (field) => el("tr", {},
    el("th", { scope: "row" }, field.name),
    el("td.value", {}, shown(field.value)),
    el("td.from", {}, origin(webhook, field)));
  const isDetail = (field) => /^(payload\.custom_details|details)\b/.test(field.name);
  const main = sent.fields.filter((field) => !isDetail(field));
  const details = sent.fields.filter(isDetail);
  const head = () => el("thead", {}, el("tr", {}, ["field", "value", "where it came from"].map((name) => el("th", { scope: "col" }, name))));
  return [
    el("table.fields", {}, head(), el("tbody", {}, main.map(row))),
    details.length ? el("details", {},
      el("summary", {}, `Custom details: ${details.length} values`),
      el("table.fields", {}, head(), el("tbody", {}, details.map(row)))) : null,
  ];
}

function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function origin(webhook, field) {
  if (!webhook.is_traced) return el("span.quiet", {}, "not sought: the body is too large");
  if (!field.from.length) return el("span.quiet", {}, "default");
  const first = field.from.slice(0, SHOWN_ORIGINS).map((name) => el("code", {}, `←\u00a0${name}`));
  const rest = field.from.slice(SHOWN_ORIGINS);
  return [first, rest.length ? el("span.quiet", { title: rest.join("\n") }, `and ${rest.length} more`) : null];
}

function attempts(sent) {
  const rows = sent.attempts.map((attempt, number) => el("li", {},
    el("span.when", {}, `+${attempt.after_ms} ms`), statusPill(attempt.status), ` attempt ${number + 1}`,
    attempt.fault ? el("em", {}, ` ${attempt.fault}`) : null,
    attempt.answer ? el("code.answer", {}, attempt.answer) : null));
  const end = sent.delivery;
  const failed = end && end.errors.length ? el("p.refusal", {}, `Not delivered: ${end.errors.join("; ")}`) : null;
  const forwarded = sent.forwarded;
  const nothing = end && end.is_stored ? "It is stored, and waits in the queue." : "PagerDuty's stand-in got nothing of it.";
  return [
    rows.length ? el("ol.attempts", { "aria-label": "Attempts" }, rows) : el("p.quiet", {}, nothing),
    failed,
    forwarded ? el("p.forwarded", {}, "The real PagerDuty: ", statusPill(forwarded.status ?? 0),
      ` in ${forwarded.attempts} attempts`, forwarded.errors.length ? `: ${forwarded.errors.join("; ")}` : "") : null,
  ];
}

function answer(webhook, isPreview) {
  if (isPreview && !webhook.answer) {
    return section("What the sender would be answered", null, el("p.quiet", {}, "PagerDuty's own answer: nothing has been sent."));
  }
  if (!webhook.answer) return section("What the sender is answered", null, el("p.quiet", {}, "The function is still trying."));
  return section(isPreview ? "What the sender would be answered" : "What the sender is answered", isPreview ? null : `after ${webhook.answer.milliseconds} ms`,
    el("p.facts", {}, statusPill(webhook.answer.status)), block(pretty(webhook.answer.body), "the answer"));
}

function block(text, what) {
  return el("div.block", {}, el("pre", { tabindex: "0", "aria-label": what }, text), copy(text, what));
}

/** A webhook in a list, as one line. */
export function webhookLine(webhook) {
  return [
    el("span.top", {}, statusPill(webhook.status), webhook.action ? pill(webhook.action) : el("span.pill.bad", {}, "refused"),
      el("span.grow", {}, webhook.title ?? `${webhook.method} ${webhook.target}`), ago(webhook.at_ms)),
    el("span.sub", {}, `${webhook.method} ${webhook.target}`,
      webhook.events > 1 ? ` · ${webhook.events} events` : "", webhook.attempts > 1 ? ` · ${webhook.attempts} attempts` : ""),
  ];
}
