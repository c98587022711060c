// Elements. Text from outside gets into the page here alone, and always as text.

import { t } from "./text.js";

/** A made-up key, also in the place of one that is masked. */
export const KEY = "0123456789abcdef0123456789abcdef";

/** What the page knows. Everything on it is drawn from this by `draw`, anew whenever it changes. */
export const state = {
  // What the address asks for, and what the API says of it.
  route: ["alerts"], list: [], alert: null, webhook: null, status: null, samples: [], isLive: false,
  search: "", said: "", unfolded: new Set(),
  draft: null, result: null,
  template: null, paste: { api: "v2", format: "alertmanager", host: "", key: "", token: "" },
  draw() {},
};

/** Says something for a moment, also to those who cannot see what has changed. */
export function say(text) {
  state.said = text;
  state.draw();
  if (text) setTimeout(() => state.said === text && say(""), 3000);
}

/** `h("p.quiet", { id }, text)`: properties are listeners or attributes, children elements, texts or lists of them. */
export function h(name, ...children) {
  const properties = children[0]?.constructor === Object ? children.shift() : {};
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function" || key === "value") element[key] = value;
    else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  return element;
}

const LISTENERS = ["onclick", "onchange", "oninput", "onsubmit", "ontoggle"];

/**
 * Makes an element like another. What is in both stays the same element and keeps its focus, selection and scroll
 * position; what has a `data-key` is the same also in another place.
 */
export function morph(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // A person gives a text area its size.
    if (name !== "style" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const listener of LISTENERS) old[listener] = fresh[listener];
  // A select loses its value with its options.
  const { value } = fresh;
  const wanted = [...fresh.childNodes];
  const keys = new Set(wanted.map((child) => child.dataset?.key));
  for (const child of [...old.children]) if (!keys.has(child.dataset.key)) child.remove();
  const kept = new Map([...old.children].map((child) => [child.dataset.key, child]));
  wanted.forEach((child, index) => {
    const here = old.childNodes[index] ?? null;
    const key = child.dataset?.key;
    const isHere = here?.nodeName === child.nodeName && here.dataset?.key === key;
    const same = isHere ? here : key && kept.get(key);
    if (same !== here || !same) old.insertBefore(same || child, here);
    if (same?.nodeType === Node.TEXT_NODE) same.data = child.data;
    else if (same) morph(same, child);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
  if (old.value !== value) old.value = value;
}

/** A labelled input whose value is kept in `values` under its id. */
export function field(values, id, label, { tag = "input", note, oninput, ...more } = {}, ...children) {
  const changed = (event) => {
    values[id] = event.target.value;
    oninput?.();
  };
  const control = { id, value: values[id], spellcheck: "false", autocomplete: "off", ...more, oninput: changed };
  return h("label", h("span", label, note && h("small", note)), h(tag, control, ...children));
}

/** A call to the API; what it refuses is thrown with its own sentence. */
export async function call(method, path, body) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(path, body === undefined ? { method } : { method, headers, body: JSON.stringify(body) });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

export const get = (path) => call("GET", path);

/** A word in a pill; the known words have colours. */
export const pill = (word, text = word) => h("span.pill", { "data-is": word }, text);

/** An HTTP status, coloured by what it means; 0 is no answer, `null` none yet. */
export function statusPill(status) {
  if (status == null) return pill("waiting", t`on its way`);
  if (!status) return pill("bad", t`no answer`);
  return pill(status < 300 ? "good" : "bad", status);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** A time of the day. */
export const time = (ms) => h("time", { datetime: new Date(ms).toISOString() }, CLOCK.format(ms));

/** JSON laid out, with its members and numbers as they were written; all else as it is. */
export function pretty(text) {
  try {
    if (typeof JSON.parse(text) !== "object") return text;
  } catch {
    return text;
  }
  let line = "\n";
  return text.trim().replace(/("(?:[^"\\]|\\.)*")|\s+|[{[]\s*[\]}]|[{}[\],:]/g, (part, string) => {
    if (string || part.length > 1 && part.trim()) return part;
    if (part === ":") return ": ";
    if (part === ",") return part + line;
    if ("{[".includes(part)) return part + (line += "  ");
    if ("}]".includes(part)) return (line = line.slice(0, -2)) + part;
    return "";
  });
}

/** A button that copies a text, which is made only then. */
export function copy(text, what, name = t`Copy`) {
  const onclick = async () => {
    const copied = navigator.clipboard.writeText(text());
    say(`${what ?? name}: ${await copied.then(() => t`Copied`, () => t`Not allowed`)}`);
  };
  return h("button.small", { type: "button", "aria-label": what && `${name}: ${what}`, onclick }, name);
}

/** A text as it is, with a button that copies it. */
export function block(text, what, ...more) {
  const pre = h("pre", { tabindex: "0", "aria-label": what, role: "group" }, text);
  return h("div.block", pre, h("span.under", more, copy(() => text, what)));
}

/** Details whose content is made only while they are open. */
export function unfolding(key, summary, content) {
  const open = state.unfolded.has(key);
  const ontoggle = (event) => {
    const isOpen = event.target.open;
    if (isOpen === state.unfolded.has(key)) return;
    state.unfolded[isOpen ? "add" : "delete"](key);
    state.draw();
  };
  return h("details", { open, ontoggle }, h("summary", summary), open && content());
}
