// Her own settings: language, colours, sound, notifications, keys. They stay in this browser.

import { h, key, say, show } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { languages } from "./sign-in.js";

const KEYS = [["R", "bar.ready"], ["N", "bar.not_ready"], ["A", "call.accept"], ["C", "call.decline"], ["O", "call.hold_or_retrieve"], ["T", "transfer.open"], ["H", "call.hang_up"], ["W", "wrap.finish"]];

/** @param {any} desk */
export function settingsDialog(desk) {
  const sound = toggle(t("settings.sound"), desk.alerts.sound, (on) => desk.alerts.useSound(on));
  const keys = toggle(t("settings.keys"), desk.shortcutsOn, (on) => useKeys(desk, on));
  const notify = h("button.secondary", { type: "button", on: { click: () => Notification.requestPermission().then(update, update) } }, t("settings.notify"));
  const state = h("span.hint");
  const element = h("dialog.settings", { "aria-label": t("bar.settings") },
    h("header.line", {}, h("h2", {}, t("bar.settings")),
      h("button.quiet", { type: "button", on: { click: () => element.close() } }, t("settings.close"))),
    h("h3", {}, t("settings.language")), languages(desk),
    h("h3", {}, t("settings.theme")), themes(),
    h("h3", {}, t("settings.attention")), sound, h("div.line", {}, notify, state),
    h("h3", {}, t("settings.keyboard")), keys,
    h("dl.keys", {}, ...KEYS.map(([letter, words]) => h("div", {}, h("dt", {}, key(`Alt ${letter}`)), h("dd", {}, t(words)))),
      h("div", {}, h("dt", {}, key("1–9")), h("dd", {}, t("settings.digits"))),
      h("div", {}, h("dt", {}, key("Esc")), h("dd", {}, t("settings.escape")))));

  function update() {
    const known = "Notification" in globalThis;
    const permission = known ? Notification.permission : "denied";
    show(notify, permission === "default");
    say(state, permission === "default" ? "" : t(`settings.notify_${permission}`));
  }
  return { element, update };
}

function toggle(words, on, act) {
  const box = h("input", { type: "checkbox", checked: on, on: { change: () => act(box.checked) } });
  return h("label.toggle", {}, box, h("span", {}, words));
}

function useKeys(desk, on) {
  desk.shortcutsOn = on;
  localStorage.setItem("shortcuts", on ? "on" : "off");
}

function themes() {
  const chosen = () => document.documentElement.dataset.theme ?? "auto";
  const buttons = ["auto", "light", "dark"].map((name) =>
    h("button.quiet", { type: "button", "aria-pressed": String(chosen() === name), on: { click: () => use(name) } }, t(`settings.theme_${name}`)));
  function use(name) {
    if (name === "auto") {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("theme");
    } else {
      document.documentElement.dataset.theme = name;
      localStorage.setItem("theme", name);
    }
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", String(["auto", "light", "dark"][n] === name)));
  }
  return h("div.languages", { role: "group", "aria-label": t("settings.theme") }, ...buttons);
}
