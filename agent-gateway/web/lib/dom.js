// Makes elements. Text becomes text nodes and nothing else: what a caller or a database wrote cannot become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with properties, attributes, listeners and children.
 * @param {string} tag  a name, with classes after dots: `button.quiet`
 * @param {Record<string, any>} [attributes]  `on` holds listeners; null and false leave an attribute out
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  return furnish(element, attributes, children);
}

/**
 * An icon of strokes on a 24 × 24 grid.
 * @param {string} path
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const stroke = document.createElementNS(SVG, "path");
  stroke.setAttribute("d", path);
  svg.append(stroke);
  return svg;
}

/** Paths of the icons in use. */
export const ICONS = {
  phone: "M6.600 3.500h2.600l1.600 4.200-2 1.500a12 12 0 0 0 6 6l1.500-2 4.200 1.600v2.600a2.100 2.100 0 0 1-2.300 2.100A16.500 16.500 0 0 1 4.500 5.800 2.100 2.100 0 0 1 6.600 3.500z",
  down: "M3 10.500c5-4 13-4 18 0l-2 4-4-1.500v-2.200a14 14 0 0 0-6 0V13l-4 1.500z",
  cog: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.800v4.400M8 14.800v4.400",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z",
  warning: "M12 4 2.800 19.500h18.400zM12 10v4.500M12 17v.3",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  close: "M6 6l12 12M18 6 6 18",
  pause: "M8.500 5v14M15.500 5v14",
  nothing: "M7 12h10",
  forward: "M4 18v-3a5 5 0 0 1 5-5h11M15 5l5 5-5 5",
  chevron: "M7 10l5 5 5-5",
  check: "M5 12.500l4.500 4.500L19 7",
  hidden: "M3 3l18 18M10 5.300A9.500 9.500 0 0 1 21 12a13 13 0 0 1-2 2.800M6.500 6.800A13 13 0 0 0 3 12c2 4 5.300 6.500 9 6.500a9 9 0 0 0 4-.9M9.900 9.900a3 3 0 0 0 4.200 4.200",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c1-4 4-6 7.500-6s6.500 2 7.500 6",
};

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(node));
  return element;
}

function node(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/**
 * Text from outside, kept apart from the text around it whatever its direction.
 * @param {string} words
 */
export function outsider(words) {
  return h("bdi", {}, words);
}

/**
 * Sets an element's text if it differs: what has not changed is not read out again.
 * @param {Element} element
 * @param {string} words
 */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Shows or hides an element.
 * @param {any} element
 * @param {boolean} shown
 */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * Replaces the children only when `key` has changed, so that focus and selection survive.
 * @param {any} element
 * @param {string} key
 * @param {() => (Node | false | null)[]} make
 */
export function fill(element, key, make) {
  if (element.filledWith === key) return;
  element.filledWith = key;
  element.replaceChildren(...make().filter(Boolean));
}

/**
 * A key on the keyboard, to be seen beside what it does.
 * @param {string} words
 */
export function key(words) {
  return h("kbd", { "aria-hidden": "true" }, words);
}
