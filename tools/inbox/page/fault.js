// How the stand-in goes wrong: the switch in the bar.

import { call, say } from "./dom.js";

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

const place = (fault) => CHOICES.findIndex(([, choice]) =>
  choice.kind === fault.kind && choice.status === fault.status && (choice.times ?? null) === (fault.times ?? null));

/** Fills the switch once. */
export function setUp(select) {
  for (const [index, [name]] of CHOICES.entries()) select.append(new Option(name, String(index)));
  select.addEventListener("change", async () => {
    const [name, fault] = CHOICES[Number(select.value)];
    await call("PUT", "/api/fault", fault);
    say(`The stand-in: ${name}`);
  });
}

/** Shows what is so now, also if a script has set it. */
export function showFault(select, note, fault) {
  const at = place(fault);
  if (document.activeElement !== select || select.value !== String(at)) select.value = String(at);
  select.classList.toggle("on", fault.kind !== "none");
  note.hidden = fault.kind === "none";
  const what = { status: `answers ${fault.status}`, slow: `answers ${fault.ms} ms late`, nothing: "answers nothing" }[fault.kind];
  note.textContent = note.hidden ? "" : `The stand-in ${what} on purpose${fault.left != null ? `, ${fault.left} more times` : ""}.`;
}
