// The agent's desktop: joins connection, model and views, and carries what she does to the server.

import { Alerts } from "./lib/alerts.js";
import { Clock } from "./lib/clock.js";
import { Connection } from "./lib/connection.js";
import { h, say } from "./lib/dom.js";
import { currentLanguage, loadWords, t, tCode, tFault, useLanguage } from "./lib/i18n.js";
import { apply, current, emptyModel } from "./lib/model.js";
import { Phone } from "./lib/phone.js";
import { shortcuts } from "./lib/shortcuts.js";
import { agentBar } from "./view/bar.js";
import { callPanel } from "./view/call.js";
import { cardPanel } from "./view/card.js";
import { dayPanel } from "./view/day.js";
import { gate } from "./view/gate.js";
import { phonePanel } from "./view/phone.js";
import { settingsDialog } from "./view/settings.js";
import { signIn } from "./view/sign-in.js";
import { whoCalls } from "./view/caller.js";

/** How long a notice stays, in milliseconds. */
const NOTICE = { good: 4_000, bad: 8_000 };

class Desk {
  constructor() {
    this.connection = new Connection();
    this.clock = new Clock();
    this.alerts = new Alerts();
    this.phone = new Phone();
    this.model = emptyModel();
    /** signin, connecting, online, lost, over */
    this.phase = "signin";
    this.code = 0;
    this.signInError = "";
    this.leaving = false;
    /** @type {{words: string, tone: string, until: number} | null} */
    this.notice = null;
    /** What she has typed and chosen, by contact. @type {Map<string, {text: string, code: string, saved: string}>} */
    this.drafts = new Map();
    /** Commands under way. @type {Set<string>} */
    this.busy = new Set();
    this.shortcutsOn = localStorage.getItem("shortcuts") !== "off";
    this.views = [];
    this.#listen();
  }

  start() {
    this.build();
    const token = sessionStorage.getItem("token");
    if (token) this.enter(token);
    setInterval(() => this.refresh(), 500);
    shortcuts(this);
  }

