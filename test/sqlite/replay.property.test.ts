import { describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { readHeadPosition } from '../../engine/adapters/sqlite/capture/counter';
import { encodePosition } from '../../engine/adapters/sqlite/capture/position';
import type { TableRoute } from '../../engine/model';
import { folderPerTest } from '../support/sqlite';
import { captureTables, replicaOf, routeOf, sourceRows, sourceSession } from '../support/sqlite-replica';

/**
 * Random schemas and statements with every way that SQLite has to write a row besides the one that a statement
 * names. Values are few, so that rows meet all the time.
 */
interface World {
  readonly key: keyof typeof KEYS;
  readonly option: keyof typeof OPTIONS;
  readonly unique: keyof typeof UNIQUES;
  readonly reference: keyof typeof REFERENCES;
  readonly trigger: keyof typeof TRIGGERS;
  readonly place: (typeof PLACES)[number];
  readonly recursive: boolean;
  readonly foreignKeys: boolean;
  readonly steps: readonly Step[];
}

type Step =
  | { readonly kind: 'sql'; readonly sql: string }
  | {
      readonly kind: 'transaction';
      readonly statements: readonly string[];
      readonly end: 'COMMIT' | 'ROLLBACK';
    }
  | { readonly kind: 'read'; readonly limit: number }
  /** Drops the application's trigger, or makes it again. */
  | { readonly kind: 'toggle' };

/** The table `t` has a key `k` (and `k2`), a column `u` that may be unique, a reference `p`, and a value `v`. */
const KEYS = {
  integer: 'k INTEGER PRIMARY KEY',
  text: 'k TEXT NOT NULL PRIMARY KEY',
  nocase: 'k TEXT NOT NULL COLLATE NOCASE PRIMARY KEY',
  untyped: 'k NOT NULL PRIMARY KEY',
  replacing: 'k TEXT NOT NULL COLLATE NOCASE PRIMARY KEY ON CONFLICT REPLACE',
  index: 'k NOT NULL UNIQUE',
} as const;

/** What stands behind the columns. */
const OPTIONS = {
  none: ')',
  withoutRowid: ') WITHOUT ROWID',
  composite: ', UNIQUE (k, v)) ',
} as const;

const UNIQUES = {
  none: { column: 'u', index: '' },
  plain: { column: 'u UNIQUE', index: '' },
  replacing: { column: 'u UNIQUE ON CONFLICT REPLACE', index: '' },
  nocase: { column: 'u', index: 'CREATE UNIQUE INDEX uu ON t (u COLLATE NOCASE)' },
  partial: { column: 'u', index: "CREATE UNIQUE INDEX uu ON t (u) WHERE v <> 'a' -- only some" },
  expression: { column: 'u', index: "CREATE UNIQUE INDEX uu ON t (lower(u) || coalesce(v, '') DESC)" },
  defaulted: { column: "u NOT NULL DEFAULT 'b' UNIQUE", index: '' },
  generated: { column: 'u, g AS (lower(u))', index: 'CREATE UNIQUE INDEX uu ON t (g)' },
  two: { column: 'u UNIQUE', index: 'CREATE UNIQUE INDEX uu ON t (v, u)' },
} as const;

const REFERENCES = {
  none: 'p',
  cascade: 'p REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE',
  setNull: 'p REFERENCES parent (id) ON DELETE SET NULL ON UPDATE SET NULL',
  self: 'p REFERENCES t (k) ON DELETE SET NULL ON UPDATE CASCADE',
  selfCascade: 'p REFERENCES t (k) ON DELETE CASCADE ON UPDATE SET NULL',
} as const;

const TRIGGERS = {
  none: '',
  after: `CREATE TRIGGER app AFTER UPDATE OF v ON t WHEN NEW.v <> 'done'
    BEGIN UPDATE t SET v = 'done' WHERE k = NEW.k; END`,
  revert: 'CREATE TRIGGER app AFTER UPDATE OF v ON t BEGIN UPDATE t SET v = OLD.v WHERE k = NEW.k; END',
  before: `CREATE TRIGGER app BEFORE INSERT ON t BEGIN DELETE FROM t WHERE u = NEW.u; END`,
  move: `CREATE TRIGGER app AFTER INSERT ON t WHEN NEW.v = 'a'
    BEGIN UPDATE OR IGNORE t SET u = 'A' WHERE k = NEW.k; UPDATE OR REPLACE t SET u = 'b' WHERE k <> NEW.k; END`,
  elsewhere: `CREATE TRIGGER app AFTER DELETE ON t BEGIN INSERT OR REPLACE INTO parent VALUES (OLD.k, 'gone'); END`,
  ignore: `CREATE TRIGGER app AFTER UPDATE ON t WHEN NEW.v = 'b' BEGIN SELECT RAISE(IGNORE); END`,
  fail: `CREATE TRIGGER app AFTER INSERT ON t WHEN NEW.v = 'b' BEGIN SELECT RAISE(FAIL, 'no'); END`,
  around: `CREATE TRIGGER app AFTER UPDATE ON parent BEGIN UPDATE t SET v = NEW.name WHERE p IS NULL; END`,
} as const;

/** When the application's trigger is made: an older one fires after ours, a newer one before, until we install again. */
const PLACES = ['older', 'newer', 'newer, then installed again'] as const;

const KEY_VALUES = ['1', '2', '1.0', "'a'", "'A'", "'b'", "x'61'"];
const VALUES = ["'a'", "'A'", "'b'", 'NULL', '1', '1.0'];
const NAMES = ["'x'", "'y'", "'done'"];

const oneOf = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const conflict = oneOf(
  '',
  '',
  ' OR REPLACE',
  ' OR REPLACE',
  ' OR IGNORE',
  ' OR FAIL',
  ' OR ROLLBACK',
  ' OR ABORT',
);
const tuple = fc.tuple(
  oneOf(...KEY_VALUES),
  oneOf(...VALUES),
  oneOf(...KEY_VALUES, 'NULL'),
  oneOf(...VALUES),
);
const condition = fc.oneof(
  oneOf(...KEY_VALUES).map((key) => `k = ${key}`),
  oneOf(...VALUES).map((value) => `u IS ${value}`),
  oneOf('1', 'p IS NULL', 'v > u'),
);
const assignment = fc.oneof(
  { weight: 2, arbitrary: oneOf(...KEY_VALUES).map((value) => `k = ${value}`) },
  { weight: 4, arbitrary: oneOf(...VALUES).map((value) => `u = ${value}`) },
  { weight: 2, arbitrary: oneOf(...VALUES).map((value) => `v = ${value}`) },
  { weight: 1, arbitrary: oneOf(...KEY_VALUES, 'NULL').map((value) => `p = ${value}`) },
  { weight: 1, arbitrary: oneOf('1', '2').map((value) => `rowid = ${value}`) },
);
const assignments = fc
  .uniqueArray(assignment, { minLength: 1, maxLength: 2, selector: (sql) => sql.split(' ')[0] })
  .map((list) => list.join(', '));
const upsert = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constant(' ON CONFLICT DO NOTHING') },
  { weight: 1, arbitrary: fc.constant(' ON CONFLICT (k) DO UPDATE SET u = excluded.u') },
  { weight: 1, arbitrary: assignments.map((list) => ` ON CONFLICT (u) DO UPDATE SET ${list}`) },
);
const statement = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(conflict, fc.array(tuple, { minLength: 1, maxLength: 3 }), upsert)
      .map(
        ([policy, rows, onConflict]) =>
          `INSERT${policy} INTO t (k, u, p, v) VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}${onConflict}`,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(conflict, oneOf('1', '2', '3'), tuple)
      .map(
        ([policy, rowid, row]) =>
          `INSERT${policy} INTO t (rowid, k, u, p, v) VALUES (${rowid}, ${row.join(', ')})`,
      ),
  },
  { weight: 1, arbitrary: oneOf(...VALUES).map((value) => `INSERT OR REPLACE INTO t (u) VALUES (${value})`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(conflict, assignments, condition)
      .map(([policy, list, where]) => `UPDATE${policy} t SET ${list} WHERE ${where}`),
  },
  { weight: 2, arbitrary: condition.map((where) => `DELETE FROM t WHERE ${where}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(conflict, oneOf(...KEY_VALUES), oneOf(...NAMES))
      .map(([policy, id, name]) => `INSERT${policy} INTO parent VALUES (${id}, ${name})`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(oneOf(...KEY_VALUES), oneOf(...KEY_VALUES))
      .map(([to, from]) => `UPDATE OR REPLACE parent SET id = ${to} WHERE id = ${from}`),
  },
  { weight: 1, arbitrary: oneOf(...KEY_VALUES).map((id) => `DELETE FROM parent WHERE id = ${id}`) },
);
const inTransaction = fc.oneof(
  { weight: 6, arbitrary: statement },
  { weight: 1, arbitrary: oneOf('SAVEPOINT s', 'ROLLBACK TO s', 'RELEASE s') },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: statement.map((sql): Step => ({ kind: 'sql', sql })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.array(inTransaction, { maxLength: 6 }),
        fc.constantFrom<'COMMIT' | 'ROLLBACK'>('COMMIT', 'ROLLBACK'),
      )
      .map(([statements, end]): Step => ({ kind: 'transaction', statements, end })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'sql', sql: 'VACUUM' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'toggle' }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }).map((limit): Step => ({ kind: 'read', limit })) },
);

function namesOf<K extends string>(options: Readonly<Record<K, unknown>>): fc.Arbitrary<K> {
  const isName = (name: string): name is K => name in options;
  return fc.constantFrom(...Object.keys(options).filter(isName));
}

function worlds(fixed: Partial<World> = {}): fc.Arbitrary<World> {
  return (
    fc
      .record({
        key: namesOf(KEYS),
        option: namesOf(OPTIONS),
        unique: namesOf(UNIQUES),
        reference: namesOf(REFERENCES),
        trigger: namesOf(TRIGGERS),
        place: fc.constantFrom(...PLACES),
        recursive: fc.boolean(),
        foreignKeys: fc.boolean(),
        steps: fc.array(step, { minLength: 1, maxLength: 14 }),
      })
      .map((world) => ({ ...world, ...fixed }))
      // Such a trigger is noticed by `check` where it is newer than ours.
      .filter(
        ({ trigger, place, steps }) =>
          !['ignore', 'fail'].includes(trigger) ||
          (place !== 'newer' && steps.every((taken) => taken.kind !== 'toggle')),
      )
      // Only a PRIMARY KEY can do without the rowid.
      .filter(({ key, option }) => !(key === 'index' && option === 'withoutRowid'))
  );
}

interface Damage {
  /** SQL run on the source after capture was put on it. */
  readonly sql?: readonly string[];
  readonly neverReread?: boolean;
}

/** Runs a world and throws where the replica differs from the source at the end of a window. */
function run(path: string, world: World, damage: Damage = {}): void {
  const writer = new Database(path);
  const unique = UNIQUES[world.unique];
  writer.pragma('journal_mode = WAL');
  writer.pragma('synchronous = OFF');
  writer.exec(`CREATE TABLE parent (id NOT NULL PRIMARY KEY, name);
CREATE TABLE t (${KEYS[world.key]}, ${unique.column}, ${REFERENCES[world.reference]}, v${OPTIONS[world.option]};
${unique.index}
;INSERT INTO parent VALUES (1, 'x'), ('a', 'y');
INSERT OR IGNORE INTO t (k, u, p, v) VALUES (1, 'b', NULL, 'a'), (2, 'a', 1, 'b')`);
  if (world.place === 'older') writer.exec(TRIGGERS[world.trigger]);
  const session = sourceSession(path);
  try {
    const tables = ['parent', 't'];
    const position = captureTables(session, tables);
    if (world.place !== 'older') writer.exec(TRIGGERS[world.trigger]);
    const toggles = world.steps.some((taken) => taken.kind === 'toggle');
    const newer = world.trigger !== 'none' && (world.place === 'newer' || toggles);
    if (world.place === 'newer, then installed again') captureTables(session, tables);
    writer.exec((damage.sql ?? []).join(';'));
    writer.pragma(`recursive_triggers = ${world.recursive ? 'ON' : 'OFF'}`);
    writer.pragma(`foreign_keys = ${world.foreignKeys ? 'ON' : 'OFF'}`);
    const resolve = (): readonly TableRoute[] =>
      tables.map((table) => {
        const route = routeOf(session, table);
        return damage.neverReread === true ? { ...route, source: { ...route.source, reread: false } } : route;
      });
    // Beyond the schema's last change, so that nothing but the routes says what to read again.
    const start = damage.neverReread === true ? encodePosition(readHeadPosition(session)) : position;
    const replica = replicaOf(session, resolve(), start);
    const compare = (limit: number): void => {
      const routes = resolve();
      replica.catchUp(routes, limit);
      for (const route of routes) expect(replica.rows(route)).toEqual(sourceRows(session, route));
    };
    const write = (sql: string): void => {
      try {
        // A newer trigger that fails under OR FAIL leaves its row written, and ours not fired: that is a known limit.
        writer.exec(newer ? sql.replace(' OR FAIL', ' OR ABORT') : sql);
      } catch {
        // A statement that the schema refuses leaves nothing; the next one is another try.
      }
    };
    for (const taken of world.steps) {
      if (taken.kind === 'sql') write(taken.sql);
      else if (taken.kind === 'read') compare(taken.limit);
      else if (taken.kind === 'toggle') {
        const made = writer.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'app'`).get() !== undefined;
        writer.exec(made ? 'DROP TRIGGER app' : TRIGGERS[world.trigger]);
      } else {
        write('BEGIN');
        for (const sql of taken.statements) write(sql);
        // Nothing of an open transaction may be seen.
        compare(3);
        if (writer.inTransaction) write(taken.end);
        if (writer.inTransaction) write('ROLLBACK');
      }
    }
    compare(2);
  } finally {
    session.close();
    writer.close();
  }
}

