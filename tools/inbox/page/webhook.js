// One webhook: what became of it, as it came, the events made of it, the answer.

import { block, copy, h, KEY, pill, pretty, state, statusPill, unfolding } from "./dom.js";
import { t } from "./text.js";

/** After this time ARMS hangs up. */
const ARMS_WAITS_MS = 5000;
/** Headers that every client sends, and nobody asks for. */
const DULL = ["host", "accept", "accept-encoding", "content-length", "connection", "origin", "referer", "user-agent"];
/** As many events are shown at once; further ones are unfolded. */
const EVENTS_SHOWN = 3;
const ORIGINS_SHOWN = 3;
/** In the place of a token. */
export const HIDDEN = "********";

/** All of a webhook that came; `alert` is the one that it is shown with. */
export function webhookView(webhook, alert) {
  return [outcome(webhook), tools(webhook), incoming(webhook), events(webhook, false, alert), answer(webhook)];
}

/** All of a webhook that is only tried. Who composes has it before the eyes, and wants to see the event. */
export function previewView(webhook) {
  const answered = webhook.answer && answer(webhook, t`What the sender would be answered`);
  return [events(webhook, true), answered, incoming(webhook)];
}

const section = (title, note, ...children) => h("section", h("h3", title, note && h("small", note)), ...children);

/** Loud, if somebody should have been paged and was not. */
function outcome(webhook) {
  if (!webhook.answer) return null;
  const { status, milliseconds } = webhook.answer;
  const failed = webhook.events.filter((sent) => sent.delivery && !sent.delivery.is_accepted);
  const late = milliseconds > ARMS_WAITS_MS ? t`ARMS had hung up after 5 s and did not see the answer ${status}.`
    : t`ARMS was answered ${status}.`;
  const loud = (title, ...lines) => h("div.loud", h("strong", title), lines.map((line) => h("p", line)));
  if (failed.length) {
    const isPage = failed.some((sent) => sent.action === "trigger");
    return loud(isPage ? t`Nobody was paged` : t`PagerDuty does not know that it is over`,
      t`${failed.length} of ${webhook.events.length} events did not reach PagerDuty. ${late}`,
      [...new Set(failed.flatMap((sent) => sent.delivery.errors))].join("; "),
      t`On a deployed function the log has each of them as ${h("code", "undelivered")}; ${
        h("code", "arms-pagerduty resend")} sends them again.`);
  }
  return !webhook.events.length && status >= 400 && loud(t`Nobody was paged`, refusal(webhook), late);
}

/** Why the function refused a webhook, and how to fix it. */
export function refusal({ answer, refused }) {
  if (!refused) return t`The function refuses it: ${answer.status}.`;
  return [t`The function refuses it: ${refused.message}.`, " ", t`To fix it: ${refused.remedy}.`];
}

const isAsked = ([name]) => !DULL.includes(name);

/** The webhook with made-up secrets where they are masked, so that it can be sent again. */
function draftOf(webhook) {
  const unmasked = (text) => text.replace(/\*{4}[0-9A-Za-z]{4}(?![0-9A-Za-z*])/g, KEY);
  return {
    path: unmasked(webhook.target).replace(/([?&])[^=&]+=\*{8}(&|$)/g, "$1").replace(/[?&]$/, ""),
    headers: webhook.headers.filter(isAsked).map(([name, value]) => [name, unmasked(value)]),
    body: unmasked(webhook.body),
  };
}

/** A draft as it is shown in Compose. */
export function load({ name = "", path, headers, body }) {
  const needsToken = state.status.wants_token && !headers.some(([name]) => name === "x-webhook-token");
  const all = needsToken ? [...headers, ["x-webhook-token", HIDDEN]] : headers;
  const lines = all.map(([name, value]) => `${name}: ${value}`);
  state.draft = { sample: name, path, headers: lines.join("\n"), body, recovery: "" };
}

function tools(webhook) {
  const isWhole = webhook.body_bytes <= new TextEncoder().encode(webhook.body).length + 256;
  if (!isWhole) return h("p.quiet", t`Only the first part of the body is kept: it cannot be sent again from here.`);
  const onclick = () => {
    load(draftOf(webhook));
    location.hash = "#/compose";
  };
  return h("div.acts", h("button.small", { type: "button", onclick }, t`Edit in Compose`),
    copy(() => curl(draftOf(webhook)), null, t`Copy as curl`));
}