  /** Builds all views anew, in the present language. */
  build() {
    const [bar, call, card, day] = [agentBar, callPanel, cardPanel, dayPanel].map((view) => view(this));
    const [entry, closed, settings, phone] = [signIn(this), gate(this), settingsDialog(this), phonePanel(this)];
    this.alarm = h("div.unseen", { role: "alert" });
    this.polite = h("div.unseen", { role: "status" });
    const stale = h("div.stale", {}, h("span", { role: "status" }), " ", h("span", { "aria-hidden": "true" }));
    const notice = h("div.notice", { role: "status" });
    const work = h("main.work", {}, call.element, h("div.side", {}, card.element, day.element));
    const shell = h("div.shell", {}, bar.element, stale, phone.element, work);
    const banner = { update: () => this.#banner(shell, stale, work) };
    const line = { update: () => this.#noticeLine(notice) };
    this.settings = settings;
    this.views = [bar, call, card, day, entry, closed, settings, phone, banner, line];
    document.getElementById("desk")?.replaceChildren(
      shell, entry.element, closed.element, settings.element, notice, this.alarm, this.polite,
    );
    this.refresh();
  }

  refresh() {
    const now = this.clock.now();
    const contact = current(this.model);
    for (const view of this.views) view.update(contact, now);
    this.#title(contact);
    this.#saveDraftInTime(contact, now);
  }

  /** @param {string} token */
  enter(token) {
    sessionStorage.setItem("token", token);
    this.phase = "connecting";
    this.signInError = "";
    this.leaving = false;
    this.clock.reset();
    this.connection.open(token, currentLanguage());
    this.refresh();
  }

  /** Forgets who was here, and everything about callers. */
  leave(error = "") {
    sessionStorage.removeItem("token");
    this.connection.close();
    this.phone.close();
    this.alerts.stop();
    this.model = emptyModel();
    this.drafts.clear();
    this.busy.clear();
    this.phase = "signin";
    this.signInError = error;
    this.leaving = false;
    this.refresh();
  }

  /** Takes her work to this desktop. */
  takeOver() {
    const token = sessionStorage.getItem("token");
    if (token) this.enter(token);
    else this.leave();
  }

  /** Whether commands can be given now. */
  get online() {
    return this.phase === "online";
  }

  /**
   * Gives a command, once at a time; says what went wrong.
   * @param {string} type
   * @param {object} data
   * @param {string} [name] names it among those under way
   */
  async ask(type, data, name = type) {
    if (this.busy.has(name)) return undefined;
    this.busy.add(name);
    this.refresh();
    try {
      return await this.connection.command(type, data);
    } catch (fault) {
      this.tellHer(tFault(fault), "bad");
      return undefined;
    } finally {
      this.busy.delete(name);
      this.refresh();
    }
  }

  /**
   * Asks for a state; says so when it has to wait.
   * @param {string} state
   * @param {string} [reason]
   */
  async setState(state, reason) {
    if (!this.online) return;
    const contact = current(this.model);
    const wish = { state, ...(reason ? { reason_code: reason } : {}) };
    // What she chose for the call goes with it: the state alone would end the wrap-up and lose it.
    if (contact?.state === "ended" && this.model.agentState?.state === "wrap_up") return this.wrapUp(contact, wish);
    const reply = await this.ask("agent.set_state", wish);
    if (reply?.pending && this.model.agentState) {
      this.model.agentState.next = { state, reason_code: reason };
      this.tellHer(t("notice.pending", { state: tCode("state", state) }), "good");
    }
  }

  async signOut() {
    this.leaving = true;
    const contact = current(this.model);
    const wish = { state: "logged_out" };
    const wrapping = contact?.state === "ended" && this.model.agentState?.state === "wrap_up";
    const reply = wrapping ? await this.wrapUp(contact, wish) : await this.ask("agent.set_state", wish);
    if (reply && !reply.pending) this.leave();
    else if (reply) this.tellHer(t("notice.leaving"), "good");
    else this.leaving = false;
  }

  /** @param {any} contact */
  draft(contact) {
    let draft = this.drafts.get(contact.id);
    if (!draft) this.drafts.set(contact.id, (draft = { text: "", code: "", saved: "" }));
    return draft;
  }

  /** Sends a note that the server does not have yet. */
  saveDraft(contact) {
    const draft = contact && this.drafts.get(contact.id);
    const text = draft?.text.trim() ?? "";
    if (!draft || !text || text === draft.saved || !this.online) return;
    draft.saved = text;
    this.connection.command("contact.note", { contact_id: contact.id, text }).catch(() => (draft.saved = ""));
  }

  /**
   * The work after the call is done; `then` says which state follows, where she chose one.
   * @param {any} contact
   * @param {object} [then]
   */
  async wrapUp(contact, then) {
    const draft = this.draft(contact);
    const text = draft.text.trim();
    const data = { contact_id: contact.id };
    if (draft.code) Object.assign(data, { disposition_code: draft.code });
    if (text && text !== draft.saved) Object.assign(data, { text });
    if (then) Object.assign(data, { then });
    contact.disposition = draft.code || undefined;
    const reply = await this.ask("contact.wrapup", data);
    if (reply) this.drafts.delete(contact.id);
    return reply;
  }

  /**
   * @param {string} words
   * @param {"good" | "bad"} tone
   */
  tellHer(words, tone) {
    this.notice = { words, tone, until: Date.now() + NOTICE[tone] };
    this.refresh();
  }

  /** @param {string} language */
  speak(language) {
    localStorage.setItem("language", language);
    useLanguage(language);
    const open = this.settings?.element.open;
    this.build();
    if (open) this.settings.element.showModal();
  }

  #listen() {
    this.connection.addEventListener("frame", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    this.connection.addEventListener("online", () => this.#goOn("online"));
    this.connection.addEventListener("lost", () => this.#goOn(this.model.agent ? "lost" : "connecting"));
    this.connection.addEventListener("over", (event) => this.#over(/** @type {CustomEvent} */ (event).detail.code));
  }

  #goOn(phase) {
    if (phase !== "online") this.clock.reset();
    else this.phone.open(sessionStorage.getItem("token") ?? "");
    this.phase = phase;
    this.refresh();
  }

  #over(code) {
    this.alerts.stop();
    this.phone.close();
    if (code === 4001) return this.leave(t("signin.refused"));
    this.phase = "over";
    this.code = code;
    this.refresh();
  }

  #hear(frame) {
    if (frame.seq !== undefined) this.clock.learn(frame.ts);
    if (frame.type === "error") return this.tellHer(tFault(frame.data), "bad");
    for (const news of apply(this.model, frame)) this.#notice(news);
    for (const id of this.drafts.keys()) if (!this.model.contacts.has(id)) this.drafts.delete(id);
    this.refresh();
  }

  #notice(news) {
    const contact = this.model.contacts.get(news.id);
    if (news.kind === "offered" && contact) this.#offered(contact);
    if (["withdrawn", "connected", "ended", "queued", "welcome"].includes(news.kind)) this.alerts.stop();
    if (news.kind === "withdrawn") this.tellHer(t("notice.withdrawn", { cause: tCode("cause", news.id) }), "bad");
    if (news.kind === "about") this.tellHer(t("notice.about"), "good");
    if (news.kind === "pop" && contact) this.#shown(contact);
    if (news.kind === "state" && news.id === "logged_out" && this.leaving) this.leave();
  }

  #offered(contact) {
    const [who, queue] = [whoCalls(contact, null), contact.offered.queue];
    this.notice = null;
    say(this.alarm, t("alert.spoken", { who, queue }));
    this.alerts.ring(who, queue);
  }