const RUNS = process.env['CDC_LONG'] === '1' ? 20_000 : 400;

describe('changes of random statements over random schemas', () => {
  const folder = folderPerTest();
  let databases = 0;
  const nextFile = (): string => folder.file(`world-${databases++}.db`);

  test('come to the rows that the source has, at every end of a window', () => {
    fc.assert(
      fc.property(worlds(), (world) => {
        run(nextFile(), world);
      }),
      { numRuns: RUNS },
    );
  });

  test('do not, once the triggers that look for victims of REPLACE are gone', () => {
    const triggers = ['touchinsert', 'touchupdate'].map(
      (action) => `DROP TRIGGER IF EXISTS _cdc_t_${action}`,
    );
    const result = fc.check(
      fc.property(worlds({ unique: 'plain', trigger: 'none', reference: 'none' }), (world) => {
        run(nextFile(), world, { sql: triggers });
      }),
      { numRuns: 1_000 },
    );
    expect(result.failed).toBe(true);
  });

  test('do not, where rows that triggers write are taken from the log', () => {
    const result = fc.check(
      fc.property(
        worlds({ trigger: 'after', unique: 'none', reference: 'none', place: 'newer' }),
        (world) => {
          run(nextFile(), world, { neverReread: true });
        },
      ),
      { numRuns: 1_000 },
    );
    expect(result.failed).toBe(true);
  });
});
