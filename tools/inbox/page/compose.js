// Compose: try a webhook, and get the fields to paste at its source.

import { call, copy, el, get, say } from "./dom.js";
import { webhookView } from "./webhook.js";

const PATHS = [["/v2/enqueue", "v2: alert events"], ["/v1", "v1: Events API v1"], ["/change", "change events"]];
/** What can be pasted, by source. */
const FORMATS = [
  ["ARMS", [["alertmanager", "$alertmanager_content (recommended)"], ["fields", "fields of your own"],
    ["preset", "preset template"], ["key", "only the key"]]],
  ["Other sources", [["cloudmonitor", "CloudMonitor 1.0, alert callback"], ["cloudmonitor-events", "CloudMonitor 1.0, system events"],
    ["cloudmonitor2", "CloudMonitor 2.0"], ["sls", "Log Service (SLS)"], ["eventbridge", "EventBridge"],
    ["prometheus", "Prometheus Alertmanager"], ["grafana", "Grafana"], ["kube-eventer", "kube-eventer"]]],
];
const KEY_LINE = "x-integration-key: 0123456789abcdef0123456789abcdef";
const TOKEN_LINE = "x-webhook-token: ********";

/** Options under the names of their groups, in the order in which they come. */
function grouped(pairs) {
  const groups = new Map();
  for (const [group, option] of pairs) groups.set(group, [...groups.get(group) ?? [], option]);
  return [...groups].map(([group, options]) => el("optgroup", { label: group },
    options.map(([value, name]) => el("option", { value }, name))));
}

/** The view is made once and kept, so that a draft survives a look at the alerts. */
export async function composeView(state) {
  const { samples } = await get("/api/samples");
  const ours = state.status.wants_token ? [TOKEN_LINE] : [];
  const path = el("input", { id: "path", list: "paths", value: "/v2/enqueue", spellcheck: "false", autocomplete: "off" });
  const headers = el("textarea", { id: "headers", rows: 3, spellcheck: "false" });
  const body = el("textarea", { id: "body", rows: 14, spellcheck: "false", placeholder: "Paste what the source sends: JSON, form, preset template or any text" });
  headers.value = ["content-type: application/json", KEY_LINE, ...ours].join("\n");
  const result = el("section.result", { "aria-label": "Result", "aria-live": "polite" },
    el("p.quiet", {}, "Preview shows the event that would leave, and where each value came from. Nothing is sent."));
  const draft = () => ({
    path: path.value,
    headers: headers.value.split("\n").filter((line) => line.trim()).map((line) => {
      const at = line.indexOf(":");
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).trim()];
    }),
    body: body.value,
  });
  const sample = el("select", { id: "sample", change: () => {
    const chosen = samples[Number(sample.value)];
    if (!chosen) return;
    path.value = chosen.path;
    const lines = chosen.headers.map(([name, value]) => `${name}: ${value}`);
    headers.value = [...lines, ...ours].join("\n");
    body.value = chosen.body;
    preview();
  } }, el("option", { value: "" }, "your own"), grouped(samples.map((one, index) => [one.source, [String(index), one.title]])));

  async function tried(doing) {
    try {
      result.replaceChildren(...await doing());
    } catch (error) {
      result.replaceChildren(el("p.refusal", {}, error.message));
    }
  }
  const preview = () => tried(async () => {
    const webhook = await call("POST", "/api/preview", draft());
    say(webhook.refused ? "It would be refused" : `${webhook.events.length} events would be sent`);
    return [el("h2", {}, "Preview: nothing has been sent"), ...webhookView(webhook, true).flat(Infinity).filter(Boolean)];
  });
  const send = () => tried(async () => {
    result.replaceChildren(el("p.quiet", {}, "The function is at it: see ", el("a", { href: "#/webhooks" }, "Webhooks"), "."));
    const sent = await call("POST", "/api/send", draft());
    const webhook = await get(`/api/webhooks/${sent.webhook}`);
    say(`Answered ${sent.status}`);
    return [el("h2", {}, `Sent: answered ${sent.status}`), ...webhookView(webhook).flat(Infinity).filter(Boolean)];
  });
  const field = (name, control, note) => el("div.field", {}, el("label", { for: control.id }, name, note && el("small", {}, note)), control);
  const form = el("form.compose", { submit: (event) => { event.preventDefault(); preview(); } },
    field("Sample", sample),
    field("Path", path, "behind the function's host"),
    el("datalist", { id: "paths" }, PATHS.map(([value, name]) => el("option", { value }, name))),
    field("Headers", headers, "a line each; the key is made up"),
    field("Body", body),
    el("div.acts", {}, el("button.main", { type: "submit" }, "Preview"), el("button", { type: "button", id: "send", click: send }, "Send")));
  return el("div.two.composing", {},
    el("section.list", {}, el("h2", {}, "Try a webhook"), form, await pasteView()),
    el("section.detail", {}, result));
}

async function pasteView() {
  const options = (pairs) => pairs.map(([value, name]) => el("option", { value }, name));
  const fields = el("div.paste", { "aria-live": "polite" });
  const api = el("select", { id: "template-api", change: () => show() },
    options([["v2", "v2: alert events"], ["v1", "v1: Events API v1"], ["change", "change events"]]));
  const format = el("select", { id: "template-format", change: () => show() },
    grouped(FORMATS.flatMap(([source, formats]) => formats.map((format) => [source, format]))));
  async function show() {
    const template = await get(`/api/template?api=${api.value}&format=${format.value}`);
    fields.replaceChildren(el("p.quiet", {}, template.note), ...template.fields.map((one) =>
      el("div.block", {}, el("span.caption", {}, one.name), el("pre", { tabindex: "0", "aria-label": one.name }, one.value), copy(one.value, one.name))));
  }
  await show();
  return el("section.pasting", { "aria-label": "What to paste at the source" },
    el("h2", {}, "What to paste at the source"),
    el("div.row-of", {},
      el("div.field", {}, el("label", { for: "template-api" }, "API"), api),
      el("div.field", {}, el("label", { for: "template-format" }, "Format"), format)),
    fields);
}
