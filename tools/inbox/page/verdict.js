// What a webhook that is tried would lead to: whether it pages, whether its recovery resolves it, what is lost.

import { el } from "./dom.js";
import { t } from "./text.js";
import { isDetail, origin, refusal } from "./webhook.js";

const LOST_SHOWN = 5;
/** The function's summary of a body that holds only the key. */
const KEY_ALONE = "ARMS alert without content: add a body template";
/** What a template leaves where the sender has filled nothing in. */
const UNFILLED = /\{\{[^{}]{1,80}\}\}|\$(?:alertmanager_)?content\b|<no value>/g;

/** The words by which sources say that an alert fires, and that it is over. */
const WORDS = [
  ["firing", "resolved"], ["告警时间", "恢复时间"], ["报警时间", "恢复时间"], ["触发告警", "恢复告警"], ["Alert time", "Time resolved"],
  ["Alert triggered at", "Time resolved"], ["alertState=ALERT", "alertState=OK"], ['"alertState":"ALERT"', '"alertState":"OK"'],
  ['"curLevel":"WARN"', '"curLevel":"OK"'], ["OCCURRED", "RESOLVED"], ["Executing", "Executed"], ['"alerting"', '"ok"'], ['"trigger"', '"resolve"'],
];

/** The same webhook when the alert is over, or, of a recovery, when it fires; as far as its own words show. */
export function counterparts(body) {
  const swap = (from, to) => (body.includes(from) ? body.replaceAll(from, to) : null);
  return [...WORDS.map(([fires, over]) => swap(fires, over)), ...WORDS.map(([fires, over]) => swap(over, fires))].filter(Boolean);
}

/**
 * What a template may have left unfilled. ARMS and Prometheus have filled in an alert of theirs; the rule that they
 * send along in its details has variables of its own.
 */
function sourceText(webhook) {
  const fields = webhook.events.flatMap((sent) => sent.fields);
  if (!fields.some((field) => field.from.some((name) => name.includes("alerts[")))) return webhook.body;
  return fields.filter((field) => !isDetail(field)).map((field) => String(field.value)).join("\n");
}

const isOnce = (sent) => sent.dedup_key.startsWith("arms-once-");
const of = (webhook, action) => webhook?.events.filter((sent) => sent.action === action) ?? [];

/** Whether the second resolves something of the first. */
export const resolves = (firing, recovery) => of(recovery, "resolve").some((over) => of(firing, "trigger").some((sent) => sent.dedup_key === over.dedup_key));

/**
 * The verdict on a webhook. `recovery` is the preview of its recovery, `isGiven` if a person has written that; `null`
 * if it is not known.
 */
export function verdict(webhook, recovery, isGiven) {
  const [triggers, over, changes] = ["trigger", "resolve", "change"].map((action) => of(webhook, action));
  const broken = webhook.events.filter((sent) => sent.broken.length);
  if (!webhook.events.length) return view("bad", t`Nobody would be paged`, [refusal(webhook)]);
  if (broken.length) return view("bad", t`Nobody would be paged`, [point(false, t`PagerDuty would refuse ${broken.length} of ${webhook.events.length} events: see the rules that they break.`)]);
  if (webhook.events.some((sent) => sent.dedup_key === "arms-webhook-test")) {
    return view("good", t`This is the console's test: it reaches PagerDuty and pages nobody`, []);
  }
  const points = [];
  if (triggers.length) points.push(...recoveryPoints(webhook, triggers, recovery, isGiven));
  else if (over.length && recovery && resolves(recovery, webhook)) points.push(point(true, t`The webhook that fires has the same dedup key, so that this one resolves its alert.`));
  if (triggers.some((sent) => sent.summary === KEY_ALONE)) points.push(point(false, t`The body says nothing of the alert: add a body template.`));
  const unfilled = [...new Set(sourceText(webhook).match(UNFILLED) ?? [])];
  if (unfilled.length) points.push(point(false, t`Not filled in: ${el("code", {}, unfilled.join(" "))}. Send what the source makes of the template, not the template.`));
  points.push(lostPoint(webhook, triggers.length > 0 && !over.length));
  if (triggers.some((sent) => sent.summary.endsWith("…"))) points.push(point(false, t`The summary is cut to 1,024 characters.`));
  return view(points.some((one) => one?.classList.contains("bad")) ? "warn" : "good", heading(triggers, over, changes), [
    ...points, triggers.length || over.length ? keys(triggers[0] ? webhook : recovery, triggers[0] ? recovery : webhook) : null]);
}

function heading(triggers, over, changes) {
  if (changes.length) return t`It pages nobody: a change event is shown beside the alerts`;
  if (!triggers.length) return over.length ? t`It pages nobody: it resolves` : t`It pages nobody: it acknowledges`;
  const pages = triggers.length === 1 ? t`It pages: an alert opens` : t`It pages: ${triggers.length} alerts open`;
  return over.length ? `${pages}${t`; ${over.length} resolved`}` : pages;
}

function recoveryPoints(webhook, triggers, recovery, isGiven) {
  if (triggers.some(isOnce)) return [point(false, t`Nothing resolves it: the body names no alert, so that every notification opens another one.`)];
  if (!recovery) return [point(null, t`Its recovery cannot be derived from this body: paste it under Recovery to see whether it resolves the alert.`)];
  if (!recovery.events.length) return [point(false, t`Its recovery would be refused.`), refusal(recovery)];
  const over = new Set(of(recovery, "resolve").map((sent) => sent.dedup_key));
  const matched = triggers.filter((sent) => over.has(sent.dedup_key)).length;
  const how = isGiven ? "" : ` ${t`(The recovery is this body with its words for the state changed.)`}`;
  if (matched === triggers.length) return [point(true, t`Its recovery resolves it: both have the same dedup key.`, how)];
  if (!over.size) return [point(false, t`Its recovery would page again: it does not say that the alert is over.`, how)];
  return [point(false, t`Its recovery resolves ${matched} of ${triggers.length} alerts: the dedup keys differ.`, how)];
}

function lostPoint(webhook, isWhole) {
  if (!webhook.is_traced) return point(null, t`What is lost was not sought: it would take too long.`);
  if (!isWhole) return null;
  if (!webhook.lost.length) return point(true, t`Nothing of the body is lost.`);
  const more = webhook.lost.length > LOST_SHOWN ? ` ${t`and ${webhook.lost.length - LOST_SHOWN} more`}` : "";
  return point(false, t`Lost: ${el("code", {}, webhook.lost.slice(0, LOST_SHOWN).join(", "))}`, more);
}

/** The dedup keys of both, and where they came from. */
function keys(firing, recovery) {
  const row = (name, webhook, sent) => sent && el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, el("code", {}, sent.dedup_key)),
    el("td.from", {}, origin(webhook, sent.fields.find((field) => ["dedup_key", "incident_key"].includes(field.name)))));
  return el("table.fields", {},
    el("caption", {}, t`Dedup keys`),
    el("tbody", {}, row(t`fires`, firing, of(firing, "trigger")[0]), row(t`recovers`, recovery, of(recovery, "resolve")[0] ?? of(recovery, "trigger")[0])));
}

/** Good, bad, or neither. */
function point(is, ...text) {
  return el(`p.point${is === null ? "" : is ? ".good" : ".bad"}`, {}, is === null ? "· " : is ? "✓ " : "⚠ ", ...text);
}

function view(level, title, points) {
  return el(`section.verdict.${level}`, { "aria-label": t`Verdict` }, el("h2", { tabindex: "-1" }, title), points);
}
