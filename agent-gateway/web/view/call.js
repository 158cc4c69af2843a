// The call: the offer and how to take it, the conversation and its clock, the work after it.

import { fill, h, icon, ICONS, key, outsider, say, show } from "../lib/dom.js";
import { duration, t, tCode } from "../lib/i18n.js";
import { number } from "./caller.js";
import { consultPart } from "./consult.js";
import { transferPart } from "./transfer.js";

/** @param {any} desk */
export function callPanel(desk) {
  const parts = [idle(desk), caller(desk), offer(desk), talk(desk), afterwards(desk), notes(desk)];
  const [rest, head, offered, talking, wrapUp, note] = parts.map((part) => part.element);
  const element = h("section.panel.call", { "aria-label": t("call.title") }, rest, head, offered, talking, note, wrapUp);

  function update(contact, now) {
    element.dataset.call = contact ? contact.state : "none";
    for (const part of parts) part.update(contact, now);
  }
  return { element, update };
}

/** Nothing to do: says plainly whether calls will come. */
function idle(desk) {
  const [headline, words, since] = [h("h2"), h("p"), h("p.big-timer")];
  const start = h("button.primary.wide", { type: "button", on: { click: () => desk.setState("ready") } }, t("call.take_calls"));
  const again = h("button.primary.wide", { type: "button", on: { click: () => desk.takeOver() } }, t("call.sign_in_again"));
  const element = h("div.idle", {}, headline, since, words, start, again);
  function update(contact, now) {
    const at = desk.model.agentState;
    show(element, !contact && Boolean(at));
    if (contact || !at) return;
    const busy = ["reserved", "talking", "wrap_up"].includes(at.state);
    say(headline, tCode("state", at.state));
    say(since, desk.online ? duration(now - Date.parse(at.since)) : "");
    say(words, t(`call.idle.${busy ? "busy" : at.state}`));
    show(start, at.state === "not_ready");
    show(again, at.state === "logged_out");
    start.disabled = !desk.online || desk.busy.has("agent.set_state");
  }
  return { element, update };
}

/** Who is on the line, from the moment of the offer to the end of the wrap-up. */
function caller(desk) {
  const kind = h("p.kind");
  const queue = h("span.chip");
  const [who, claim, facts] = [h("p.number"), h("p.claim"), h("dl.facts")];
  const element = h("div.caller", {}, h("div.line", {}, kind, queue), who, claim, facts);
  function update(contact, now) {
    show(element, Boolean(contact));
    if (!contact) return;
    const { calling, queue: from, called, waited_ms: waited, transferred_by: by } = contact.offered;
    const isAsked = contact.offered.consult && ["queued", "offered"].includes(contact.state);
    const isCallback = contact.offered.callback && ["queued", "offered"].includes(contact.state);
    say(kind, isAsked ? t("consult.asked", { with: by ?? "" }) : t(`call.kind.${isCallback ? "callback" : contact.state}`));
    say(queue, from);
    const shown = calling.privacy === "withheld" ? t("caller.withheld") : number(calling) || t("caller.unknown");
    fill(who, shown, () => [calling.privacy === "withheld" && icon(ICONS.hidden), outsider(shown)]);
    fill(claim, calling.display ?? "", () => [calling.display && document.createTextNode(`${t("caller.says")} `), calling.display && outsider(calling.display)]);
    fill(facts, `${contact.id} ${waited}`, () => [
      ...fact(t("call.waited"), duration(waited)),
      ...(called ? fact(t("call.called"), called) : []),
      ...(by && !contact.offered.consult ? fact(t("call.transferred_by"), by) : []),
    ]);
  }
  return { element, update };
}

function fact(name, value) {
  return [h("div", {}, h("dt", {}, name), h("dd", {}, outsider(value)))];
}

