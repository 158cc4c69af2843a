// What the desk knows: a fold of the server's messages. Decides nothing and draws nothing.

import { merge } from "./merge.js";

/** Contacts kept in the list of the day. */
const MOST_PAST = 100;

/**
 * @typedef {{state: string, reason_code?: string, since: string, until?: string, contact_id?: string, next?: {state: string, reason_code?: string}, extendable?: boolean, set_by?: string, rev: number}} AgentState
 * @typedef {{id: string, rev: number, state: string, since: string, offered: any, notes: string[], arrived: number, connectedAt?: string, heldMs?: number, endedAt?: string, endedBy?: string, cause?: string, disposition?: string, who?: string}} Contact
 * @typedef {{agent: any, site: {disposition_codes: string[], not_ready_reasons: string[], colleagues?: {id: string, name: string}[], outside?: boolean}, queues: any[], agentState: AgentState | null, contacts: Map<string, Contact>, pops: Map<string, any>, past: Contact[], asOf: string}} Model
 */

/** @returns {Model} */
export function emptyModel() {
  const site = { disposition_codes: [], not_ready_reasons: [] };
  return { agent: null, site, queues: [], agentState: null, contacts: new Map(), pops: new Map(), past: [], asOf: "" };
}

/**
 * Folds one message; tells what somebody may want to hear of.
 * @param {Model} model
 * @param {any} frame
 * @returns {{kind: string, id: string}[]}
 */
export function apply(model, frame) {
  model.asOf = frame.ts;
  const fold = FOLDS[frame.type];
  const news = fold ? fold(model, frame.data, frame.contact_id, frame.rev) ?? [] : [];
  sweep(model);
  return news;
}

/** The contact on the desk: she has one at a time. */
export function current(model) {
  const contacts = [...model.contacts.values()];
  return contacts.find((contact) => contact.state !== "ended") ?? contacts[0] ?? null;
}

const FOLDS = {
  welcome(model, data) {
    const before = model.contacts;
    model.agent = data.agent;
    model.site = data.site ?? model.site;
    model.queues = data.snapshot.queues;
    model.agentState = data.snapshot.agent_state;
    model.contacts = new Map(data.snapshot.contacts.map((contact) => [contact.contact_id, fromSnapshot(contact, before)]));
    model.pops = new Map(data.snapshot.pops.map((pop) => [pop.contact_id, pop]));
    for (const [id, contact] of before) if (!model.contacts.has(id)) keep(model, contact, "unknown");
    return [{ kind: "welcome", id: "" }];
  },

  "agent.state_changed"(model, data, contact_id, rev) {
    if (model.agentState && rev <= model.agentState.rev) return [];
    model.agentState = { ...data, state: data.to, contact_id, rev };
    return [{ kind: "state", id: data.to }];
  },

  "agent.changed"(model, data) {
    model.agent = data;
    return [{ kind: "about", id: "" }];
  },

  "contact.offered"(model, data, id, rev) {
    const known = model.contacts.get(id);
    if (known && known.rev > rev && known.state !== "queued") return [];
    const since = model.asOf;
    model.contacts.set(id, { id, rev, state: "queued", since, offered: data, notes: data.notes ?? [], arrived: performance.now() });
    return [{ kind: "offered", id }];
  },

  "contact.offer_withdrawn"(model, data, id) {
    const contact = model.contacts.get(id);
    if (!contact) return [];
    model.contacts.delete(id);
    keep(model, contact, data.cause);
    return [{ kind: "withdrawn", id: data.cause }];
  },

  "contact.state_changed"(model, data, id, rev) {
    const contact = model.contacts.get(id);
    if (!contact || rev <= contact.rev) return [];
    contact.rev = rev;
    if (["held", "consulting"].includes(contact.state) && contact.connectedAt) contact.heldMs = (contact.heldMs ?? 0) + Date.parse(data.since) - Date.parse(contact.since);
    contact.state = data.to;
    contact.consult = data.consult;
    contact.since = data.since;
    if (data.to === "connected") {
      contact.connectedAt ??= data.since;
      contact.offered = { ...contact.offered, consult: false }; // she has the caller, whoever asked her about it
    }
    if (data.to === "ended") Object.assign(contact, { endedAt: data.since, endedBy: data.ended_by, cause: data.cause });
    if (data.to === "queued") {
      model.contacts.delete(id);
      keep(model, contact, data.cause ?? "failed");
    }
    return [{ kind: data.to, id }];
  },

  "pop.show"(model, data, id) {
    const known = model.pops.get(id);
    if (known && known.pop_id === data.pop_id && known.rev >= data.rev) return [];
    model.pops.set(id, data);
    return [{ kind: "pop", id }];
  },

  "pop.update"(model, data, id) {
    const pop = model.pops.get(id);
    if (!pop || pop.pop_id !== data.pop_id || data.rev <= pop.rev) return [];
    const sections = merge(pop.sections, data.sections);
    model.pops.set(id, { ...pop, sections, rev: data.rev, complete: data.complete, match: data.match ?? pop.match });
    return [{ kind: "pop", id }];
  },
};

function fromSnapshot(contact, before) {
  const { contact_id: id, rev, state, since, connected_at: connectedAt, consult, offered, notes = [] } = contact;
  const known = before.get(id);
  const endedAt = known?.endedAt ?? (state === "ended" ? since : undefined);
  return { id, rev, state, since, consult, offered, notes, connectedAt, heldMs: known?.heldMs, endedAt, arrived: known?.arrived ?? performance.now() };
}

/** A call that is over stays on the desk while she wraps it up, and goes to the list of the day then. */
function sweep(model) {
  for (const [id, contact] of model.contacts) {
    const occupied = model.agentState?.contact_id === id;
    if (contact.state !== "ended" || occupied) continue;
    model.contacts.delete(id);
    keep(model, contact, contact.cause ?? "answered");
  }
  for (const id of model.pops.keys()) if (!model.contacts.has(id)) model.pops.delete(id);
}

function keep(model, contact, cause) {
  const pop = model.pops.get(contact.id);
  const who = pop?.match.kind === "one" ? pop.match.candidates[0]?.display_name : undefined;
  model.past = [{ ...contact, cause, who, endedAt: contact.endedAt ?? model.asOf }, ...model.past].slice(0, MOST_PAST);
}
