import { describe, test } from '@jest/globals';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { adapterContract } from '../../engine/contract';
import type { ContractPart } from '../../engine/contract';
import { sqliteFixture } from '../support/sqlite-fixture';
import type { JournalMode } from '../support/sqlite-fixture';

const LONG = process.env['CDC_LONG'] === '1';

const runs: readonly { readonly journalMode: JournalMode; readonly parts: readonly ContractPart[] }[] = [
  { journalMode: 'wal', parts: ['source', 'target', 'pair'] },
  // A target is put into WAL mode, whatever it was in; the mode of a source is its owner's.
  ...(LONG ? [{ journalMode: 'delete' as const, parts: ['source', 'pair'] as const }] : []),
];

describe.each(runs)('SQLite with journal_mode $journalMode', ({ journalMode, parts }) => {
  const cases = adapterContract({
    adapter: sqliteAdapter,
    fixture: sqliteFixture(journalMode),
    capabilities: { lateCommits: false, truncate: false, globalOrder: true },
    parts,
  });
  for (const { name, run } of cases) test(name, run);
});
