// The end of a connection that must not come back by itself: says why, and offers the way out.

import { fill, h, show } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/** @param {any} desk */
export function gate(desk) {
  const box = h("div.sign-in");
  const element = h("main.entry", {}, h("div", { role: "alert" }, box));
  function update() {
    const over = desk.phase === "over";
    show(element, over);
    fill(box, over ? String(desk.code) : "", () => (over ? words(desk) : []));
  }
  return { element, update };
}

function words(desk) {
  const kind = { 4003: "origin", 4009: "replaced", 4010: "protocol", 4011: "retired" }[desk.code] ?? "ended";
  const act = kind === "protocol" ? () => location.reload() : () => desk.takeOver();
  return [
    h("img", { src: "/web/icon.svg", alt: "", width: 52, height: 52 }),
    h("h1", {}, t(`gate.${kind}.title`)),
    h("p", {}, t(`gate.${kind}.words`)),
    kind !== "origin" && kind !== "retired" && h("button.primary.wide.tall", { type: "button", on: { click: act } }, t(`gate.${kind}.act`)),
    h("button.quiet.wide", { type: "button", on: { click: () => desk.leave() } }, t("bar.sign_out")),
  ].filter(Boolean);
}
