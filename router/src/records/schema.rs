//! The tables, and how an older file becomes this one.
//!
//! Every table is keyed so that writing a row again changes nothing. Call ids begin with their time of arrival, so
//! `calls`, `queue_entries` and `offers` lie in the order of time without a second index.

/// What takes a file from version `i` to version `i + 1`.
pub(super) const MIGRATIONS: [&str; 4] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4];

/// The version that this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

const VERSION_1: &str = r#"
CREATE TABLE followed (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL,          -- last entry of the log whose rows are here
  at INTEGER NOT NULL,              -- its time, to know the log again
  longest_call_us INTEGER NOT NULL, -- from arrival to the end of the last wrap-up
  longest_span_us INTEGER NOT NULL  -- longest state of an agent at work
);
INSERT INTO followed VALUES (1, 0, 0, 0, 0);

CREATE TABLE calls (
  call TEXT PRIMARY KEY,
  dialled TEXT NOT NULL,
  caller TEXT,
  arrived_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  queue TEXT,
  agent TEXT,
  visits INTEGER NOT NULL,
  offers INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  wait_ms INTEGER NOT NULL,
  talk_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE queue_entries (
  call TEXT NOT NULL,
  visit INTEGER NOT NULL,
  queue TEXT NOT NULL,
  entered_at INTEGER NOT NULL,
  answered_at INTEGER,
  left_at INTEGER NOT NULL,
  handled_at INTEGER,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  agent TEXT,
  wait_ms INTEGER NOT NULL,
  ring_ms INTEGER NOT NULL,
  talk_ms INTEGER NOT NULL,
  hold_ms INTEGER NOT NULL,
  wrap_up_ms INTEGER,
  disposition TEXT,
  PRIMARY KEY (call, visit)
) WITHOUT ROWID;

CREATE TABLE offers (
  call TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  visit INTEGER NOT NULL,
  queue TEXT NOT NULL,
  agent TEXT NOT NULL,
  offered_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (call, attempt)
) WITHOUT ROWID;

CREATE TABLE agent_states (
  agent TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  "from" INTEGER NOT NULL,
  "to" INTEGER NOT NULL,
  call TEXT,
  queue TEXT,
  PRIMARY KEY ("from", agent)
) WITHOUT ROWID;

CREATE TABLE plans (
  at INTEGER PRIMARY KEY,
  plan TEXT NOT NULL
);

CREATE VIEW v_calls AS SELECT call, dialled, caller,
  strftime('%Y-%m-%dT%H:%M:%fZ', arrived_at / 1e6, 'unixepoch') AS arrived_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', answered_at / 1e6, 'unixepoch') AS answered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch') AS ended_at,
  outcome, reason, queue, agent, visits, offers, priority, wait_ms / 1e3 AS wait_s, talk_ms / 1e3 AS talk_s
FROM calls;

CREATE VIEW v_queue_entries AS SELECT call, visit, queue,
  strftime('%Y-%m-%dT%H:%M:%fZ', entered_at / 1e6, 'unixepoch') AS entered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', answered_at / 1e6, 'unixepoch') AS answered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', left_at / 1e6, 'unixepoch') AS left_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', handled_at / 1e6, 'unixepoch') AS handled_at,
  outcome, reason, agent, wait_ms / 1e3 AS wait_s, ring_ms / 1e3 AS ring_s, talk_ms / 1e3 AS talk_s,
  hold_ms / 1e3 AS hold_s, wrap_up_ms / 1e3 AS wrap_up_s, disposition
FROM queue_entries;

CREATE VIEW v_offers AS SELECT call, attempt, visit, queue, agent,
  strftime('%Y-%m-%dT%H:%M:%fZ', offered_at / 1e6, 'unixepoch') AS offered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch') AS ended_at,
  (ended_at - offered_at) / 1e6 AS offered_s, outcome
FROM offers;

CREATE VIEW v_agent_states AS SELECT agent, state, reason,
  strftime('%Y-%m-%dT%H:%M:%fZ', "from" / 1e6, 'unixepoch') AS "from",
  strftime('%Y-%m-%dT%H:%M:%fZ', "to" / 1e6, 'unixepoch') AS "to",
  ("to" - "from") / 1e6 AS seconds, call, queue
FROM agent_states;
"#;

const VERSION_2: &str = "
CREATE TABLE transfers (
  call TEXT NOT NULL,
  visit INTEGER NOT NULL,  -- the one that ended with it
  queue TEXT NOT NULL,
  agent TEXT NOT NULL,     -- by whom
  kind TEXT NOT NULL,      -- of the target: queue, agent, outside
  transferred_to TEXT NOT NULL,
  transferred_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  PRIMARY KEY (call, visit)
) WITHOUT ROWID;

CREATE VIEW v_transfers AS SELECT call, visit, queue, agent, kind, transferred_to,
  strftime('%Y-%m-%dT%H:%M:%fZ', transferred_at / 1e6, 'unixepoch') AS transferred_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', answered_at / 1e6, 'unixepoch') AS answered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch') AS ended_at,
  outcome, status
FROM transfers;
";

/// A visit may have several consultations, and end with one of them or not.
const VERSION_3: &str = "
DROP VIEW v_transfers;
ALTER TABLE transfers RENAME TO transfers_2;
CREATE TABLE transfers (
  call TEXT NOT NULL,
  visit INTEGER NOT NULL,     -- the one that ended with it, or in which somebody was asked
  queue TEXT NOT NULL,
  agent TEXT NOT NULL,        -- by whom
  kind TEXT NOT NULL,         -- of the target: queue, agent, outside
  transferred_to TEXT NOT NULL,
  transferred_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  status INTEGER,
  consulted INTEGER NOT NULL, -- 1 when the target was asked first
  PRIMARY KEY (call, transferred_at)
) WITHOUT ROWID;
INSERT INTO transfers SELECT *, 0 FROM transfers_2;
DROP TABLE transfers_2;
CREATE VIEW v_transfers AS SELECT call, visit, queue, agent, kind, transferred_to,
  strftime('%Y-%m-%dT%H:%M:%fZ', transferred_at / 1e6, 'unixepoch') AS transferred_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', answered_at / 1e6, 'unixepoch') AS answered_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch') AS ended_at,
  outcome, status, consulted
FROM transfers;
";

const VERSION_4: &str = "
CREATE TABLE audit (
  at INTEGER PRIMARY KEY,
  changed_by TEXT NOT NULL,
  what TEXT NOT NULL,     -- agent_state or rules
  agent TEXT,
  state TEXT,
  reason TEXT
);
CREATE VIEW v_audit AS SELECT strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
  changed_by, what, agent, state, reason
FROM audit;
";
