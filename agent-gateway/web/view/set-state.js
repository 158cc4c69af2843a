// A supervisor sets somebody's state, from the wallboard. Who may not see it has no such form.

import { fill, h, say, show } from "../lib/dom.js";
import { t, tCode, tFault } from "../lib/i18n.js";

const STATES = ["not_ready", "ready", "logged_out"];
const ROLES = ["supervisor", "admin"];

/** @param {any} wall */
export function setStatePart(wall) {
  const whom = h("select", { id: "set-whom", name: "whom" });
  const which = h("select", { id: "set-which", name: "which" }, ...STATES.map((state) => h("option", { value: state }, tCode("state", state))));
  const why = h("select", { id: "set-why", name: "why" });
  const because = h("div.typed", {}, h("label", { for: "set-why" }, t("set.why")), why);
  const give = h("button.primary", { type: "submit" }, t("set.now"));
  const said = h("p.hint", { role: "status" });
  const element = h("form.line", { "aria-label": t("set.title"), on: { submit: send } },
    h("label", { for: "set-whom" }, t("set.whom")), whom, h("label", { for: "set-which" }, t("set.which")), which, because, give, said);
  which.addEventListener("change", update);

  async function send(event) {
    event.preventDefault();
    const wish = { agent: whom.value, state: which.value, ...(which.value === "not_ready" && why.value ? { reason_code: why.value } : {}) };
    const who = whom.selectedOptions[0]?.textContent ?? "";
    give.disabled = true;
    try {
      const reply = await wall.connection.command("supervisor.set_state", wish);
      say(said, t(reply.pending ? "set.pending" : "set.done", { who }));
    } catch (fault) {
      say(said, tFault(fault));
    }
    give.disabled = false;
  }
  function update() {
    const { agent, site } = wall;
    show(element, wall.phase === "online" && Boolean(agent?.roles.some((role) => ROLES.includes(role))));
    fill(whom, JSON.stringify(site.colleagues), () => site.colleagues.map(({ id, name }) => h("option", { value: id }, name || id)));
    fill(why, site.not_ready_reasons.join("\n"), () => site.not_ready_reasons.map((reason) => h("option", { value: reason }, tCode("reason", reason))));
    show(because, which.value === "not_ready" && site.not_ready_reasons.length > 0);
  }
  return { element, update };
}