/** An offer: where to take it, and how long it stands. */
function offer(desk) {
  const [headline, words] = [h("strong"), h("span")];
  const ring = h("div.ring", {}, h("span.bell", {}, icon(ICONS.phone)), h("div", {}, headline, words));
  const left = h("div.progress", { role: "presentation" }, h("span"));
  let total = 1;
  let id = "";
  const accept = action("accept", t("call.accept"), "A", "button.primary.tall", ICONS.phone, () => give(desk, "contact.accept"));
  const decline = action("decline", t("call.decline"), "C", "button.secondary.tall", ICONS.close, () => give(desk, "contact.decline"));
  const element = h("div.offer", {}, ring, left, h("div.buttons", {}, accept, decline));
  function update(contact, now) {
    const offered = contact && ["queued", "offered"].includes(contact.state);
    show(element, Boolean(offered));
    if (!offered) return;
    const expires = Date.parse(contact.offered.offer_expires_at);
    if (id !== contact.id) [id, total] = [contact.id, Math.max(1, expires - now)];
    const atDesk = contact.offered.answer === "desk";
    const accepted = atDesk && (contact.state === "offered" || desk.busy.has("contact.accept"));
    say(headline, t(atDesk ? (accepted ? "call.connecting" : "call.answer_here") : "call.answer_phone"));
    say(words, t(atDesk ? (accepted ? "call.phone_answers" : "call.phone_later") : `call.phone_${contact.state}`));
    show(accept, atDesk && !accepted);
    accept.disabled = decline.disabled = !desk.online;
    decline.setAttribute("aria-busy", String(desk.busy.has("contact.decline")));
    left.firstChild.style.transform = `scaleX(${Math.min(1, Math.max(0, (expires - now) / total))})`;
    show(left, !accepted);
  }
  return { element, update };
}

function give(desk, type) {
  const contact = [...desk.model.contacts.values()].find((one) => one.state !== "ended");
  if (contact) desk.ask(type, { contact_id: contact.id });
}

function action(name, words, letter, tag, path, act) {
  return h(tag, { type: "button", "data-key": name, on: { click: act } }, icon(path), h("span", {}, words), key(`Alt ${letter}`));
}

/** The conversation: its clock, the hold and its own clock, and the way out. */
function talk(desk) {
  const clock = h("p.big-timer");
  const heldFor = h("span.timer");
  const held = h("div.held", {}, icon(ICONS.pause), h("div", { role: "status" }, h("strong", {}, t("call.held")), h("span", {}, t("call.held_hears"))), heldFor);
  const hold = h("button.tall", { type: "button", "data-key": "hold" });
  hold.addEventListener("click", () => give(desk, hold.dataset.command));
  const hangUp = action("hang-up", t("call.hang_up"), "H", "button.danger.tall", ICONS.down, () => give(desk, "contact.hangup"));
  const transfer = transferPart(desk);
  const consult = consultPart(desk, (type) => give(desk, type));
  const buttons = h("div.buttons", {}, hold, transfer.open, hangUp);
  const element = h("div.talk", {}, clock, held, consult.element, buttons, transfer.form);
  function update(contact, now) {
    const live = contact && ["dialling", "connected", "held", "consulting"].includes(contact.state);
    show(element, Boolean(live));
    const consulting = live && contact.state === "consulting";
    const dialling = live && contact.state === "dialling"; // nobody is there to be held or given away
    transfer.update(live && !consulting && !dialling ? contact : null);
    show(hold, !dialling);
    consult.update(live ? contact : null, now);
    show(buttons, !consulting);
    if (!live) return;
    say(clock, desk.online ? duration(now - Date.parse(contact.connectedAt ?? contact.since)) : t("call.live"));
    hangUp.disabled = !desk.online || desk.busy.has("contact.hangup");
    const onHold = contact.state === "held";
    show(held, onHold);
    say(heldFor, onHold && desk.online ? duration(now - Date.parse(contact.since)) : "");
    offerHold(hold, onHold);
    hold.disabled = !desk.online || desk.busy.has(hold.dataset.command);
  }
  return { element, update };
}

