// The server's time. Messages arrive late, never early: the largest difference seen is the closest to the truth.

export class Clock {
  constructor() {
    this.offset = null;
  }

  /** A new connection may be to another server, or after a sleep. */
  reset() {
    this.offset = null;
  }

  /**
   * A message was made at `ts`.
   * @param {string} ts
   */
  learn(ts) {
    const offset = Date.parse(ts) - Date.now();
    if (!Number.isNaN(offset) && (this.offset === null || offset > this.offset)) this.offset = offset;
  }

  /** Milliseconds since the epoch, as the server counts them. */
  now() {
    return Date.now() + (this.offset ?? 0);
  }
}
