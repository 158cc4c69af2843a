// The bar on top: who she is, what she is doing and for how long, the states she may choose, the connection.

import { fill, h, icon, ICONS, key, outsider, say, show } from "../lib/dom.js";
import { clockTime, duration, t, tCode } from "../lib/i18n.js";

/** @param {any} desk */
export function agentBar(desk) {
  const [name, label, timer, reason, next] = [h("span.me"), h("strong"), h("span.timer"), h("span.reason"), h("span.next")];
  const state = h("div.state", { role: "group", "aria-label": t("bar.state") },
    h("span.dot", { "aria-hidden": "true" }), label, reason, timer, next);
  const menu = reasonMenu(desk);
  const ready = stateButton("ready", t("bar.ready"), "R", () => desk.setState("ready"));
  const notReady = stateButton("not-ready", t("bar.not_ready"), "N", () => menu.open(notReady), icon(ICONS.chevron));
  notReady.setAttribute("aria-haspopup", "menu");
  const link = h("span.link", {}, h("span.dot", { "aria-hidden": "true" }), h("span"));
  const settings = h("button.quiet.square", {
    type: "button", title: t("bar.settings"), "aria-label": t("bar.settings"), on: { click: () => desk.settings.element.showModal() },
  }, icon(ICONS.cog));
  const out = h("button.quiet", { type: "button", on: { click: () => desk.signOut() } }, t("bar.sign_out"));
  const element = h("header.bar", {},
    h("div.brand", {}, h("img", { src: "/web/icon.svg", alt: "", width: 26, height: 26 }), h("h1.brand-name", {}, "Sambung"), name),
    h("div.choices", { role: "group", "aria-label": t("bar.choose") }, ready, notReady),
    state,
    h("div.rest", {}, link, settings, out), menu.element);

  function update(_contact, now) {
    const agent = desk.model.agent;
    const at = desk.model.agentState;
    if (!agent || !at) return;
    fill(name, agent.name, () => [outsider(agent.name)]);
    if (state.dataset.state !== at.state) state.dataset.state = at.state;
    say(label, tCode("state", at.state));
    say(reason, at.reason_code ? tCode("reason", at.reason_code) : "");
    say(timer, desk.online ? duration(now - Date.parse(at.since)) : "");
    timer.title = t("bar.since", { time: clockTime(at.since) });
    say(next, [at.next && t("bar.next", { state: nextWords(at.next) }), at.set_by && t("bar.set_by", { by: at.set_by })].filter(Boolean).join(" · "));
    press(ready, at, "ready", desk);
    press(notReady, at, "not_ready", desk);
    out.disabled = !desk.online;
    menu.update();
    connection(desk, link);
  }
  return { element, update };
}

function nextWords(next) {
  const state = tCode("state", next.state);
  return next.reason_code ? `${state} (${tCode("reason", next.reason_code)})` : state;
}

function stateButton(name, words, letter, act, ...more) {
  return h("button.choice", { type: "button", "data-key": name, on: { click: act } }, h("span", {}, words), key(`Alt ${letter}`), ...more);
}

function press(button, at, state, desk) {
  const wished = at.next ? at.next.state === state : at.state === state;
  button.setAttribute("aria-pressed", String(wished));
  button.disabled = !desk.online || desk.busy.has("agent.set_state") || at.state === "logged_out";
}

function connection(desk, link) {
  link.dataset.link = desk.phase;
  const rtt = desk.connection.rtt;
  const words = desk.online ? t("link.online") : t("link.offline");
  say(link.lastChild, desk.online && rtt !== null ? `${words} · ${rtt} ms` : words);
}

/** The site's reasons for not being ready, in a menu under their button. */
function reasonMenu(desk) {
  const element = h("div.menu", { role: "menu", popover: "auto", "aria-label": t("bar.reasons") });
  element.addEventListener("keydown", (event) => move(element, event));
  function update() {
    const reasons = desk.model.site.not_ready_reasons;
    fill(element, reasons.join("\n"), () => (reasons.length ? reasons : [undefined]).map((reason) => item(desk, element, reason)));
  }
  function open(button) {
    const place = button.getBoundingClientRect();
    element.showPopover();
    element.style.top = `${place.bottom + 6}px`;
    element.style.left = `${Math.max(8, Math.min(place.left, innerWidth - element.offsetWidth - 8))}px`;
    element.querySelector("button")?.focus();
  }
  return { element, update, open };
}

function item(desk, menu, reason) {
  const choose = () => {
    menu.hidePopover();
    desk.setState("not_ready", reason);
  };
  return h("button", { type: "button", role: "menuitem", on: { click: choose } }, tCode("reason", reason ?? "unspecified"));
}

function move(menu, event) {
  const items = [...menu.querySelectorAll("button")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  items.at((at + step + items.length) % items.length)?.focus();
}
