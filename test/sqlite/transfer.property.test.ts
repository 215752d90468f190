import { describe, expect, test } from '@jest/globals';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import type { ChunkSummary, Position } from '../../engine';
import { differences } from '../support/same-files';
import { openPair, type Pair, type Transport } from '../support/sqlite-pair';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

/** What makes replication hard: unique values that move, keys that are equal and spelled otherwise, REPLACE. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS swaps (id INTEGER PRIMARY KEY, u TEXT UNIQUE, w INTEGER, v);
  CREATE UNIQUE INDEX IF NOT EXISTS swaps_w ON swaps (w) WHERE w > 1;
  CREATE TABLE IF NOT EXISTS spelled (k TEXT COLLATE NOCASE NOT NULL, n NOT NULL, v, PRIMARY KEY (k, n)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS loose (k NOT NULL UNIQUE, u COLLATE RTRIM UNIQUE, v);
  CREATE TABLE IF NOT EXISTS stamped (id INTEGER PRIMARY KEY, u TEXT UNIQUE COLLATE NOCASE, v);`;
/** An application's trigger: the log has its writes in the wrong order. */
const TRIGGER = `
  CREATE TRIGGER IF NOT EXISTS stamp AFTER UPDATE OF v ON stamped BEGIN
    UPDATE stamped SET u = coalesce(u, '') || 's' WHERE id = NEW.id;
  END`;
const UNIQUE_ON_TARGET = `
  CREATE UNIQUE INDEX IF NOT EXISTS a ON swaps (u);
  CREATE UNIQUE INDEX IF NOT EXISTS b ON swaps (w) WHERE w > 1;
  CREATE UNIQUE INDEX IF NOT EXISTS c ON loose (u COLLATE RTRIM);
  CREATE UNIQUE INDEX IF NOT EXISTS d ON stamped (u COLLATE NOCASE);`;
const TABLES = ['swaps', 'spelled', 'loose', 'stamped'];

const id = fc.integer({ min: 1, max: 4 }).map(String);
const text = fc.constantFrom("'a'", "'A'", "'b'", "'B'", "'a '", "''", 'NULL');
const word = fc.constantFrom("'a'", "'A'", "'b'", "'ä'");
const loose = fc.constantFrom('1', '1.0', "'1'", "x'31'", '0', '-0.0', '2', "'a'", "'A'");
const small = fc.constantFrom('0', '1', '2', '3', 'NULL');
/** Chunks with long values are netted otherwise than those without. */
const filled = fc.oneof(
  { weight: 5, arbitrary: id },
  { weight: 1, arbitrary: fc.constantFrom("printf('%600s', 'x')", 'zeroblob(501)') },
);
const or = fc.constantFrom('', 'OR IGNORE ', 'OR REPLACE ');
const sql = (
  strings: TemplateStringsArray,
  ...parts: readonly fc.Arbitrary<string>[]
): fc.Arbitrary<string> => fc.tuple(...parts).map((values) => String.raw({ raw: strings.raw }, ...values));

const statement = fc.oneof(
  sql`INSERT ${or}INTO swaps VALUES (${id}, ${text}, ${small}, ${filled})`,
  sql`UPDATE ${or}swaps SET u = ${text}, v = ${filled} WHERE id = ${id}`,
  sql`UPDATE ${or}swaps SET w = w + 1 WHERE id > ${id}`,
  sql`UPDATE ${or}swaps SET id = ${id} WHERE id = ${id}`,
  sql`UPDATE swaps SET id = -id WHERE id > ${id}`,
  sql`INSERT INTO swaps VALUES (${id}, ${text}, ${small}, 0) ON CONFLICT (u) DO UPDATE SET v = 'upserted', w = NULL`,
  sql`DELETE FROM swaps WHERE id >= ${id}`,
  sql`INSERT ${or}INTO spelled VALUES (${word}, ${small}, ${filled})`,
  sql`UPDATE ${or}spelled SET k = ${word}, v = ${id} WHERE k = ${word}`,
  sql`UPDATE ${or}spelled SET n = n * 1.0, k = upper(k) WHERE n = ${small}`,
  sql`DELETE FROM spelled WHERE k = ${word}`,
  sql`INSERT ${or}INTO loose VALUES (${loose}, ${text}, ${loose})`,
  sql`UPDATE ${or}loose SET k = ${loose} WHERE k = ${loose}`,
  sql`UPDATE ${or}loose SET u = ${text} WHERE k = ${loose}`,
  sql`DELETE FROM loose WHERE k = ${loose}`,
  sql`INSERT ${or}INTO stamped VALUES (${id}, ${text}, ${filled})`,
  sql`UPDATE ${or}stamped SET v = ${id} WHERE id = ${id}`,
  sql`DELETE FROM stamped WHERE id = ${id}`,
);

