// Elements. Text from outside gets into the page here alone, and always as text.

import { t } from "./text.js";

/** An element. `attributes` are set as such, functions become listeners, other children become text. */
export function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** A call to the API; what it refuses is thrown with its own sentence. */
export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error ?? `status ${answer.status}`);
  return value;
}

export const get = (path) => call("GET", path);

/** Says something to those who cannot see it happen. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** A word in a coloured pill; only known words choose a colour. */
export function pill(word) {
  const known = ["triggered", "acknowledged", "resolved", "critical", "error", "warning", "info",
    "trigger", "acknowledge", "resolve", "change"];
  return el(`span.pill${known.includes(word) ? `.${word}` : ""}`, {}, known.includes(word) ? t(word) : word ?? t("none"));
}

/** An HTTP status, coloured by what it means. */
export function statusPill(status) {
  if (status == null) return el("span.pill.waiting", {}, t`on its way`);
  if (!status) return el("span.pill.bad", {}, t`no answer`);
  return el(`span.pill.${status < 300 ? "good" : "bad"}`, {}, String(status));
}

/** A time as long ago; kept right by `tick`. */
export function ago(ms) {
  const time = el("time", { datetime: new Date(ms).toISOString(), title: new Date(ms).toLocaleString(), "data-ms": ms });
  time.textContent = words(ms);
  return time;
}

function words(ms) {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1000));
  if (seconds < 5) return t`just now`;
  if (seconds < 60) return t`${seconds} s ago`;
  if (seconds < 3600) return t`${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return t`${Math.floor(seconds / 3600)} h ago`;
  return t`${Math.floor(seconds / 86400)} d ago`;
}

export function tick() {
  for (const time of document.querySelectorAll("time[data-ms]")) time.textContent = words(Number(time.dataset.ms));
}

/** JSON laid out with its members and numbers as they were written; all else as it is. */
export function pretty(text) {
  try {
    if (typeof JSON.parse(text) !== "object") return text;
  } catch {
    return text;
  }
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+|[{[]\s*[\]}]|[{}[\],:]/g, (part) => {
    if (part[0] === '"') return part;
    if (!part.trim()) return "";
    if (part.length > 1) return part[0] + part.at(-1);
    if (part === ":") return ": ";
    if (part === ",") return `,${line()}`;
    if (part === "{" || part === "[") {
      depth += 1;
      return part + line();
    }
    depth -= 1;
    return line() + part;
  }).trim();
}

/** A button that copies a text, which may be made only then. */
export function copy(text, what, name = t`Copy`) {
  const button = el("button.small", { type: "button", "aria-label": what ? `${name}: ${what}` : name }, name);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      button.textContent = t`Copied`;
    } catch {
      button.textContent = t`Not allowed`;
    }
    say(`${what ?? name}: ${button.textContent}`);
    setTimeout(() => { button.textContent = name; }, 1500);
  });
  return button;
}

/** A text as it is, with a button that copies it. */
export function block(text, what, ...more) {
  return el("div.block", {}, el("pre", { tabindex: "0", "aria-label": what, role: "group" }, text), el("span.under", {}, more, copy(text, what)));
}

/** Details whose content is made when they are first unfolded. */
export function unfolding(summary, content, name = "details") {
  const details = el(name, { toggle: () => {
    if (details.open && details.childElementCount === 1) details.append(...[content()].flat(Infinity).filter(Boolean));
  } }, el("summary", {}, summary));
  return details;
}
