// Giving the caller away: to a queue, a colleague or a number. One choice, one button.

import { fill, h, icon, ICONS, key, say, show } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/** The choice of a number or name that she types. */
const TYPED = "typed";

/**
 * The button that opens the choice, and the choice.
 * @param {any} desk
 */
export function transferPart(desk) {
  let contact = null;
  const open = h("button.secondary.tall", { type: "button", "data-key": "transfer", "aria-expanded": "false", "aria-controls": "transfer" }, icon(ICONS.forward), h("span", {}, t("transfer.open")), key("Alt T"));
  const whom = h("select", { id: "transfer-whom", name: "whom" });
  const number = h("input", { id: "transfer-number", name: "number", type: "text", maxlength: 64, autocomplete: "off", spellcheck: "false" });
  const typed = h("div.typed", {}, h("label", { for: "transfer-number" }, t("transfer.number")), number);
  const give = h("button.primary.tall", { type: "submit", "data-key": "give", value: "blind" }, h("span", {}, t("transfer.now")));
  const first = h("button.secondary.tall", { type: "submit", "data-key": "consult", value: "consult" }, h("span", {}, t("consult.now")));
  const form = h("form.transfer", { id: "transfer", on: { submit: send } },
    h("label", { for: "transfer-whom" }, t("transfer.whom")), whom, typed, h("p.hint", {}, t("transfer.hint")), h("p.hint", {}, t("consult.hint")), h("div.buttons", {}, give, first));
  open.addEventListener("click", () => reveal(form.hidden));
  whom.addEventListener("change", () => show(typed, whom.value === TYPED));
  form.hidden = true;
  typed.hidden = true;

  function reveal(shown) {
    show(form, shown);
    open.setAttribute("aria-expanded", String(shown));
    if (shown) whom.focus();
  }
  async function send(event) {
    event.preventDefault();
    const target = whom.value === TYPED ? number.value.trim() : whom.value;
    if (!contact || !target) return (whom.value === TYPED ? number : whom).focus();
    const to = whom.value === TYPED ? target : whom.selectedOptions[0].textContent;
    const kind = event.submitter?.value === "consult" ? "consult" : "blind";
    const reply = await desk.ask("contact.transfer", { contact_id: contact.id, target, kind });
    if (reply && kind === "blind") desk.tellHer(t("transfer.done", { to }), "good");
  }
  function update(live) {
    if (!live || live.id !== contact?.id) {
      reveal(false);
      number.value = "";
    }
    contact = live;
    if (!live) return;
    const { queues, site, agent } = desk.model;
    const colleagues = (site.colleagues ?? []).filter((one) => one.id !== agent?.id);
    fill(whom, JSON.stringify([queues, colleagues]), () => choices(queues, colleagues));
    show(typed, whom.value === TYPED);
    say(typed.firstChild, t(site.outside ? "transfer.number" : "transfer.name"));
    open.disabled = give.disabled = first.disabled = !desk.online || desk.busy.has("contact.transfer");
  }
  return { open, form, update };
}

function choices(queues, colleagues) {
  const group = (label, options) => options.length > 0 && h("optgroup", { label }, ...options);
  const queue = ({ name }) => h("option", { value: `queue:${name}` }, name);
  const colleague = ({ id, name }) => h("option", { value: `agent:${id}` }, name || id);
  return [
    group(t("transfer.queues"), queues.map(queue)),
    group(t("transfer.colleagues"), colleagues.map(colleague)),
    h("option", { value: TYPED }, t("transfer.other")),
  ];
}