  /** The card is in the page: once it is painted, the server hears how long it took. */
  #shown(contact) {
    const pop = this.model.pops.get(contact.id);
    if (pop.complete) say(this.polite, t("alert.card", { who: whoCalls(contact, pop) }));
    if (pop.rev !== 1 || document.hidden) return;
    requestAnimationFrame(() =>
      setTimeout(() => {
        const paint_ms = Math.round(performance.now() - contact.arrived);
        this.connection.tell("pop.rendered", { pop_id: pop.pop_id, rev: pop.rev, paint_ms });
      }),
    );
  }

  /** Wrap-up ends by itself: what she has chosen and typed is not lost with it. */
  #saveDraftInTime(contact, now) {
    const until = this.model.agentState?.until;
    if (contact?.state !== "ended" || !until || Date.parse(until) - now >= 1_500) return;
    if (this.drafts.get(contact.id)?.code && this.online) this.wrapUp(contact);
    else this.saveDraft(contact);
  }

  #banner(shell, stale, work) {
    const lost = this.phase === "lost";
    shell.hidden = !["online", "lost"].includes(this.phase);
    shell.classList.toggle("is-lost", lost);
    stale.hidden = !lost;
    work.inert = lost;
    if (!lost) return;
    const seconds = this.connection.retryIn();
    const again = seconds > 1 ? t("link.again", { seconds }) : t("link.now");
    const call = ["connected", "held", "consulting"].includes(current(this.model)?.state) ? ` ${t("link.call")}` : "";
    say(stale.firstChild, `${t("link.lost", { time: this.model.asOf ? timeOf(this.model.asOf) : "" })}${call}`);
    say(stale.lastChild, again);
  }

  #noticeLine(line) {
    const notice = this.notice && this.notice.until > Date.now() ? this.notice : null;
    say(line, notice?.words ?? "");
    line.className = `notice ${notice ? `is-${notice.tone}` : "is-empty"}`;
  }

  #title(contact) {
    const state = this.model.agentState;
    const offered = contact && ["queued", "offered"].includes(contact.state);
    if (this.phase === "lost") this.alerts.title(t("title.lost"), true);
    else if (offered) this.alerts.title(t("title.offer", { queue: contact.offered.queue }), true);
    else this.alerts.title(state && this.online ? `${tCode("state", state.state)} · Sambung` : "Sambung", false);
  }
}

function timeOf(ts) {
  return new Date(ts).toLocaleTimeString(currentLanguage(), { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
await loadWords();
new Desk().start();
