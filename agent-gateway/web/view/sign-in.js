// Signing in with a token. It stays in this tab and is gone when the tab is closed.

import { h, say, show } from "../lib/dom.js";
import { currentLanguage, t } from "../lib/i18n.js";

/** @param {any} desk */
export function signIn(desk) {
  const token = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false", "aria-describedby": "token-help token-error" });
  const error = h("p.error", { id: "token-error", role: "alert" });
  const go = h("button.primary.wide.tall", { type: "submit" }, t("signin.go"));
  const form = h("form.sign-in", { on: { submit: (event) => enter(event) } },
    h("img", { src: "/web/icon.svg", alt: "", width: 52, height: 52 }),
    h("h1", {}, "Sambung"), h("p.hint", {}, t("signin.title")),
    h("label", { for: "token" }, t("signin.token")), token,
    h("p.hint", { id: "token-help" }, t("signin.help")), error, go, languages(desk));
  const element = h("main.entry", {}, form);

  function enter(event) {
    event.preventDefault();
    const value = token.value.trim();
    token.value = "";
    if (value) desk.enter(value);
  }
  function update() {
    const shown = ["signin", "connecting"].includes(desk.phase);
    show(element, shown);
    if (!shown) return;
    const connecting = desk.phase === "connecting";
    const trouble = desk.connection.lostBy === 4029 ? "signin.tries" : "signin.unreachable";
    const waiting = connecting && desk.connection.attempt > 0 ? t(trouble) : "";
    say(error, desk.signInError || waiting);
    go.disabled = token.disabled = connecting;
    say(go, t(connecting ? "signin.connecting" : "signin.go"));
  }
  return { element, update };
}

/**
 * The two languages, as buttons.
 * @param {any} desk
 */
export function languages(desk) {
  const names = { en: "English", id: "Bahasa Indonesia" };
  return h("div.languages", { role: "group", "aria-label": t("settings.language") }, ...Object.entries(names).map(([code, name]) =>
    h("button.quiet", { type: "button", lang: code, "aria-pressed": String(currentLanguage() === code), on: { click: () => desk.speak(code) } }, name)));
}
