// Compose: try a webhook, and get the fields to paste at its source.

import { call, el, get, say } from "./dom.js";
import { pasteView } from "./template.js";
import { t } from "./text.js";
import { counterparts, resolves, verdict } from "./verdict.js";
import { HIDDEN, KEY, previewView, webhookView } from "./webhook.js";

const PATHS = [["/v2/enqueue", "v2: alert events"], ["/v1", "v1: Events API v1"], ["/change", "change events"]];
const DRAFT = { path: "/v2/enqueue", headers: [["content-type", "application/json"], ["x-integration-key", KEY]], body: "" };

/** Options under the names of their groups, in the order in which they come. */
export function grouped(pairs) {
  const groups = new Map();
  for (const [group, option] of pairs) groups.set(group, [...groups.get(group) ?? [], option]);
  return [...groups].map(([group, options]) => el("optgroup", { label: t(group) }, options.map(([value, name]) => new Option(t(name), value))));
}

/** The event of an `undelivered` line of the function's log, also if a log service has wrapped it; else `null`. */
function fromLog(text, depth = 0) {
  let line;
  try {
    line = typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    return null;
  }
  if (!line || typeof line !== "object" || depth > 3) return null;
  if (line.message === "undelivered" && line.event && line.path) return { ...DRAFT, path: line.path, body: JSON.stringify(line.event, null, 2) };
  return Object.values(line).map((value) => fromLog(value, depth + 1)).find(Boolean) ?? null;
}

/** The view is made once and kept, so that a draft survives a look at the alerts. */
export async function composeView(state) {
  const { samples } = await get("/api/samples");
  const path = el("input", { id: "path", list: "paths", spellcheck: "false", autocomplete: "off" });
  const area = (id, rows, placeholder) => el("textarea", { id, rows, spellcheck: "false", placeholder });
  const headers = area("headers", 3);
  const body = area("body", 10, t`Paste what the source sends: JSON, form, preset template, any text, or an undelivered line of the log`);
  const recovery = area("recovery", 2, t`Left empty, it is derived from the body`);
  const result = el("div.result", {},
    el("p.quiet", {}, t`Preview shows whether it would page, the event that would leave, and where each value came from. Nothing is sent.`));
  const draft = () => ({
    path: path.value,
    headers: headers.value.split("\n").filter((line) => line.trim()).map((line) => {
      const at = line.indexOf(":");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).trim()];
    }),
    body: body.value,
  });
  function load(given) {
    const ours = state.status.wants_token && !given.headers.some(([name]) => name === "x-webhook-token") ? [["x-webhook-token", HIDDEN]] : [];
    path.value = given.path;
    headers.value = [...given.headers, ...ours].map(([name, value]) => `${name}: ${value}`).join("\n");
    body.value = given.body;
    recovery.value = "";
  }
  body.addEventListener("input", () => {
    const event = fromLog(body.value);
    if (!event) return;
    load(event);
    say(t`The event of the log line has been taken.`);
  });
  const sample = el("select", { id: "sample", change: () => {
    if (!samples[sample.value]) return;
    load(samples[sample.value]);
    preview();
  } }, new Option(t`your own`, ""), grouped(samples.map((one, index) => [one.source, [String(index), one.title]])));

  let turn = 0;
  async function tried(doing) {
    const own = ++turn;
    result.replaceChildren(el("p.quiet", {}, t`Working on it…`));
    const shown = await doing().catch((error) => [el("p.refusal", {}, error.message)]);
    // What was asked for later is shown, whichever comes first.
    if (own !== turn) return;
    result.replaceChildren(...shown.flat(Infinity).filter(Boolean));
    // On a phone it is below the form.
    if (matchMedia("(max-width: 800px)").matches) result.scrollIntoView();
    const title = result.querySelector("h2");
    if (title) say(title.textContent);
  }
  /** The preview of the recovery: the one that was written, or the first that belongs to the webhook. */
  async function recovered(webhook, tried) {
    if (recovery.value.trim()) return call("POST", "/api/preview", { ...tried, body: recovery.value });
    for (const body of counterparts(tried.body)) {
      const other = await call("POST", "/api/preview", { ...tried, body });
      if (resolves(webhook, other) || resolves(other, webhook)) return other;
    }
    return null;
  }
  const preview = () => tried(async () => {
    const given = draft();
    const webhook = await call("POST", "/api/preview", given);
    const other = webhook.events.length ? await recovered(webhook, given) : null;
    return [verdict(webhook, other, Boolean(recovery.value.trim())), el("p.quiet", {}, t`A preview: nothing has been sent.`), previewView(webhook)];
  });
  const send = () => tried(async () => {
    result.replaceChildren(el("p.quiet", {}, t`The function is at work: see ${el("a", { href: "#/webhooks" }, t("Webhooks"))}.`));
    const sent = await call("POST", "/api/send", draft());
    const webhook = await get(`/api/webhooks/${sent.webhook}`);
    return [el("h2", {}, t`Sent: answered ${sent.status}`), webhookView(webhook, state)];
  });
  const field = (name, control, note) => el("div.field", {}, el("label", { for: control.id }, name, note && el("small", {}, note)), control);
  const form = el("form.compose", { submit: (event) => { event.preventDefault(); preview(); } },
    field(t`Sample`, sample),
    field(t`Path`, path, t`behind the function's host`),
    el("datalist", { id: "paths" }, PATHS.map(([value, name]) => el("option", { value }, t(name)))),
    field(t`Headers`, headers, t`a line each; the key is made up`),
    field(t`Body`, body),
    field(t`Recovery`, recovery, t`what the source sends when the alert is over`),
    el("div.acts", {}, el("button.main", { type: "submit" }, t`Preview`), el("button", { type: "button", id: "send", click: send }, t`Send`)));
  load(DRAFT);
  const element = el("div.two.composing", {},
    el("section.list", { "aria-label": t`Try a webhook` }, el("div.trying", {}, el("h2", {}, t`Try a webhook`), form), await pasteView(grouped)),
    el("section.detail", { "aria-label": t`Result` }, result));
  return { element, draft, load };
}
