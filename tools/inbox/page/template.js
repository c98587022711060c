// What to paste at the source, with one's own host, key and token in it, counted against ARMS's limits.

import { block, field, get, h, state } from "./dom.js";
import { isChinese, t } from "./text.js";

const APIS = [["v2", "v2: alert events"], ["v1", "v1: Events API v1"], ["change", "change events"]];
/** What can be pasted: ARMS's own first. */
const ARMS = [
  ["alertmanager", "$alertmanager_content (recommended)"], ["fields", "fields of your own"],
  ["preset", "preset template"], ["key", "only the key"],
];
const OTHERS = [
  ["cloudmonitor", "CloudMonitor 1.0, alert callback"], ["cloudmonitor-events", "CloudMonitor 1.0, system events"],
  ["cloudmonitor2", "CloudMonitor 2.0"], ["sls", "Log Service (SLS)"], ["eventbridge", "EventBridge"],
  ["prometheus", "Prometheus Alertmanager"], ["grafana", "Grafana"], ["kube-eventer", "kube-eventer"],
];
/** What ARMS's form takes, in characters, and its most headers. */
const LIMITS = [[/^URL$/, 256], [/^Header$/, 200], [/template$/, 500]];
const HEADERS_MAX = 6;
/** The parts to be filled in, as the server writes them, and what a value must look like. */
const PARTS = [
  ["host", "<function URL host>", "Function's host", "[\\w.:\\/\\-]+"],
  ["key", "<32 characters>", "Integration key", "[0-9A-Za-z]{32}"],
  ["token", "<your WEBHOOK_TOKEN>", "WEBHOOK_TOKEN", "[^\\s,]{8,}"],
];

export const template = () => get(`/api/template?api=${state.paste.api}&format=${state.paste.format}`);

async function anew() {
  state.template = await template();
  state.draw();
}

/** The values that were given stay in the page: nothing is sent anywhere. */
export function pasteView() {
  const { paste, template } = state;
  const isArms = ARMS.some(([format]) => format === paste.format);
  const options = (choices) => choices.map(([value, name]) => new Option(t(name), value));
  const group = (name, choices) => h("optgroup", { label: t(name) }, options(choices));
  const bare = (part) => paste[part].trim().replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const filled = (text) => PARTS.reduce((text, [part, mark]) => text.replaceAll(mark, () => bare(part) || mark), text);
  const headers = template.fields.filter(({ name }) => name === "Header").length;
  const input = ([part, , label, pattern]) => field(paste, part, t(label), { pattern, oninput: state.draw });
  const pasted = ({ name, value }) =>
    h("div", h("span.quiet", name), block(filled(value), name, isArms && limit(name, filled(value))));
  return h("section.paste", h("h2", t`What to paste at the source`),
    h("div.fields",
      field(paste, "api", "API", { tag: "select", oninput: anew }, options(APIS)),
      field(paste, "format", t`Format`, { tag: "select", oninput: anew },
        group("ARMS", ARMS), group("Other sources", OTHERS)),
      PARTS.map(input)),
    h("p.quiet", isChinese() ? t(`note ${paste.format}`) : template.note),
    isArms && count(t`${headers} of ${HEADERS_MAX} headers`, headers > HEADERS_MAX),
    template.fields.map(pasted));
}

function limit(name, value) {
  const [, most] = LIMITS.find(([names]) => names.test(name)) ?? [];
  if (!most) return null;
  const length = [...value].length;
  return count(t`${length} of ${most} characters`, length > most);
}

const count = (text, isOver) => h(`span.count${isOver ? ".over" : ""}`, text);
