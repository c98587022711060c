// One webhook: what became of it, as it came, the events made of it, the answer.

import { block, copy, el, pill, pretty, statusPill, unfolding } from "./dom.js";
import { said, t } from "./text.js";

/** After this time ARMS hangs up. */
const ARMS_WAITS_MS = 5000;
/** Headers that every client sends, and nobody asks for. */
const DULL = ["host", "accept", "accept-encoding", "content-length", "connection", "origin", "referer", "user-agent"];
/** As many events are shown at once; further ones are unfolded. */
const EVENTS_SHOWN = 3;
const SHOWN_ORIGINS = 3;
/** A made-up key, in the place of one that is masked. */
export const KEY = "0123456789abcdef0123456789abcdef";
export const HIDDEN = "********";

/** All of a webhook that came; `alert` is the one that it is shown with. */
export function webhookView(webhook, state, { alert = null } = {}) {
  return [outcome(webhook), tools(webhook, state), incoming(webhook), events(webhook, false, alert), answer(webhook, false)];
}

/** All of a webhook that is only tried. Who composes has the webhook before the eyes, and wants to see the event. */
export function previewView(webhook) {
  return [events(webhook, true, null), answer(webhook, true), incoming(webhook)];
}

function section(title, note, ...children) {
  return el("section.step", {}, el("h3", {}, title, note && el("small", {}, note)), ...children);
}

/** Loud, if somebody should have been paged and was not. */
function outcome(webhook) {
  if (!webhook.answer) return null;
  const { status, milliseconds } = webhook.answer;
  const failed = webhook.events.filter((sent) => sent.delivery && !sent.delivery.is_accepted);
  const late = milliseconds > ARMS_WAITS_MS ? t`ARMS had hung up after 5 s and did not see the answer ${status}.` : t`ARMS was answered ${status}.`;
  if (failed.length) {
    const isPage = failed.some((sent) => sent.action === "trigger");
    const errors = [...new Set(failed.flatMap((sent) => sent.delivery.errors))];
    return el("div.loud", { role: "note" },
      el("strong", {}, isPage ? t`Nobody was paged` : t`PagerDuty does not know that it is over`),
      el("p", {}, t`${failed.length} of ${webhook.events.length} events did not reach PagerDuty. ${late}`),
      errors.length ? el("p", {}, errors.join("; ")) : null,
      el("p", {}, t`On a deployed function the log has each of them as ${el("code", {}, "undelivered")}; ${el("code", {}, "arms-pagerduty resend")} sends them again.`));
  }
  if (webhook.events.length || status < 400) return null;
  return el("div.loud", { role: "note" }, el("strong", {}, t`Nobody was paged`), refusal(webhook), el("p", {}, late));
}

/** Why the function refused a webhook, and how to fix it. */
export function refusal(webhook) {
  const said = webhook.refused ?? {};
  if (said.message) return el("p", {}, t`The function refuses it: ${said.message}.`, " ", t`To fix it: ${said.remedy}.`);
  try {
    const { message, errors } = JSON.parse(webhook.answer.body);
    return el("p", {}, t`The function refuses it: ${message}.`, " ", (errors ?? []).join(" "));
  } catch {
    return el("p", {}, t`The function refuses it: ${webhook.answer.status}.`);
  }
}

/** The webhook with made-up secrets where they are masked, so that it can be sent again. */
const unmasked = (text) => text.replace(/\*{4}[0-9A-Za-z]{4}(?![0-9A-Za-z*])/g, KEY);
const target = (webhook) => unmasked(webhook.target).replace(/([?&])[^=&]+=\*{8}(&|$)/g, "$1").replace(/[?&]$/, "");
const headers = (webhook) => webhook.headers.filter(([name]) => !DULL.includes(name)).map(([name, value]) => [name, unmasked(value)]);

function tools(webhook, state) {
  const isWhole = webhook.body_bytes <= new TextEncoder().encode(webhook.body).length + 256;
  if (!isWhole) return el("p.quiet", {}, t`Only the first part of the body is kept, so that it cannot be sent again from here.`);
  const draft = () => ({ path: target(webhook), headers: headers(webhook), body: unmasked(webhook.body) });
  return el("div.acts.tools", {},
    el("button.small", { type: "button", click: () => state.compose(draft()) }, t`Edit in Compose`),
    copy(() => curl(draft(), state.status.webhook_url), null, t`Copy as curl`));
}

/** A command for a shell; the token is in it only as the variable that holds it. */
function curl({ path, headers, body }, url) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const header = ([name, value]) => (value === HIDDEN ? `-H "${name}: $WEBHOOK_TOKEN"` : `-H ${quoted(`${name}: ${value}`)}`);
  return [`curl -i ${quoted(url + path)}`, ...headers.map(header), `--data-binary ${quoted(body)}`].join(" \\\n  ");
}

function incoming(webhook) {
  const cut = webhook.body_bytes > webhook.body.length * 4 ? t`the first part of ${webhook.body_bytes} bytes` : null;
  const key = webhook.key ? t`key ${webhook.key} from ${t(webhook.key_from)}` : null;
  return section(t`What came`, [key, cut].filter(Boolean).join(", "),
    el("div.wire", {},
      el("span.line", {}, el("b", {}, webhook.method), " ", webhook.target),
      webhook.headers.filter(([name]) => !DULL.includes(name)).map(([name, value]) => el("span.line", {}, el("span.name", {}, `${name}: `), value))),
    block(pretty(webhook.body), t`the body`));
}