interface Transaction {
  readonly kind: 'transaction';
  readonly statements: readonly string[];
  readonly commit: boolean;
}

type Action =
  | Transaction
  | { readonly kind: 'apply'; readonly limit: number }
  | { readonly kind: 'copy'; readonly table: string; readonly limit: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('transaction'),
      statements: fc.array(statement, { minLength: 1, maxLength: 8 }),
      commit: fc.integer({ min: 0, max: 9 }).map((dice) => dice > 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('apply'), limit: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('copy'),
      table: fc.constantFrom(...TABLES),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

function write(app: Database.Database, { statements, commit }: Transaction): void {
  app.exec('BEGIN');
  for (const text of statements) {
    try {
      app.exec(text);
    } catch {
      // A constraint of the application: such statements are part of its life.
    }
  }
  app.exec(commit ? 'COMMIT' : 'ROLLBACK');
}

/** A pair, and how far its target has come. */
interface Follower {
  readonly pair: Pair;
  readonly file: string;
  position: Position;
}

async function follow(transport: Transport): Promise<Follower> {
  const targetName = `${transport}.db`;
  const pair = await openPair(folder, { schema: SCHEMA, transport, targetName, onTarget: UNIQUE_ON_TARGET });
  return { pair, file: folder.file(targetName), position: pair.start };
}

async function catchUp(follower: Follower): Promise<void> {
  const chunks = await follower.pair.catchUp(follower.position, 1_000);
  follower.position = chunks.at(-1)?.to ?? follower.position;
}

async function perform(follower: Follower, action: Exclude<Action, Transaction>): Promise<ChunkSummary> {
  const { pair } = follower;
  if (action.kind === 'copy') await catchUp(follower);
  const chunk = await (action.kind === 'copy'
    ? pair.copy(follower.position, { table: action.table, replace: true }, action.limit)
    : pair.step(follower.position, { limit: action.limit }));
  follower.position = chunk.to;
  const counted = chunk.counts.map(({ inserted, updated, deleted }) => inserted + updated + deleted);
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(chunk.changes);
  return chunk;
}

describe('whatever an application does', () => {
  test('both ways of moving changes end with the source’s rows, in chunks of any size', async () => {
    const attach = await follow('attach');
    const rows = await follow('rows');
    const { app } = attach.pair;
    app.exec(TRIGGER);
    const tables = TABLES.map((source) => ({ source }));

    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
        // Also after a run that failed, so that a shrunk one starts like the first.
        app.exec(TABLES.map((table) => `DELETE FROM ${table};`).join('\n'));
        await catchUp(attach);
        await catchUp(rows);
        for (const next of actions) {
          if (next.kind === 'transaction') {
            write(app, next);
            continue;
          }
          const [one, other] = [await perform(attach, next), await perform(rows, next)];
          const { to, more, changes, snapshot } = one;
          expect(other).toMatchObject({ to, more, changes, snapshot });
        }
        await catchUp(attach);
        await catchUp(rows);
        for (const { file } of [attach, rows]) {
          expect(differences(folder.file('source.db'), file, tables)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