/** A command for a shell; the token is in it only as the variable that holds it. */
function curl({ path, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const header = ([name, value]) =>
    `-H ${value === HIDDEN ? `"${name}: $WEBHOOK_TOKEN"` : quoted(`${name}: ${value}`)}`;
  const url = quoted(state.status.webhook_url + path);
  return [`curl -i ${url}`, ...headers.map(header), `--data-binary ${quoted(body)}`].join(" \\\n  ");
}

function incoming(webhook) {
  const isCut = webhook.body_bytes > webhook.body.length * 4;
  const notes = [webhook.key && t`key ${webhook.key} from ${t(webhook.key_from)}`,
    isCut && t`the first part of ${webhook.body_bytes} bytes`];
  const header = ([name, value]) => h("span", h("span.quiet", `${name}: `), value);
  return section(t`What came`, notes.filter(Boolean).join(", "),
    h("div.wire", h("b", `${webhook.method} ${webhook.target}`), webhook.headers.filter(isAsked).map(header)),
    block(pretty(webhook.body), t`the body`));
}

function events(webhook, isPreview, alert) {
  const count = webhook.events.length;
  const what = isPreview ? t`What would be sent` : t`What is sent to PagerDuty`;
  const content = (sent, key) => [
    facts(sent, !isPreview && sent.alert !== alert && sent.delivery?.is_accepted !== false),
    rules(sent), !isPreview && attempts(webhook, sent), fields(webhook, sent, key),
    unfolding(`${key} json`, t`As JSON`, () => block(pretty(JSON.stringify(sent.event)), t`the event`))];
  return webhook.events.map((sent, index) => {
    const title = count > 1 ? `${what} ${t`${index + 1} of ${count}`}` : what;
    const key = `${webhook.id} ${index}`;
    if (index < EVENTS_SHOWN) return section(title, null, content(sent, key));
    return unfolding(key, `${title}: ${sent.summary || sent.dedup_key}`, () => content(sent, key));
  });
}

function facts(sent, hasLink) {
  return h("p.facts", pill(sent.action), sent.action !== "change" && pill(sent.severity), h("strong", sent.summary),
    hasLink && sent.alert && h("a", { href: `#/alerts/${sent.alert}` }, t`its alert`));
}

function rules(sent) {
  if (!sent.broken.length) return h("p.rules.good", t`✓ keeps every documented rule of PagerDuty`);
  return h("ul.rules.bad", sent.broken.map(({ rule, source }) =>
    h("li", "✗ ", h("code", rule), source && h("small", ` (${source})`))));
}

export const isDetail = (field) => /^(payload\.custom_details|details)\b/.test(field.name);

function fields(webhook, sent, key) {
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const row = (field) =>
    h("tr", h("th", { scope: "row" }, field.name), h("td", text(field.value)), origin(webhook, field));
  const head = [t`field`, t`value`, t`where it came from`].map((name) => h("th", { scope: "col" }, name));
  const table = (fields) => h("table.fields", h("thead", h("tr", head)), h("tbody", fields.map(row)));
  const details = sent.fields.filter(isDetail);
  const isOther = (field) => !isDetail(field);
  return [table(sent.fields.filter(isOther)),
    details.length > 0 && unfolding(`${key} details`, t`Custom details (${details.length})`, () => table(details))];
}

/** The cell with the values that a field came from. */
export function origin(webhook, field) {
  if (!webhook.is_traced) return h("td.quiet", t`not sought: it would take too long`);
  if (!field?.from.length) return h("td.quiet", t`default`);
  const more = field.from.slice(ORIGINS_SHOWN);
  return h("td", field.from.slice(0, ORIGINS_SHOWN).map((name) => h("code.from", `←\u00a0${name}`)),
    more.length > 0 && h("span.quiet", { title: more.join("\n") }, t`and ${more.length} more`));
}

const seconds = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

/** The time line of an event: each attempt, the waits between, and when ARMS hangs up. */
function attempts({ answer, at_ms: cameAt }, { attempts, delivery, forwarded }) {
  const end = answer?.milliseconds ?? Date.now() - cameAt;
  const line = attempts.map((attempt, index) => [attempt.after_ms, [
    statusPill(attempt.status ?? (answer ? 0 : null)), " ", t`attempt ${index + 1}`, " ",
    index > 0 && t`${seconds(attempt.after_ms - attempts[index - 1].after_ms)} after the one before`, " ",
    attempt.fault && h("em", t`a fault on purpose`),
    attempt.answer && h("code", attempt.answer)]]);
  const hangsUp = h("span.hangs-up", h("strong", t`ARMS hangs up`), " ", t`after 5 s; the function goes on`);
  if (end > ARMS_WAITS_MS) line.push([ARMS_WAITS_MS, hangsUp]);
  if (answer) line.push([end, [statusPill(answer.status), " ", t`the answer to the webhook`]]);
  line.sort(([one], [other]) => one - other);
  const errors = (end) => end.errors.map((error) => ` · ${error}`).join("");
  return [
    h("ol.attempts", line.map(([at, content]) => h("li", h("span.when", `+${seconds(at)}`), h("div", content)))),
    delivery?.is_stored && h("p.quiet", t`It is stored, and waits in the queue.`),
    delivery && !delivery.is_accepted && h("p.refusal", t`not delivered`, errors(delivery)),
    forwarded && h("p", t`The real PagerDuty:`, " ", statusPill(forwarded.status ?? 0), errors(forwarded))];
}

function answer(webhook, title = t`What the sender is answered`) {
  const { body, milliseconds, status } = webhook.answer ?? {};
  return section(title, milliseconds !== undefined && t`after ${milliseconds} ms`, h("p.facts", statusPill(status)),
    body && block(pretty(body), t`the answer`));
}
