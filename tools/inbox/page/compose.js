// Compose: try a webhook, and get the fields to paste at its source.

import { call, field, get, h, say, state } from "./dom.js";
import { pasteView } from "./template.js";
import { t } from "./text.js";
import { counterparts, resolves, verdict } from "./verdict.js";
import { load, previewView, webhookView } from "./webhook.js";

/** The event of an `undelivered` line of the function's log, also if a log service has wrapped it; else `null`. */
function fromLog(text, depth = 0) {
  let line;
  try {
    // Some log services write the time before the line.
    line = typeof text === "string" ? JSON.parse(text.replace(/^[^[{]*(?=\{)/, "")) : text;
  } catch {
    return null;
  }
  if (!line || typeof line !== "object" || depth > 3) return null;
  if (line.message === "undelivered" && line.event && line.path) return line;
  return Object.values(line).map((value) => fromLog(value, depth + 1)).find(Boolean) ?? null;
}

/** What the form holds, as the API takes it. */
function given(body = state.draft.body) {
  const headers = state.draft.headers.split("\n").filter((line) => line.trim());
  const pair = (line) => line.match(/^([^:]*):?\s*(.*)$/).slice(1);
  return { path: state.draft.path, headers: headers.map(pair), body };
}

let turn = 0;

/** Shows what comes of the draft. What was asked for later is shown, whichever comes first. */
async function tried(ask) {
  const own = ++turn;
  state.result = { busy: true };
  state.draw();
  const result = await ask().catch((error) => ({ error: error.message }));
  if (own !== turn) return;
  state.result = result;
  state.draw();
  say(document.querySelector(".result h2")?.textContent ?? "");
  // On a phone it is below the form.
  if (matchMedia("(max-width: 800px)").matches) document.querySelector(".result")?.scrollIntoView();
}

const preview = () => tried(async () => {
  const isGiven = Boolean(state.draft.recovery.trim());
  const { body, recovery } = state.draft;
  const webhook = await call("POST", "/api/preview", given());
  for (const other of isGiven ? [recovery] : counterparts(body)) {
    if (!webhook.events.length) break;
    const tried = await call("POST", "/api/preview", given(other));
    const isIts = isGiven || resolves(webhook, tried) || resolves(tried, webhook);
    if (isIts) return { preview: webhook, recovery: tried, isGiven };
  }
  return { preview: webhook, recovery: null, isGiven };
});

const send = () => tried(async () => {
  const sent = await call("POST", "/api/send", given());
  return { sent, webhook: await get(`/api/webhooks/${sent.webhook}`) };
});

function resultView() {
  const { busy, error, isGiven, preview, recovery, sent, webhook } = state.result ?? {};
  if (busy) return h("p.quiet", t`Working on it: see ${h("a", { href: "#/webhooks" }, t`Webhooks`)}.`);
  if (error) return h("p.refusal", error);
  if (sent) return [h("h2", t`Sent: answered ${sent.status}`), webhookView(webhook)];
  const nothing = h("p.quiet", t`A preview: nothing has been sent.`);
  if (preview) return [verdict(preview, recovery, isGiven), nothing, previewView(preview)];
  return h("p.quiet", t`Preview shows whether it would page, and the event that would leave. Nothing is sent.`);
}

export function composeView() {
  const { draft, samples } = state;
  const sources = Object.entries(Object.groupBy(samples, (sample) => sample.source));
  const option = (sample) => new Option(t(sample.title), sample.name);
  const onsample = () => {
    const sample = samples.find((sample) => sample.name === draft.sample);
    if (!sample) return;
    load(sample);
    preview();
  };
  const onbody = () => {
    const line = fromLog(draft.body);
    if (!line) return;
    Object.assign(draft, { path: line.path, body: JSON.stringify(line.event, null, 2), recovery: "" });
    say(t`The event of the log line has been taken.`);
  };
  const onsubmit = (event) => {
    event.preventDefault();
    preview();
  };
  const area = (rows, more) => ({ tag: "textarea", rows, ...more });
  return h("div.two.composing", { "data-key": "compose" },
    h("section.list", h("form.compose", { onsubmit }, h("h2", t`Try a webhook`),
      field(draft, "sample", t`Sample`, { tag: "select", oninput: onsample }, new Option(t`your own`, ""),
        sources.map(([source, of]) => h("optgroup", { label: t(source) }, of.map(option)))),
      field(draft, "path", t`Path`, { note: t`behind the function's host` }),
      field(draft, "headers", t`Headers`, area(3, { note: t`a line each; the key is made up` })),
      field(draft, "body", t`Body`, area(10, {
        oninput: onbody,
        placeholder: t`Paste what the source sends, or an undelivered line of the log`,
      })),
      field(draft, "recovery", t`Recovery`, area(2, { placeholder: t`Left empty, it is derived from the body` })),
      h("div.acts", h("button.main", { type: "submit" }, t`Preview`),
        h("button", { id: "send", type: "button", onclick: send }, t`Send`))), pasteView()),
    h("section.detail.result", resultView()));
}
