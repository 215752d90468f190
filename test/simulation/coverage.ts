/** What happened in a run, counted: a simulation in which nothing goes wrong proves nothing. */

export interface Coverage {
  /** How often each kind of event happened. */
  readonly events: Map<string, number>;
  happened(event: string): void;
}

export function createCoverage(): Coverage {
  const events = new Map<string, number>();
  return {
    events,
    happened(event) {
      events.set(event, (events.get(event) ?? 0) + 1);
    },
  };
}

/** Every kind that a run of a few thousand seeds must meet. */
export const EXPECTED_EVENTS = [
  'late commit behind a reader',
  'rollback',
  'key deleted and inserted again',
  'key update',
  'crash before commit',
  'crash after commit',
  'crash before acknowledge',
  'crash after acknowledge',
  'crash before purge',
  'crash after purge',
  'crash before flush',
  'crash after flush',
  'crash before install',
  'crash after install',
  'crash inside a transaction',
  'crash elsewhere',
  'stall',
  'stall inside a transaction',
  'stalled attempt woke',
  'connection broke',
  'power cut lost commits',
  'source restored',
  'source restored, told by the handshake alone',
  'target restored',
  'target restored in place',
  'purged by force',
  'restore detected',
  'restore harmless',
  'twin attempts',
  'claim after a fence refused',
  'epoch lost',
  'pause',
  'resync',
  'table resync',
  'take over',
  'setup repeated',
  'purge',
  'purge held back by another consumer',
  'chunk too large for memory',
  'snapshot range read with changes',
  'ranges of several tables read together',
  'several tables copied at once',
  'snapshot resumed by another attempt',
  'strangers removed',
  'table parked',
  'table parked with its parent',
  'others went on beside a parked table',
  'parked table resumed',
  'straggler caught up alone',
  'straggler rejoined',
  'row set aside',
  'letter superseded',
  'letter retried',
  'letter retried in vain',
  'key repaired',
  'keys repaired together',
] as const;

export function formatCoverage(seeds: ReadonlyMap<string, number>, total: number): string {
  const lines = [...seeds]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([event, count]) => `${String(count).padStart(8)}  ${event}`);
  return [`Of ${String(total)} seeds, so many had:`, ...lines].join('\n');
}
