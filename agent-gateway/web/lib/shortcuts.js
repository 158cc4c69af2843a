// Keys: Alt and a letter, and digits to choose. Off in text boxes, where a key is a letter; can be turned off altogether.


/** @param {any} desk */
export function shortcuts(desk) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const writing = target.matches("textarea, select, input:not([type=radio])");
    if (event.key === "Escape" && target.matches("textarea")) target.blur();
    if (!desk.shortcutsOn || !desk.online || writing || event.ctrlKey || event.metaKey || event.repeat) return;
    if (document.querySelector("dialog[open]")) return;
    const done = event.altKey ? letter(desk, event.code) : digit(event.code);
    if (done) event.preventDefault();
  });
}

/** What a letter does is what its button does, as long as the button is there. */
function letter(desk, code) {
  const names = { KeyR: "ready", KeyN: "not-ready", KeyA: "accept phone-answer", KeyC: "decline", KeyO: "hold back", KeyT: "transfer complete", KeyH: "hang-up leave", KeyW: "finish" };
  const all = (names[code] ?? "").split(" ").map((name) => document.querySelector(`[data-key="${name}"]`));
  const button = all.find((one) => one instanceof HTMLButtonElement && !one.disabled && one.offsetParent);
  if (!(button instanceof HTMLButtonElement)) return false;
  const name = button.dataset.key;
  if (name === "not-ready") button.focus(); // she opened a menu: the keyboard belongs in it
  button.click(); // the choice of a transfer takes the keyboard by itself
  return true;
}

/** Digits choose among what is numbered: customers, or what came of the call. */
function digit(code) {
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  const numbered = number ? [...document.querySelectorAll(`[data-digit="${number}"]`)] : [];
  const choice = numbered.find((one) => one instanceof HTMLElement && one.offsetParent);
  if (choice instanceof HTMLElement) choice.click();
  return Boolean(choice);
}