function events(webhook, isPreview, alert) {
  const count = webhook.events.length;
  const title = (number) => [isPreview ? t`What would be sent` : t`What is sent to PagerDuty`, count > 1 ? ` ${t`${number + 1} of ${count}`}` : ""].join("");
  const facts = (sent) => el("p.facts", {}, pill(sent.action), sent.action === "change" ? null : pill(sent.severity), " ", el("strong", {}, sent.summary),
    sent.alert && sent.alert !== alert && !isPreview && sent.delivery?.is_accepted !== false ? [" · ", el("a", { href: `#/alerts/${sent.alert}` }, t`its alert`)] : null);
  const content = (sent) => [rules(sent), isPreview ? null : attempts(webhook, sent), fields(webhook, sent),
    unfolding(t`As JSON`, () => block(pretty(JSON.stringify(sent.event)), t`the event`))];
  return webhook.events.map((sent, number) => (number < EVENTS_SHOWN
    ? section(title(number), null, facts(sent), content(sent))
    : unfolding(`${title(number)}: ${sent.summary || sent.dedup_key}`, () => [facts(sent), content(sent)])));
}

function rules(sent) {
  if (!sent.broken.length) return el("p.rules.kept", {}, t`✓ keeps every documented rule of PagerDuty`);
  return el("ul.rules.broken", {}, sent.broken.map((broken) =>
    el("li", {}, "✗ ", el("code", {}, broken.rule), broken.source ? el("small", {}, ` (${broken.source})`) : null)));
}

export const isDetail = (field) => /^(payload\.custom_details|details)\b/.test(field.name);

function fields(webhook, sent) {
  const row = (field) => el("tr", {},
    el("th", { scope: "row" }, field.name),
    el("td.value", {}, typeof field.value === "string" ? field.value : JSON.stringify(field.value)),
    el("td.from", {}, origin(webhook, field)));
  const table = (fields) => el("table.fields", {},
    el("thead", {}, el("tr", {}, [t`field`, t`value`, t`where it came from`].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, fields.map(row)));
  const details = sent.fields.filter(isDetail);
  return [
    table(sent.fields.filter((field) => !isDetail(field))),
    details.length ? unfolding(t`Custom details (${details.length})`, () => table(details)) : null,
  ];
}

export function origin(webhook, field) {
  if (!webhook.is_traced) return el("span.quiet", {}, t`not sought: it would take too long`);
  if (!field?.from.length) return el("span.quiet", {}, t`default`);
  const first = field.from.slice(0, SHOWN_ORIGINS).map((name) => el("code", {}, `←\u00a0${name}`));
  const rest = field.from.slice(SHOWN_ORIGINS);
  return [first, rest.length ? el("span.quiet", { title: rest.join("\n") }, t`and ${rest.length} more`) : null];
}

/** The time line of an event: each attempt, the waits between, and when ARMS hangs up. */
function attempts(webhook, sent) {
  const line = sent.attempts.map((attempt, number) => ({ at: attempt.after_ms, content: [
    statusPill(attempt.status ?? (webhook.answer ? 0 : null)), " ", t`attempt ${number + 1}`,
    number ? el("span.quiet", {}, ` ${t`${seconds(attempt.after_ms - sent.attempts[number - 1].after_ms)} after the one before`}`) : null,
    attempt.fault ? el("em", {}, ` ${said(attempt.fault)}`) : null,
    attempt.answer ? el("code.answer", {}, attempt.answer) : null] }));
  const end = webhook.answer?.milliseconds ?? Date.now() - webhook.at_ms;
  if (line.length && end > ARMS_WAITS_MS) {
    line.push({ at: ARMS_WAITS_MS, name: "hangs-up", content: [el("strong", {}, t`ARMS hangs up`), " ", t`after 5 s; the function goes on`] });
  }
  if (line.length && webhook.answer) line.push({ at: end, content: [statusPill(webhook.answer.status), " ", t`the answer to the webhook`] });
  line.sort((one, other) => one.at - other.at);
  const delivery = sent.delivery;
  const forwarded = sent.forwarded;
  const nothing = delivery?.is_stored ? t`It is stored, and waits in the queue.` : t`PagerDuty's stand-in got nothing of it.`;
  return [
    line.length ? el("ol.attempts", { "aria-label": t`Attempts` }, line.map(({ at, name, content }) =>
      el(`li${name ? `.${name}` : ""}`, {}, el("span.when", {}, `+${seconds(at)}`), content))) : el("p.quiet", {}, nothing),
    delivery && !delivery.is_accepted ? el("p.refusal", {}, [t`Not delivered`, ...delivery.errors].join(" · ")) : null,
    forwarded ? el("p.forwarded", {}, t`The real PagerDuty:`, " ", statusPill(forwarded.status ?? 0), " ", t`${forwarded.attempts} attempts`,
      forwarded.errors.length ? `: ${forwarded.errors.join("; ")}` : "") : null,
  ];
}

const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

function answer(webhook, isPreview) {
  const title = isPreview ? t`What the sender would be answered` : t`What the sender is answered`;
  if (!webhook.answer) {
    return section(title, null, el("p.quiet", {}, isPreview ? t`PagerDuty's own answer: nothing has been sent.` : t`The function is still trying.`));
  }
  return section(title, isPreview ? null : t`after ${webhook.answer.milliseconds} ms`,
    el("p.facts", {}, statusPill(webhook.answer.status)), webhook.answer.body ? block(pretty(webhook.answer.body), t`the answer`) : null);
}
