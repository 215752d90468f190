/** Whatever is written and whatever is chosen: the target holds what the source answers to `SELECT … WHERE …`. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mysqlAdapter } from '../../engine/adapters/mysql';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { sqliteAdapter } from '../../engine/adapters/sqlite';
import { byRows } from '../support/by-rows';
import { serverOf } from '../support/mysql';
import { openSide, type Family } from '../support/pair-sides';
import { engineOver, REF, replicate, setUp, specOf, started } from '../support/pipelines';
import { sharedServer } from '../support/postgres';
import { folderPerTest } from '../support/sqlite';

const LONG = process.env['CDC_LONG'] === '1';
const folder = folderPerTest();
let files = 0;

const number = fc.integer({ min: 0, max: 9 });
const note = fc.constantFrom(`'a'`, `'b'`, `'it''s'`, 'NULL');

/** Conditions that all databases read alike. */
const { condition } = fc.letrec<{ condition: string; simple: string }>((tie) => ({
  simple: fc.oneof(
    fc
      .tuple(fc.constantFrom('n', 'id'), fc.constantFrom('<', '<=', '=', '<>', '>'), number)
      .map((parts) => parts.join(' ')),
    note.filter((text) => text !== 'NULL').map((text) => `note = ${text}`),
    fc.constantFrom('note IS NULL', `note IN ('a', 'it''s')`, `note <> 'a'`, '(n > 3 AND n < 7)', 'n = id'),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    tie('simple'),
    fc
      .tuple(tie('condition'), fc.constantFrom('AND', 'OR'), tie('condition'))
      .map((parts) => parts.join(' ')),
    tie('condition').map((inner) => `NOT (${inner})`),
  ),
}));

const write = fc.oneof(
  fc
    .tuple(number, number, note)
    .map(([id, n, text]) => [
      `DELETE FROM accounts WHERE id = ${id}`,
      `INSERT INTO accounts (id, n, note) VALUES (${id}, ${n}, ${text})`,
    ]),
  fc.tuple(number, number).map(([id, n]) => [`UPDATE accounts SET n = ${n} WHERE id >= ${id}`]),
  fc.tuple(number, note).map(([id, text]) => [`UPDATE accounts SET note = ${text} WHERE id = ${id}`]),
  number.map((id) => [`DELETE FROM accounts WHERE id = ${id}`]),
  fc
    .tuple(number, number)
    .map(([id, to]) => [
      `DELETE FROM accounts WHERE id = ${to} AND id <> ${id}`,
      `UPDATE accounts SET id = ${to} WHERE id = ${id}`,
    ]),
);

const story = fc.record({
  before: fc.array(write, { maxLength: 12 }),
  where: condition,
  batches: fc.array(fc.array(write, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
  other: condition,
  batchRows: fc.constantFrom(1, 3, 100),
  snapshotRows: fc.constantFrom(1, 3, 100),
});

const PAIRS: readonly (readonly [Family, Family, 'rows' | 'direct'])[] = [
  ['sqlite', 'sqlite', 'direct'],
  ['sqlite', 'sqlite', 'rows'],
  ['postgres', 'postgres', 'direct'],
  ['postgres', 'postgres', 'rows'],
  ['postgres', 'sqlite', 'rows'],
  ['mariadb', 'mariadb', 'rows'],
  ['mariadb', 'postgres', 'rows'],
  ['sqlite', 'mariadb', 'rows'],
];

const MISSING = serverOf('mariadb').missing;
const here = PAIRS.filter((pair) => MISSING === undefined || !pair.includes('mariadb'));

const COLUMNS = 'SELECT id, n, note FROM accounts';
const RENAMED = 'SELECT account, n, remark FROM accounts';

describe('the target holds what the condition chooses', () => {
  test.each(here)('from %s to %s, %s', async (from, to, way) => {
    const { url: mariadb } = serverOf('mariadb');
    const servers = { postgres: sharedServer(), ...(mariadb === undefined ? {} : { mariadb }) };
    await fc.assert(
      fc.asyncProperty(story, async ({ before, where, batches, other, batchRows, snapshotRows }) => {
        files += 1;
        const source = await openSide(from, { folder, servers, name: `source-${files}` });
        const target = await openSide(to, { folder, servers, name: `target-${files}` });
        const adapters = [sqliteAdapter, postgresAdapter, mysqlAdapter].map((adapter) =>
          way === 'rows' ? byRows(adapter) : adapter,
        );
        const [adapter = sqliteAdapter, ...others] = adapters;
        const engine = engineOver(source.url, target.url, { adapter, others });
        try {
          await source.createTables();
          await source.execute(...before.flat());
          const pipeline = await engine.pipeline(REF);
          const [table = ''] = source.tables;
          const mapping = { from: table, to: 'accounts', rename: { id: 'account', note: 'remark' } };
          const settings = { batchRows, snapshotRows };
          const expectChosen = async (chosen: string): Promise<void> => {
            const expected = await source.select(`${COLUMNS} WHERE ${chosen}`);
            expect([chosen, await target.select(RENAMED)]).toEqual([chosen, expected]);
            expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
          };
          const { generation } = await started(pipeline, specOf([{ ...mapping, where }], settings));
          await expectChosen(where);
          for (const batch of batches) {
            await source.execute(...batch.flat());
            await replicate(pipeline, generation, { settings });
            await expectChosen(where);
          }
          const again = await setUp(pipeline, specOf([{ ...mapping, where: other }], settings));
          await source.execute(...(batches[0] ?? []).flat());
          await replicate(pipeline, again.generation, { settings });
          await expectChosen(other);
        } finally {
          await engine.close();
          await source.dispose();
          await target.dispose();
        }
      }),
      { numRuns: LONG ? 200 : from === 'sqlite' && to === 'sqlite' ? 12 : 3, includeErrorInReport: true },
    );
  });
});
