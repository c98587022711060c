// What a webhook that is tried would lead to: whether it pages, whether its recovery resolves it, what is lost.

import { h } from "./dom.js";
import { t } from "./text.js";
import { isDetail, origin, refusal } from "./webhook.js";

const LOST_SHOWN = 5;
/** The function's summary of a body that holds only the key. */
const KEY_ALONE = "ARMS alert without content: add a body template";
/** What a template leaves where the sender has filled nothing in. */
const UNFILLED = /\{\{[^{}]{1,80}\}\}|\$(?:alertmanager_)?content\b|<no value>/g;

/** The words by which sources say that an alert fires, and that it is over. */
const WORDS = [
  ["firing", "resolved"], ["告警时间", "恢复时间"], ["报警时间", "恢复时间"], ["触发告警", "恢复告警"],
  ["Alert time", "Time resolved"], ["Alert triggered at", "Time resolved"], ["alertState=ALERT", "alertState=OK"],
  ['"alertState":"ALERT"', '"alertState":"OK"'], ['"curLevel":"WARN"', '"curLevel":"OK"'], ["OCCURRED", "RESOLVED"],
  ["Executing", "Executed"], ['"alerting"', '"ok"'], ['"trigger"', '"resolve"'],
];

/** The same webhook when the alert is over, or, of a recovery, when it fires; as far as its own words show. */
export function counterparts(body) {
  const both = [...WORDS, ...WORDS.map(([fires, over]) => [over, fires])];
  return both.filter(([from]) => body.includes(from)).map(([from, to]) => body.replaceAll(from, to));
}

/**
 * What a template may have left unfilled. ARMS and Prometheus have filled in an alert of theirs; the rule that they
 * send along in its details has variables of its own.
 */
function sourceText(webhook) {
  const fields = webhook.events.flatMap((sent) => sent.fields);
  const isFilledIn = fields.some((field) => field.from.some((name) => name.includes("alerts[")));
  if (!isFilledIn) return webhook.body;
  return fields.filter((field) => !isDetail(field)).map((field) => String(field.value)).join("\n");
}

const of = (webhook, action) => webhook?.events.filter((sent) => sent.action === action) ?? [];
const keysOf = (webhook, action) => new Set(of(webhook, action).map((sent) => sent.dedup_key));

/** Whether the second resolves something of the first. */
export const resolves = (firing, recovery) => !keysOf(firing, "trigger").isDisjointFrom(keysOf(recovery, "resolve"));

/**
 * The verdict on a webhook. `recovery` is the preview of its recovery, `isGiven` if a person has written that; `null`
 * if it is not known.
 */
export function verdict(webhook, recovery, isGiven) {
  const [triggers, over, changes] = ["trigger", "resolve", "change"].map((action) => of(webhook, action));
  const broken = webhook.events.filter((sent) => sent.broken.length);
  if (!webhook.events.length) return view("bad", t`Nobody would be paged`, h("p", refusal(webhook)));
  if (broken.length) {
    const why = t`PagerDuty would refuse ${broken.length} of ${webhook.events.length} events: see the rules that they break.`;
    return view("bad", t`Nobody would be paged`, point("bad", why));
  }
  if (webhook.events.some((sent) => sent.dedup_key === "arms-webhook-test")) {
    return view("good", t`This is the console's test: it reaches PagerDuty and pages nobody`);
  }
  const unfilled = h("code", [...new Set(sourceText(webhook).match(UNFILLED))].join(" "));
  const points = [
    triggers.length > 0 && recoveryPoint(triggers, recovery, isGiven),
    !triggers.length && resolves(recovery, webhook)
      && point("good", t`The webhook that fires has the same dedup key, so that this one resolves its alert.`),
    triggers.some((sent) => sent.summary === KEY_ALONE)
      && point("bad", t`The body says nothing of the alert: add a body template.`),
    unfilled.textContent
      && point("bad", t`Not filled in: ${unfilled}. Send what the source makes of the template, not the template.`),
    lostPoint(webhook, triggers.length > 0 && !over.length),
    triggers.some((sent) => sent.summary.endsWith("…")) && point("bad", t`The summary is cut to 1,024 characters.`),
  ].filter(Boolean);
  const level = points.some((one) => one.classList.contains("bad")) ? "warn" : "good";
  const [firing, recovering] = triggers.length ? [webhook, recovery] : [recovery, webhook];
  return view(level, heading(triggers, over, changes), points, !changes.length && keys(firing, recovering));
}

function heading(triggers, over, changes) {
  if (changes.length) return t`It pages nobody: a change event is shown beside the alerts`;
  if (!triggers.length) return over.length ? t`It pages nobody: it resolves` : t`It pages nobody: it acknowledges`;
  const pages = triggers.length === 1 ? t`It pages: an alert opens` : t`It pages: ${triggers.length} alerts open`;
  return over.length ? `${pages}${t`; ${over.length} resolved`}` : pages;
}

function recoveryPoint(triggers, recovery, isGiven) {
  if (triggers.some((sent) => sent.dedup_key.startsWith("arms-once-"))) {
    return point("bad", t`Nothing resolves it: the body names no alert, so that every notification opens another one.`);
  }
  if (!recovery) {
    return point("", t`Its recovery cannot be derived from this body: paste it under Recovery to see whether it resolves the alert.`);
  }
  if (!recovery.events.length) return point("bad", t`Its recovery would be refused.`, " ", refusal(recovery));
  const over = keysOf(recovery, "resolve");
  const matched = triggers.filter((sent) => over.has(sent.dedup_key)).length;
  const how = isGiven ? "" : ` ${t`(The recovery is this body with its words for the state changed.)`}`;
  if (matched === triggers.length) return point("good", t`Its recovery resolves it: both have the same dedup key.`, how);
  if (!over.size) return point("bad", t`Its recovery would page again: it does not say that the alert is over.`, how);
  return point("bad", t`Its recovery resolves ${matched} of ${triggers.length} alerts: the dedup keys differ.`, how);
}

function lostPoint({ is_traced: isTraced, lost }, isWhole) {
  if (!isTraced) return point("", t`What is lost was not sought: it would take too long.`);
  if (!isWhole) return null;
  if (!lost.length) return point("good", t`Nothing of the body is lost.`);
  const more = lost.length > LOST_SHOWN ? ` ${t`and ${lost.length - LOST_SHOWN} more`}` : "";
  return point("bad", t`Lost: ${h("code", lost.slice(0, LOST_SHOWN).join(", "))}`, more);
}

/** The dedup keys of both, and where they came from. */
function keys(firing, recovery) {
  const row = (name, webhook, sent) => {
    const field = sent?.fields.find((field) => ["dedup_key", "incident_key"].includes(field.name));
    return sent && h("tr", h("th", { scope: "row" }, name), h("td", h("code", sent.dedup_key)), origin(webhook, field));
  };
  const over = of(recovery, "resolve")[0] ?? of(recovery, "trigger")[0];
  return h("table.fields", h("caption", t`Dedup keys`),
    h("tbody", row(t`fires`, firing, of(firing, "trigger")[0]), row(t`recovers`, recovery, over)));
}

const SIGNS = { good: "✓ ", bad: "⚠ " };
const point = (level, ...text) => h(`p.point${level && `.${level}`}`, SIGNS[level] ?? "· ", text);

const view = (level, title, ...points) =>
  h(`section.verdict.${level}`, { "aria-label": t`Verdict` }, h("h2", title), points);
