// The phone in this page: registers over WebSocket, takes one call at a time, lends it her microphone and her ears.
//
// What is said to whom is the server's; this is a telephone. SIP itself is JsSIP's, and only fetched by whoever has
// such a phone. The password is one of ten minutes that her desktop asks for, and stays in this page's memory.
// Event: `change`.

const LIBRARY = "/web/vendor/jssip.js";
/** The domain of her address: nobody looks it up. */
const DOMAIN = "sambung.invalid";
/** How long a registration lasts, in seconds; renewed before. */
const REGISTERED_FOR = 120;
/** Pauses between attempts to get a password, in milliseconds. */
const PAUSES = [1_000, 2_000, 5_000, 10_000, 15_000];

export class Phone extends EventTarget {
  constructor() {
    super();
    /** none: elsewhere. insecure, denied, absent, taken: no microphone. asking, connecting, ready, lost. */
    this.state = "none";
    /** @type {{state: "ringing" | "answering" | "talking", muted: boolean, held: boolean, deaf: boolean} | null} */
    this.call = null;
    /** Why the last call did not come about, if it is worth telling. */
    this.trouble = "";
    this.token = "";
    this.#forget();
    this.ear = new Audio();
    this.ear.autoplay = true;
    // A browser that does not let a page sound before it was touched does so afterwards.
    addEventListener("pointerdown", () => this.call?.deaf && this.#listen());
    // A page that is left says goodbye as well as it can; the server notices it otherwise.
    addEventListener("pagehide", () => this.ua?.stop());
    // To close the page is to hang up: the browser asks whether that is meant.
    addEventListener("beforeunload", (event) => this.call?.state === "talking" && event.preventDefault());
  }

  /**
   * Asks whether her phone is in this page, and makes it one if so.
   * @param {string} token
   */
  async open(token) {
    if (this.token === token && this.state !== "none") return;
    this.close();
    this.token = token;
    const known = await this.#password();
    if (known && this.token === token) await this.begin();
  }

  /** Tries the microphone, then registers: who cannot speak is not to be rung. */
  async begin() {
    const token = this.token;
    this.trouble = "";
    this.#become("asking");
    const trouble = await microphoneTrouble();
    if (this.token !== token) return;
    if (trouble) return this.#become(trouble);
    if (this.ua) return this.#become(this.ua.isRegistered() ? "ready" : "lost");
    this.#become("connecting");
    if (!(await this.#password()) || this.token !== token) return;
    const { UA, WebSocketInterface } = await import(LIBRARY);
    if (this.token !== token || this.ua) return;
    this.ua = this.#agent(UA, new WebSocketInterface(this.#address()));
    this.ua.start();
  }

  /** Ends the call and takes the registration back. */
  close() {
    const ua = this.ua;
    this.#forget();
    this.token = "";
    this.call = null;
    this.trouble = "";
    this.#become("none");
    ua?.stop();
  }

  answer() {
    if (this.call?.state !== "ringing") return;
    this.#call({ state: "answering" });
    this.session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
  }

  hangUp() {
    this.session?.terminate(this.call?.state === "ringing" ? { status_code: 486 } : {});
  }

  mute() {
    if (this.call?.state !== "talking") return;
    if (this.call.muted) this.session.unmute({ audio: true });
    else this.session.mute({ audio: true });
  }

  #forget() {
    clearTimeout(this.renewal);
    this.renewal = undefined;
    this.attempt = 0;
    this.ua = null;
    this.session = null;
    this.access = null;
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  #call(news) {
    if (this.call) Object.assign(this.call, news);
    this.dispatchEvent(new Event("change"));
  }

  /** Gets a password, and the next one before it ends. False when her phone is elsewhere, or nobody answered yet. */
  async #password() {
    clearTimeout(this.renewal);
    const token = this.token;
    const answer = await fetch("/v1/desk/phone", { method: "POST", headers: { Authorization: `Bearer ${token}` } }).catch(() => null);
    if (answer && [204, 401].includes(answer.status)) return false; // elsewhere, or not hers to ask
    const access = answer?.ok ? await answer.json().catch(() => null) : null;
    if (this.token !== token) return false;
    if (!access) {
      const pause = PAUSES[Math.min(this.attempt++, PAUSES.length - 1)];
      this.renewal = setTimeout(() => this.#again(), pause);
      return false;
    }
    this.attempt = 0;
    this.access = access;
    this.ua?.set("password", access.password);
    this.renewal = setTimeout(() => this.#password(), access.good_for_s * 500);
    return true;
  }

  /** Registers with a fresh password; when it is not connected it does so as soon as it is. */
  async #again() {
    if (!(await this.#password())) return;
    if (!this.ua) await this.begin();
    // Not `ua.register()`: from then on it would register by itself whenever it has come back, with the old password.
    else if (this.ua.isConnected()) this.ua.registrator().register();
  }

  #address() {
    const { url, ws_port, wss_port } = this.access;
    if (url) return url;
    if (location.protocol === "https:" || !ws_port) return `wss://${location.hostname}:${wss_port}`;
    return `ws://${location.hostname}:${ws_port}`;
  }

  #agent(UA, socket) {
    const ua = new UA({
      sockets: [socket],
      uri: `sip:${this.access.user}@${DOMAIN}`,
      authorization_user: this.access.user,
      password: this.access.password,
      // A server that has been started anew knows no password of before: first a fresh one is fetched.
      register: false,
      register_expires: REGISTERED_FOR,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
      no_answer_timeout: 300,
      user_agent: "Sambung desk",
    });
    const ours = (act) => (event) => this.ua === ua && act(event);
    ua.on("connected", ours(() => this.#again()));
    ua.on("registered", ours(() => this.#become("ready")));
    ua.on("unregistered", ours(() => this.#become("lost")));
    ua.on("disconnected", ours(() => this.#become("lost")));
    ua.on("registrationFailed", ours(() => this.#refused()));
    ua.on("newRTCSession", ours((event) => this.#rung(event)));
    return ua;
  }

  /** The password may have ended, or the server come back without it. */
  #refused() {
    this.#become("lost");
    clearTimeout(this.renewal);
    const pause = PAUSES[Math.min(this.attempt, PAUSES.length - 1)];
    const attempt = this.attempt + 1;
    this.renewal = setTimeout(async () => {
      await this.#again();
      this.attempt = Math.max(this.attempt, attempt);
    }, pause);
  }

  #rung({ originator, session, request }) {
    if (originator !== "remote") return;
    if (this.session) return session.terminate({ status_code: 486 });
    this.session = session;
    this.call = { state: "ringing", muted: false, held: false, deaf: false };
    this.trouble = "";
    const ours = (act) => (event) => this.session === session && act(event);
    session.on("peerconnection", ours(({ peerconnection }) => {
      peerconnection.addEventListener("track", (event) => this.#hear(event.streams[0] ?? new MediaStream([event.track])));
    }));
    session.on("confirmed", ours(() => this.#call({ state: "talking" })));
    session.on("accepted", ours(() => this.#call({ state: "talking" })));
    session.on("muted", ours(() => this.#call({ muted: true })));
    session.on("unmuted", ours(() => this.#call({ muted: false })));
    session.on("hold", ours(() => this.#call({ held: true })));
    session.on("unhold", ours(() => this.#call({ held: false })));
    session.on("getusermediafailed", ours(() => this.#over("microphone")));
    session.on("ended", ours(() => this.#over("")));
    session.on("failed", ours(({ cause }) => this.#over(cause === "WebRTC Error" ? "media" : "")));
    // She has accepted at her desk: the phone answers by itself.
    if (/answer-after=0/i.test(request.getHeader("Call-Info") ?? "")) this.answer();
    else this.#call({});
  }

  #over(trouble) {
    this.session = null;
    this.call = null;
    this.trouble ||= trouble;
    this.ear.srcObject = null;
    this.dispatchEvent(new Event("change"));
  }

  #hear(stream) {
    this.ear.srcObject = stream;
    this.#listen();
  }

  #listen() {
    this.ear.play().then(() => this.#call({ deaf: false }), () => this.#call({ deaf: true }));
  }
}

/** Why there is no microphone; empty when there is one. */
async function microphoneTrouble() {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) return "insecure";
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    return "";
  } catch (error) {
    return { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "absent" }[error.name] ?? "taken";
  }
}
