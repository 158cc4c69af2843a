// The WebSocket to the server: signs in, keeps alive, comes back after a loss, and carries commands and replies.
//
// Events: `frame` (a message), `online` (welcome), `lost` (will come back by itself), `over` (will not; detail.code).

/** Close codes after which coming back by itself would be wrong, or in vain. */
const FINAL = new Set([4001, 4003, 4009, 4010, 4011]);
/** Silence of the server that counts as a loss, in milliseconds. */
const SILENCE = 25_000;
/** Longest pause between attempts, in milliseconds. */
const LONGEST_PAUSE = 15_000;
/** Time a command has to be answered, in milliseconds. */
const PATIENCE = 10_000;

export class Connection extends EventTarget {
  /** @param {"desktop" | "wallboard"} kind */
  constructor(kind = "desktop") {
    super();
    this.kind = kind;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.token = "";
    this.locale = "en";
    this.attempt = 0;
    this.heard = 0;
    this.pinged = 0;
    this.heartbeat = 10_000;
    this.retryAt = 0;
    /** Why it was lost last: a close code. */
    this.lostBy = 0;
    this.rtt = null;
    this.signedIn = false;
    /** @type {Map<string, {type: string, text: string, sent: number, resolve: Function, reject: Function}>} */
    this.waiting = new Map();
    this.#startPulse();
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#tick());
  }

  /**
   * @param {string} token
   * @param {string} locale
   */
  open(token, locale) {
    this.token = token;
    this.locale = locale;
    this.attempt = 0;
    this.#connect();
  }

  /** Ends the connection for good. */
  close() {
    this.token = "";
    this.retryAt = 0;
    this.#drop();
    this.#fail(() => true, "not_connected");
  }

  /**
   * Sends a command; resolves with the reply's data, rejects with its error.
   * @param {string} type
   * @param {object} data
   * @returns {Promise<any>}
   */
  command(type, data) {
    if (!this.signedIn) return Promise.reject({ code: "not_connected", message: "", retryable: true });
    const id = newId();
    const text = JSON.stringify({ type, id, data });
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { type, text, sent: Date.now(), resolve, reject });
      this.socket?.send(text);
    });
  }

  /**
   * Sends something that needs no answer.
   * @param {string} type
   * @param {object} data
   */
  tell(type, data) {
    if (this.signedIn) this.socket?.send(JSON.stringify({ type, data }));
  }

  /** Seconds until the next attempt; 0 while one is under way. */
  retryIn() {
    return this.retryAt ? Math.max(0, Math.ceil((this.retryAt - Date.now()) / 1000)) : 0;
  }

  #connect() {
    this.#drop();
    this.retryAt = 0;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/v1/agentdesk`, "agentdesk.v1.json");
    this.socket = socket;
    this.heard = Date.now();
    socket.addEventListener("message", (event) => socket === this.socket && this.#hear(event.data));
    socket.addEventListener("close", (event) => socket === this.socket && this.#closed(event.code));
  }

  #hear(text) {
    this.heard = Date.now();
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return; // not of this protocol: a newer server may know why
    }
    if (frame.type === "hello") this.#hello(frame.data);
    else if (frame.type === "pong") this.rtt = Math.max(0, Date.now() - frame.data.t);
    else if (frame.type === "reply") this.#reply(frame);
    else {
      if (frame.type === "welcome") this.#welcome();
      this.#emit("frame", frame);
      if (frame.type === "welcome") this.#emit("online");
    }
  }

  #hello(data) {
    this.heartbeat = data.heartbeat_interval_ms || this.heartbeat;
    const client = { name: "sambung-desk", version: data.server_version || "", kind: this.kind };
    this.socket?.send(JSON.stringify({ type: "identify", data: { token: this.token, client, locale: this.locale } }));
  }

  #welcome() {
    this.signedIn = true;
    this.attempt = 0;
    // The first ping waits until the page has drawn itself: it measures the way, not the drawing.
    this.pinged = Date.now() - this.heartbeat + 1_500;
    // What was asked just before the loss is asked again: the server does a command with the same id once.
    for (const command of this.waiting.values()) this.socket?.send(command.text);
  }

  #reply(frame) {
    const command = this.waiting.get(frame.id);
    if (!command) return;
    this.waiting.delete(frame.id);
    if (frame.ok) command.resolve(frame.data ?? {});
    else command.reject(frame.error ?? { code: "unknown", message: "", retryable: false });
  }

  #closed(code) {
    const wasIn = this.signedIn;
    this.#drop();
    if (FINAL.has(code) || !this.token) {
      this.#fail(() => true, "not_connected");
      this.#emit("over", { code });
      return;
    }
    const most = Math.min(LONGEST_PAUSE, 500 * 2 ** this.attempt);
    // Half of it is chance, so that a thousand desks do not come back at one moment.
    const pause = wasIn && this.attempt === 0 ? Math.random() * 500 : most * (0.5 + Math.random() / 2);
    this.attempt += 1;
    this.lostBy = code;
    this.retryAt = Date.now() + pause;
    this.#emit("lost", { code });
    setTimeout(() => this.#tick(), pause + 1);
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    this.signedIn = false;
    this.rtt = null;
    socket?.close();
  }

  #ping() {
    this.pinged = Date.now();
    this.socket?.send(JSON.stringify({ type: "ping", data: { t: this.pinged } }));
  }

  /** Once a second, also in a hidden page. */
  #tick() {
    const now = Date.now();
    this.#fail((command) => now - command.sent > PATIENCE, "no_answer");
    if (this.retryAt && now >= this.retryAt) this.#connect();
    else if (this.socket && now - this.heard > SILENCE) this.#closed(0);
    else if (this.signedIn && now - this.pinged >= this.heartbeat) this.#ping();
  }

  /** The network is back: no reason to wait. */
  #hurry() {
    if (this.retryAt) this.retryAt = Date.now();
    this.#tick();
  }

  #fail(which, code) {
    for (const [id, command] of this.waiting) {
      if (!which(command)) continue;
      this.waiting.delete(id);
      command.reject({ code, message: "", retryable: true });
    }
  }

  #startPulse() {
    const tick = () => this.#tick();
    try {
      const worker = new Worker(trusted("/web/lib/pulse.js"));
      worker.addEventListener("message", tick);
    } catch {
      setInterval(tick, 1000); // no workers here: good enough while the page is visible
    }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The only script address this page makes itself. */
function trusted(url) {
  const factory = /** @type {any} */ (globalThis).trustedTypes;
  if (!factory) return url;
  return factory.createPolicy("desk", { createScriptURL: () => "/web/lib/pulse.js" }).createScriptURL(url);
}

/** Sixteen random bytes in hexadecimal; `crypto.randomUUID` is missing on plain HTTP. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
