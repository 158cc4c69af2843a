// Asking somebody about the caller, or being asked: who is on the line, and the ways on.

import { fill, h, icon, ICONS, key, say, show } from "../lib/dom.js";
import { duration, t } from "../lib/i18n.js";

/**
 * @param {any} desk
 * @param {(type: string) => void} give sends a command about the present call
 */
export function consultPart(desk, give) {
  const [headline, timer] = [h("strong"), h("span.timer")];
  const told = h("div.held.consult", {}, icon(ICONS.phone), h("div", { role: "status" }, headline, h("span", {}, t("consult.caller_hears"))), timer);
  const through = h("button.primary.tall", { type: "button", "data-key": "complete", on: { click: () => give("contact.complete") } });
  const back = h("button.secondary.tall", { type: "button", "data-key": "back", on: { click: () => give("contact.retrieve") } }, icon(ICONS.phone), h("span", {}, t("consult.back")), key("Alt O"));
  const leave = h("button.danger.tall", { type: "button", "data-key": "leave", on: { click: () => give("contact.hangup") } }, icon(ICONS.down), h("span", {}, t("consult.leave")), key("Alt H"));
  const element = h("div.consulting", {}, told, h("div.buttons", {}, through, back, leave));

  function update(contact, now) {
    const consulting = contact?.state === "consulting";
    show(element, Boolean(consulting));
    if (!consulting) return;
    const { answered = false, with: other } = contact.consult ?? {};
    const asked = contact.offered.consult === true;
    say(headline, t(answered ? "consult.talking" : "consult.ringing", { with: other ?? t("consult.outside") }));
    say(timer, desk.online ? duration(now - Date.parse(contact.since)) : "");
    const words = t(answered ? "consult.complete" : "consult.complete_ringing");
    fill(through, words, () => [icon(ICONS.forward), h("span", {}, words), key("Alt T")]);
    show(through, !asked);
    show(back, !asked);
    show(leave, asked);
    through.disabled = !desk.online || desk.busy.has("contact.complete");
    back.disabled = !desk.online || desk.busy.has("contact.retrieve");
    leave.disabled = !desk.online || desk.busy.has("contact.hangup");
  }
  return { element, update };
}
