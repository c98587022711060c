// What to paste at the source, with one's own host, key and token in it, counted against ARMS's limits.

import { block, el, get } from "./dom.js";
import { language, t } from "./text.js";

const APIS = [["v2", "v2: alert events"], ["v1", "v1: Events API v1"], ["change", "change events"]];
/** What can be pasted, by source. */
const FORMATS = [
  ["ARMS", ["alertmanager", "$alertmanager_content (recommended)"]], ["ARMS", ["fields", "fields of your own"]],
  ["ARMS", ["preset", "preset template"]], ["ARMS", ["key", "only the key"]],
  ...[["cloudmonitor", "CloudMonitor 1.0, alert callback"], ["cloudmonitor-events", "CloudMonitor 1.0, system events"],
    ["cloudmonitor2", "CloudMonitor 2.0"], ["sls", "Log Service (SLS)"], ["eventbridge", "EventBridge"],
    ["prometheus", "Prometheus Alertmanager"], ["grafana", "Grafana"], ["kube-eventer", "kube-eventer"]].map((format) => ["Other sources", format]),
];
/** What ARMS's form takes, in characters, and its most headers. */
const LIMITS = { URL: 256, Header: 200, template: 500 };
const HEADERS_MAX = 6;
/** The parts to be filled in, as the server writes them, and what a value must look like. */
const PARTS = [
  ["host", "<function URL host>", "Function's host", "abc.lambda-url.ap-southeast-1.on.aws", /^[\w.:-]+$/],
  ["key", "<32 characters>", "Integration key", "32 letters and digits", /^[0-9A-Za-z]{32}$/],
  ["token", "<your WEBHOOK_TOKEN>", "WEBHOOK_TOKEN", "at least 8 characters", /^[^\s,]{8,}$/],
];

export async function pasteView(grouped) {
  const fields = el("div.paste", {});
  const select = (id, options) => el("select", { id, change: load }, options);
  const api = select("template-api", APIS.map(([value, name]) => new Option(t(name), value)));
  const format = select("template-format", grouped(FORMATS));
  // They stay in the page: nothing is sent anywhere.
  const parts = PARTS.map(([name, mark, , hint, good]) => ({ mark, good, input: el("input", {
    id: `template-${name}`, placeholder: t(hint), spellcheck: "false", autocomplete: "off", input: () => show(),
  }) }));
  let template = { fields: [], note: "" };

  async function load() {
    template = await get(`/api/template?api=${api.value}&format=${format.value}`);
    show();
  }
  function show() {
    const isArms = FORMATS.some(([source, [name]]) => source === "ARMS" && name === format.value);
    const bare = (input) => input.value.trim().replace(/^https?:\/\//, "").replace(/\/+$/, "");
    const filled = template.fields.map(({ name, value }) =>
      [name, parts.reduce((text, { mark, input }) => text.replaceAll(mark, () => bare(input) || mark), value)]);
    for (const { input, good } of parts) input.setAttribute("aria-invalid", String(Boolean(bare(input)) && !good.test(bare(input))));
    const headers = filled.filter(([name]) => name === "Header").length;
    fields.replaceChildren(el("p.quiet", {}, language() === "zh" ? t(`note ${format.value}`) : template.note), isArms ? count(t`${headers} of ${HEADERS_MAX} headers`, headers > HEADERS_MAX) : "",
      ...filled.map(([name, value]) => el("div", {}, el("span.caption", {}, name), block(value, name, isArms ? limit(name, value) : ""))));
  }
  const field = (id, name, control) => el("div.field", {}, el("label", { for: id }, name), control);
  await load();
  return el("section.pasting", { "aria-label": t`What to paste at the source` },
    el("h2", {}, t`What to paste at the source`),
    el("div.row-of", {}, field("template-api", "API", api), field("template-format", t`Format`, format),
      parts.map(({ input }, index) => field(input.id, t(PARTS[index][2]), input))),
    fields);
}

function limit(name, value) {
  const most = LIMITS[name] ?? (name.includes("template") ? LIMITS.template : null);
  if (!most) return "";
  const length = [...value].length;
  const note = name === "URL" && length > 100 ? ` ${t`(Managed Prometheus and SAE take 100)`}` : "";
  return count(`${t`${length} of ${most} characters`}${note}`, length > most);
}

const count = (text, isOver) => el(`span.count${isOver ? ".over" : ""}`, {}, text);
