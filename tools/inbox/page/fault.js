// How the stand-in goes wrong: the switch in the bar.

import { call, el, say } from "./dom.js";
import { t } from "./text.js";

const CHOICES = [
  ["answers as PagerDuty does", { kind: "none" }],
  ["429, twice", { kind: "status", status: 429, times: 2 }],
  ["429, always", { kind: "status", status: 429 }],
  ["500, twice", { kind: "status", status: 500, times: 2 }],
  ["500, always", { kind: "status", status: 500 }],
  ["400, always", { kind: "status", status: 400 }],
  ["slow: 3 s late", { kind: "slow", ms: 3000 }],
  ["nothing, once", { kind: "nothing", times: 1 }],
  ["nothing, always", { kind: "nothing" }],
];
const BY_SCRIPT = "script";

const place = (fault) => CHOICES.findIndex(([, choice]) =>
  ["kind", "status", "ms", "times"].every((part) => (choice[part] ?? null) === (fault[part] ?? null)));

/** Fills the switch, also again in another language. */
export function fill(select) {
  select.replaceChildren(...CHOICES.map(([name], index) => new Option(t(name), String(index))),
    el("option", { value: BY_SCRIPT, hidden: true, disabled: true }, t`set by a script`));
  select.onchange = async () => {
    const [name, fault] = CHOICES[Number(select.value)];
    await call("PUT", "/api/fault", fault);
    say(t`The stand-in: ${t(name)}`);
  };
}

/** Shows what is so now, also if a script has set it. */
export function showFault(select, note, fault) {
  const at = place(fault);
  select.value = at < 0 ? BY_SCRIPT : String(at);
  select.classList.toggle("on", fault.kind !== "none");
  note.hidden = fault.kind === "none";
  const what = {
    none: () => "",
    status: () => t`The stand-in answers ${fault.status} on purpose.`,
    slow: () => t`The stand-in answers ${fault.ms} ms late on purpose.`,
    nothing: () => t`The stand-in answers nothing on purpose.`,
  }[fault.kind]();
  note.textContent = fault.left == null ? what : `${what} ${t`${fault.left} more times.`}`;
}
