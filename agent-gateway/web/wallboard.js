// The wallboard: how many agents do what, for everybody to see. No names and no callers.

import { Connection } from "./lib/connection.js";
import { fill, h, say, show } from "./lib/dom.js";
import { currentLanguage, loadWords, t, tCode, useLanguage } from "./lib/i18n.js";
import { setStatePart } from "./view/set-state.js";
import { signIn } from "./view/sign-in.js";

const STATES = ["ready", "reserved", "talking", "wrap_up", "not_ready", "logged_out"];

class Wallboard {
  constructor() {
    this.connection = new Connection("wallboard");
    this.phase = "signin";
    this.signInError = "";
    this.presence = { agents: {}, contacts: {} };
    this.agent = null;
    /** @type {{colleagues: {id: string, name: string}[], not_ready_reasons: string[]}} */
    this.site = { colleagues: [], not_ready_reasons: [] };
    this.at = "";
    this.connection.addEventListener("frame", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    this.connection.addEventListener("online", () => this.#turn("online"));
    this.connection.addEventListener("lost", () => this.#turn(this.at ? "lost" : "connecting"));
    this.connection.addEventListener("over", () => this.#refused());
  }

  start() {
    this.build();
    const token = sessionStorage.getItem("wall-token");
    if (token) this.enter(token);
    setInterval(() => this.refresh(), 1000);
  }

  build() {
    const [entry, board] = [signIn(this), floor(this)];
    this.views = [entry, board];
    document.getElementById("desk")?.replaceChildren(entry.element, board.element);
    this.refresh();
  }

  refresh() {
    for (const view of this.views) view.update();
  }

  /** @param {string} token */
  enter(token) {
    sessionStorage.setItem("wall-token", token);
    this.signInError = "";
    this.#turn("connecting");
    this.connection.open(token, currentLanguage());
  }

  /** @param {string} language */
  speak(language) {
    localStorage.setItem("language", language);
    useLanguage(language);
    this.build();
  }

  #turn(phase) {
    this.phase = phase;
    this.refresh();
  }

  #refused() {
    sessionStorage.removeItem("wall-token");
    this.signInError ||= t("signin.refused");
    this.#turn("signin");
  }

  #hear(frame) {
    const why = { forbidden: "wall.forbidden", too_many: "signin.tries" }[frame.data?.code] ?? "signin.refused";
    if (frame.type === "error") this.signInError = t(why);
    if (frame.type === "welcome") this.#welcome(frame.data);
    if (frame.type !== "agent.presence") return;
    this.presence = frame.data;
    this.at = frame.ts;
    this.refresh();
  }

  #welcome({ agent, site }) {
    this.agent = agent;
    this.site = { colleagues: site?.colleagues ?? [], not_ready_reasons: site?.not_ready_reasons ?? [] };
    this.refresh();
  }
}

function floor(wall) {
  const [grid, at, stale] = [h("div.wall-grid"), h("p.hint"), h("div.stale", { role: "status" })];
  const set = setStatePart(wall);
  const element = h("main.wall", {}, h("header.line", {}, h("h1", {}, t("wall.title")), at), stale, grid, set.element);
  function update() {
    const { agents, contacts } = wall.presence;
    set.update();
    show(element, ["online", "lost"].includes(wall.phase));
    show(stale, wall.phase === "lost");
    say(stale, wall.phase === "lost" ? t("link.now") : "");
    element.classList.toggle("is-lost", wall.phase === "lost");
    fill(grid, JSON.stringify(wall.presence), () => [
      ...STATES.map((state) => box(tCode("state", state), agents[state] ?? 0, state)),
      box(t("wall.contacts"), Object.values(contacts).reduce((sum, count) => sum + count, 0), "contacts"),
    ]);
    say(at, wall.at ? t("wall.at", { time: new Date(wall.at).toLocaleTimeString(currentLanguage()) }) : "");
  }
  return { element, update };
}

function box(name, value, state) {
  return h("div.wall-box", { "data-state": state }, h("span.figure-value", {}, String(value)), h("span.figure-name", {}, name));
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
await loadWords();
new Wallboard().start();
