// The page: which view is shown, and showing it anew when something has changed.

import { call, el, get, say, tick } from "./dom.js";
import { setUp, showFault } from "./fault.js";
import { alertsView, changesView, webhooksView } from "./lists.js";
import { composeView } from "./compose.js";

const main = document.getElementById("main");
const fault = document.getElementById("fault");
const live = document.getElementById("live");
const state = { status: null, chosen: new Map(), show, open: null };
let compose = null;
let showing = 0;

function route() {
  const [view, id] = location.hash.replace(/^#\/?/, "").split("/");
  return { view: ["alerts", "changes", "webhooks", "compose"].includes(view) ? view : "alerts", id: id || null };
}

/** Shows the view of the address; what has focus, was scrolled or unfolded stays so. */
async function show() {
  const turn = ++showing;
  const { view, id } = route();
  for (const tab of document.querySelectorAll("#tabs a")) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const views = { alerts: () => alertsView(id, state), changes: () => changesView(id), webhooks: () => webhooksView(id) };
  let shown;
  try {
    shown = view === "compose" ? (compose ??= await composeView(state)) : await views[view]();
  } catch (error) {
    shown = el("div.empty", {}, el("h2", {}, "This cannot be shown"), el("p", {}, error.message));
  }
  if (turn !== showing || shown === main.firstChild) return;
  const kept = keep();
  main.replaceChildren(shown);
  restore(kept, `${view}/${id}`);
}

const FOCUSABLE = "a, button, input, select, textarea, summary, pre";

function keep() {
  const list = main.querySelector(".list");
  const detail = main.querySelector(".detail");
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  return {
    href: focused?.getAttribute("href"),
    place: focused ? [...main.querySelectorAll(FOCUSABLE)].indexOf(focused) : -1,
    unfolded: [...main.querySelectorAll("details")].map((one) => one.open),
    scrolled: [list?.scrollTop ?? 0, detail?.scrollTop ?? 0],
    of: state.open,
  };
}

function restore(kept, now) {
  state.open = now;
  const isSame = kept.of === now;
  main.querySelector(".list")?.scrollTo(0, kept.of?.split("/")[0] === now.split("/")[0] ? kept.scrolled[0] : 0);
  if (isSame) {
    main.querySelector(".detail")?.scrollTo(0, kept.scrolled[1]);
    [...main.querySelectorAll("details")].forEach((one, index) => { one.open = kept.unfolded[index] ?? false; });
  }
  const links = [...main.querySelectorAll("a")];
  const same = kept.href ? links.find((one) => one.getAttribute("href") === kept.href) : null;
  const focus = same ?? (isSame && kept.place >= 0 ? main.querySelectorAll(FOCUSABLE)[kept.place] : null);
  focus?.focus({ preventScroll: true });
}

async function refresh() {
  state.status = await get("/api/status");
  const { open_alerts: open, changes, webhooks } = state.status.counts;
  count("alerts", open);
  count("changes", changes);
  count("webhooks", webhooks);
  document.title = open ? `(${open}) arms-pagerduty inbox` : "arms-pagerduty inbox";
  if (state.openAlerts !== undefined && state.openAlerts !== open) say(`${open} open alerts`);
  state.openAlerts = open;
  showFault(fault, document.getElementById("faulty"), state.status.fault);
  const { forwarding, queue, let_go: gone, webhook_url: url, pagerduty_url: standin } = state.status;
  const loud = document.getElementById("forwarding");
  loud.hidden = !forwarding;
  loud.textContent = forwarding ? `Every event goes to the real PagerDuty as well, and pages: ${forwarding.url} under the key ${forwarding.key}` : "";
  const letGo = gone.webhooks + gone.alerts_changes_and_requests;
  document.getElementById("foot").replaceChildren(
    el("span", {}, "Webhook ", el("code", {}, url)), el("span", {}, "PagerDuty stand-in ", el("code", {}, standin)),
    queue && el("span", {}, `${queue.waiting} events wait in the queue, ${queue.dead} dead letters`),
    el("span", {}, letGo ? `${letGo} of the oldest let go` : "nothing let go"), el("span", {}, `version ${state.status.version}`));
}

function count(name, number) {
  document.getElementById(`count-${name}`).textContent = number ? String(number) : "";
}

function connected(is) {
  live.textContent = is ? "live" : "not connected";
  live.classList.toggle("on", is);
}

/** Waits for changes for as long as the page is open. */
async function follow() {
  for (let revision = null; ;) {
    try {
      const next = (await get(`/api/revision${revision == null ? "" : `?after=${revision}`}`)).revision;
      connected(true);
      if (next !== revision) {
        revision = next;
        await refresh();
        if (route().view !== "compose" || !compose) await show();
      }
    } catch {
      connected(false);
      revision = null;
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
    }
  }
}

setUp(fault);
document.getElementById("clear").addEventListener("click", async () => {
  await call("POST", "/api/clear");
  state.chosen.clear();
  say("Cleared");
});
window.addEventListener("hashchange", show);
setInterval(tick, 1000);
follow();
