// The page: which view is shown, and showing it anew when something has changed.

import { call, el, get, say, tick } from "./dom.js";
import { fill, showFault } from "./fault.js";
import { applyFilter, lists, setUpFilter, step } from "./lists.js";
import { composeView } from "./compose.js";
import { choose, language, t, translatePage } from "./text.js";

const byId = (id) => document.getElementById(id);
const main = byId("main");
const two = byId("lists");
const rows = byId("rows");
const detail = byId("detail");
const state = { status: null, chosen: new Map(), show, compose };
let composing = null;
let turn = 0;
let shown = "";

function route() {
  const [view, id] = location.hash.replace(/^#\/?/, "").split("/");
  return { view: view === "compose" || view in lists ? view : "alerts", id: id || null };
}

/** Shows the view of the address. What has focus, was scrolled or unfolded stays so. */
async function show() {
  const own = ++turn;
  const { view, id } = route();
  for (const tab of document.querySelectorAll("#tabs a")) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (view === "compose") {
    composing ??= await composeView(state);
    if (own === turn && main.firstElementChild !== composing.element) main.replaceChildren(composing.element);
    return;
  }
  let list, opened;
  try {
    [list, opened] = await lists[view](id, state);
  } catch (error) {
    [list, opened] = [[], [el("div.empty", {}, el("h2", {}, t`This cannot be shown`), el("p", {}, error.message))]];
  }
  if (own !== turn) return;
  if (main.firstElementChild !== two) main.replaceChildren(two);
  two.classList.toggle("open", Boolean(id));
  setUpFilter(view, () => applyFilter(rows));
  putRows(list, view);
  putDetail(opened, `${view}/${id}`);
}

/** Rows that have stayed the same are the same elements, so that a thousand of them cost nothing. */
function putRows(list, view) {
  const ol = rows.firstElementChild;
  const same = ol && ol.childElementCount === list.length && list.every((row, index) => ol.children[index] === row);
  if (!same || !list.length) {
    const [scrolled, focused] = [rows.parentElement.scrollTop, document.activeElement];
    const href = rows.contains(focused) ? focused.getAttribute("href") : null;
    if (list.length) rows.replaceChildren(el("ol.rows", { "data-view": view }, list));
    else rows.replaceChildren(el("p.quiet", {}, t`Nothing yet.`));
    rows.parentElement.scrollTop = scrolled;
    if (href) rows.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
  }
  for (const link of rows.querySelectorAll("a")) {
    if (link.getAttribute("href") === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  applyFilter(rows);
}

const FOCUSABLE = "a, button, select, summary, pre";

function putDetail(opened, now) {
  const isSame = shown === now;
  const unfolded = [...detail.querySelectorAll("details")].map((one) => one.open);
  const place = [...detail.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  const scrolled = detail.scrollTop;
  if (isSame && opened.key && detail.dataset.key === opened.key) return;
  detail.replaceChildren(...opened.flat(Infinity).filter(Boolean));
  detail.dataset.key = opened.key ?? "";
  shown = now;
  detail.scrollTo(0, isSame ? scrolled : 0);
  if (!isSame) return void (two.classList.contains("open") && isNarrow() && window.scrollTo(0, 0));
  [...detail.querySelectorAll("details")].forEach((one, index) => { one.open = unfolded[index] ?? false; });
  if (place >= 0) detail.querySelectorAll(FOCUSABLE)[place]?.focus({ preventScroll: true });
}

const isNarrow = () => matchMedia("(max-width: 800px)").matches;

/** Opens Compose with a webhook in it. */
async function compose(draft) {
  composing ??= await composeView(state);
  composing.load(draft);
  location.hash = "#/compose";
}

async function refresh() {
  state.status = await get("/api/status");
  const { counts, fault, forwarding, queue, undelivered, let_go: gone, webhook_url: url, pagerduty_url: standin, version } = state.status;
  for (const [name, number] of [["alerts", counts.open_alerts], ["changes", counts.changes], ["webhooks", counts.webhooks]]) {
    byId(`count-${name}`).textContent = number || "";
  }
  const open = counts.open_alerts;
  document.title = `${open ? `(${open}) ` : ""}arms-pagerduty ${t("inbox")}`;
  if (state.open !== undefined && state.open !== open) say(t`${open} open alerts`);
  state.open = open;
  showFault(byId("fault"), byId("faulty"), fault);
  loud(byId("forwarding"), forwarding && t`Every event goes to the real PagerDuty as well, and pages: ${forwarding.url} under the key ${forwarding.key}`);
  loud(byId("undelivered"), undelivered.webhooks && t`Nobody was paged. Webhooks whose events did not all reach PagerDuty: ${undelivered.webhooks}. ${
    el("a", { href: `#/webhooks/${undelivered.latest}` }, t`Show the latest`)}`);
  const letGo = gone.webhooks + gone.alerts_changes_and_requests;
  byId("foot").replaceChildren(
    el("span", {}, t`Webhook`, " ", el("code", {}, url)), el("span", {}, t`PagerDuty stand-in`, " ", el("code", {}, standin)),
    queue ? el("span", {}, t`${queue.waiting} events wait in the queue, ${queue.dead} dead letters`) : "",
    letGo ? el("span", {}, t`${letGo} of the oldest records dropped`) : "", el("span", {}, t`version ${version}`),
    el("a", { href: "/api/export", download: "inbox.json" }, t`Export`), el("span.keys", {}, t`Keys: / search, j next, k previous`));
}

function loud(element, text) {
  const shown = el("span", {}, text || "");
  // It is read out when it changes.
  if (element.innerHTML !== shown.outerHTML) element.replaceChildren(shown);
  element.hidden = !text;
}

function connected(is) {
  byId("live").textContent = is ? t`live` : t`not connected`;
  byId("live").classList.toggle("on", is);
}

/** Waits for changes for as long as the page is open. */
async function follow() {
  for (let revision = null; ;) {
    try {
      const next = (await get(`/api/revision${revision == null ? "" : `?after=${revision}`}`)).revision;
      connected(true);
      if (next !== revision) {
        revision = next;
        const begun = performance.now();
        await refresh();
        if (route().view !== "compose" || !composing) await show();
        // In a storm most of the time is left to the person.
        await pause(2 * (performance.now() - begun));
      }
    } catch {
      connected(false);
      revision = null;
      await pause(1000);
    }
  }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function keys(event) {
  const isTyping = event.target.matches("input, textarea, select");
  if (event.key === "Escape" && event.target.id === "search") event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || main.firstElementChild !== two) return;
  if (event.key === "/") byId("search").focus();
  else if (event.key === "j" || event.key === "k") step(rows, event.key === "j" ? 1 : -1);
  else return;
  event.preventDefault();
}

async function translate(chosen) {
  choose(chosen);
  const draft = composing?.draft();
  composing = null;
  fill(byId("fault"));
  byId("language").textContent = language() === "zh" ? "English" : "中文";
  byId("language").lang = language() === "zh" ? "en" : "zh-CN";
  detail.dataset.key = "";
  connected(true);
  await refresh();
  if (draft) (composing = await composeView(state)).load(draft);
  await show();
}

translatePage();
fill(byId("fault"));
byId("language").textContent = language() === "zh" ? "English" : "中文";
byId("language").lang = language() === "zh" ? "en" : "zh-CN";
byId("live").textContent = t`connecting`;
byId("language").addEventListener("click", () => translate(language() === "zh" ? "en" : "zh"));
byId("clear").addEventListener("click", async () => {
  if (!confirm(t`Forget all alerts, changes and webhooks?`)) return;
  await call("POST", "/api/clear");
  state.chosen.clear();
  say(t`Cleared`);
});
// The address is the view's, so that the link cannot have one of its own.
byId("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
byId("filter").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", keys);
window.addEventListener("hashchange", show);
setInterval(tick, 1000);
follow();