/** One button: it holds, or takes the caller back. */
function offerHold(button, onHold) {
  button.dataset.command = onHold ? "contact.retrieve" : "contact.hold";
  button.className = `tall ${onHold ? "primary" : "secondary"}`;
  const words = t(onHold ? "call.retrieve" : "call.hold");
  fill(button, words, () => [icon(onHold ? ICONS.phone : ICONS.pause), h("span", {}, words), key("Alt O")]);
}

/** What she writes down, during the call and after it. */
function notes(desk) {
  const text = h("textarea", { id: "note", rows: 3, maxlength: 1300, placeholder: t("note.placeholder"), "aria-describedby": "note-hint" });
  const older = h("ul.older");
  const element = h("div.notes", {}, h("label", { for: "note" }, t("note.title")), older, text, h("p.hint", { id: "note-hint" }, t("note.hint")));
  let id = "";
  let contact = null;
  text.addEventListener("input", () => contact && (desk.draft(contact).text = text.value));
  function update(now_on, _now) {
    const wanted = now_on && ["connected", "held", "consulting", "ended"].includes(now_on.state);
    show(element, Boolean(wanted));
    contact = wanted ? now_on : null;
    if (!contact) return;
    const draft = desk.draft(contact);
    if (id !== contact.id) [id, text.value] = [contact.id, draft.text];
    fill(older, contact.notes.join("\n"), () => contact.notes.map((note) => h("li", {}, outsider(note))));
  }
  return { element, update };
}

/** After-call work: what came of it, before the time is over. */
function afterwards(desk) {
  const left = h("span.timer");
  const bar = h("div.progress", { role: "presentation" }, h("span"));
  const codes = h("fieldset.codes");
  const hint = h("p.hint", {}, t("wrap.states_end_it"));
  let contact = null;
  const finish = action("finish", t("wrap.finish"), "W", "button.primary.tall", ICONS.check, () => contact && desk.wrapUp(contact));
  const more = h("button.secondary.tall", { type: "button", "data-key": "more-time", on: { click: () => contact && desk.ask("agent.extend_wrap_up", { contact_id: contact.id }) } }, icon(ICONS.clock), h("span", {}, t("wrap.more")));
  const element = h("div.wrap", {}, h("div.line", {}, h("span", {}, t("wrap.left")), left), bar, codes, h("div.buttons", {}, finish, more), hint);
  function update(now_on, now) {
    const at = desk.model.agentState;
    const wrapping = now_on?.state === "ended" && at?.state === "wrap_up";
    show(element, Boolean(wrapping));
    contact = wrapping ? now_on : null;
    if (!wrapping) return;
    const [since, until] = [Date.parse(at.since), Date.parse(at.until)];
    say(left, desk.online ? duration(until - now + 999) : "");
    bar.firstChild.style.transform = `scaleX(${Math.min(1, Math.max(0, (until - now) / Math.max(1, until - since)))})`;
    const site = desk.model.site.disposition_codes;
    const draft = desk.draft(contact);
    fill(codes, `${contact.id}\n${site.join("\n")}`, () => [h("legend", {}, t("wrap.result")), ...site.map((code, n) => choice(code, n, draft))]);
    show(codes, site.length > 0);
    finish.disabled = !desk.online || desk.busy.has("contact.wrapup");
    show(more, Boolean(at.extendable));
    more.disabled = !desk.online || desk.busy.has("agent.extend_wrap_up");
  }
  return { element, update };
}

function choice(code, n, draft) {
  const radio = h("input", {
    type: "radio", name: "code", value: code, checked: draft.code === code, "data-digit": n < 9 ? n + 1 : null,
    on: { change: () => (draft.code = code) },
  });
  return h("label.code", {}, radio, h("span", {}, tCode("code", code)), n < 9 && key(String(n + 1)));
}

