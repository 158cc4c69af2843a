// Calls her attention to an offer: a sound, the title, a notification when the page is hidden. Never takes the focus.

import { t } from "./i18n.js";

export class Alerts {
  constructor() {
    this.sound = localStorage.getItem("sound") !== "off";
    /** @type {AudioContext | null} */
    this.audio = null;
    /** @type {number | undefined} */
    this.ringing = undefined;
    /** @type {Notification | null} */
    this.notification = null;
    this.blink = false;
    // Browsers let a page sound only after somebody has touched it.
    addEventListener("pointerdown", () => this.#wake(), { once: true });
    addEventListener("keydown", () => this.#wake(), { once: true });
  }

  /** @param {boolean} on */
  useSound(on) {
    this.sound = on;
    localStorage.setItem("sound", on ? "on" : "off");
    if (on) this.chime();
    else this.stop();
  }

  /**
   * Rings until stopped.
   * @param {string} who
   * @param {string} queue
   */
  ring(who, queue) {
    this.stop();
    if (this.sound) {
      this.chime();
      this.ringing = setInterval(() => this.chime(), 2500);
    }
    if (document.hidden && "Notification" in globalThis && Notification.permission === "granted") {
      const body = t("alert.body", { who, queue });
      this.notification = new Notification(t("alert.title"), { body, tag: "offer", silent: true });
      this.notification.addEventListener("click", () => globalThis.focus());
    }
  }

  stop() {
    clearInterval(this.ringing);
    this.ringing = undefined;
    this.notification?.close();
    this.notification = null;
  }

  /**
   * The page's title: what matters most, first.
   * @param {string} words
   * @param {boolean} urgent
   */
  title(words, urgent) {
    this.blink = urgent && document.hidden && !this.blink;
    const title = this.blink ? `● ${words}` : words;
    if (document.title !== title) document.title = title;
  }

  /** Two soft tones, made here: no file to fetch. */
  chime() {
    this.#wake();
    const audio = this.audio;
    if (!audio || audio.state !== "running") return;
    [587.33, 783.99].forEach((pitch, n) => {
      const [tone, gain, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + n * 0.22];
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.12, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(gain).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  }

  #wake() {
    this.audio ??= "AudioContext" in globalThis ? new AudioContext() : null;
    if (this.audio?.state === "suspended") this.audio.resume().catch(() => {}); // not allowed yet: stays silent
  }
}
