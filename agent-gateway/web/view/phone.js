// The phone in this page: whether it can be rung, and the call it has.

import { fill, h, icon, ICONS, key, say, show } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/** States in which she has to do something about her microphone. */
const NO_MICROPHONE = ["insecure", "denied", "absent", "taken"];

/** @param {any} desk */
export function phonePanel(desk) {
  const phone = desk.phone;
  const words = h("span", { role: "status" });
  const button = (name, tag, path, text, act, letter) =>
    h(tag, { type: "button", "data-key": name, on: { click: act } }, icon(path), h("span", {}, text), letter && key(`Alt ${letter}`));
  const again = button("phone-again", "button.secondary", ICONS.phone, t("phone.again"), () => phone.begin());
  const answer = button("phone-answer", "button.primary", ICONS.phone, t("phone.answer"), () => phone.answer(), "A");
  const hangUp = button("phone-hang-up", "button.danger", ICONS.down, t("call.hang_up"), () => phone.hangUp());
  const mute = h("button.secondary", { type: "button", "data-key": "phone-mute", on: { click: () => phone.mute() } });
  const element = h("section.phone", { "aria-label": t("phone.title") }, icon(ICONS.phone), words, again, answer, mute, hangUp);

  function update() {
    const { state, call } = phone;
    show(element, state !== "none");
    element.dataset.phone = state;
    element.dataset.call = call?.state ?? "none";
    say(words, sentence(phone));
    show(again, !call && (NO_MICROPHONE.includes(state) || Boolean(phone.trouble)));
    show(answer, call?.state === "ringing");
    show(hangUp, Boolean(call) && call.state !== "ringing");
    show(mute, call?.state === "talking");
    const pressed = Boolean(call?.muted);
    mute.setAttribute("aria-pressed", String(pressed));
    fill(mute, String(pressed), () => [icon(pressed ? ICONS.warning : ICONS.pause), h("span", {}, t(pressed ? "phone.unmute" : "phone.mute"))]);
  }
  phone.addEventListener("change", update);
  return { element, update };
}

function sentence({ state, call, trouble }) {
  if (call?.deaf) return t("phone.deaf");
  if (call?.muted) return t("phone.muted");
  if (call?.held) return t("phone.held");
  if (call) return t(`phone.call.${call.state}`);
  if (state === "ready" && trouble) return t(`phone.trouble.${trouble}`);
  return t(`phone.${state}`);
}
