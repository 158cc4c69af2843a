// Her day so far: the calls of this session. Kept in this page alone, and forgotten when she signs out.

import { fill, h, outsider, show } from "../lib/dom.js";
import { clockTime, duration, t, tCode } from "../lib/i18n.js";
import { whoCalls } from "./caller.js";

/** @param {any} desk */
export function dayPanel(desk) {
  const [figures, list] = [h("div.figures"), h("div.scroll")];
  const element = h("section.panel.day", { "aria-label": t("day.title") }, h("h2", {}, t("day.title")), figures, list);
  function update(contact) {
    const past = desk.model.past;
    show(element, !contact);
    if (contact) return;
    fill(figures, String(past.length), () => summary(past));
    fill(list, `${past.length} ${past[0]?.id}`, () => [past.length ? table(past) : h("p.lack", {}, t("day.none"))]);
  }
  return { element, update };
}

function summary(past) {
  const answered = past.filter((call) => call.connectedAt);
  const talk = answered.reduce((sum, call) => sum + talkMs(call), 0);
  const missed = past.filter((call) => ["no_answer", "declined", "failed"].includes(call.cause)).length;
  return [
    figure(t("day.answered"), String(answered.length)),
    figure(t("day.talk"), answered.length ? duration(talk / answered.length) : "–"),
    figure(t("day.missed"), String(missed)),
  ];
}

function figure(name, value) {
  return h("div.figure-box", {}, h("span.figure-value", {}, value), h("span.figure-name", {}, name));
}

function talkMs(call) {
  return Math.max(0, Date.parse(call.endedAt) - Date.parse(call.connectedAt) - (call.heldMs ?? 0));
}

function table(past) {
  const head = ["time", "who", "queue", "outcome", "talked", "result"].map((name) => h("th", { scope: "col", "data-number": name === "talked" }, t(`day.${name}`)));
  return h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...past.map(line)));
}

function line(call) {
  const outcome = call.connectedAt && call.cause !== "transferred" ? "answered" : call.cause;
  return h("tr", {},
    h("td", {}, clockTime(call.endedAt)),
    h("td", {}, outsider(call.who ?? whoCalls(call, null))),
    h("td", {}, call.offered.queue),
    h("td", {}, h("span.pill", { "data-value": outcome }, tCode("cause", outcome))),
    h("td", { "data-number": true }, call.connectedAt ? duration(talkMs(call)) : "–"),
    h("td", {}, call.disposition ? tCode("code", call.disposition) : "–"));
}
