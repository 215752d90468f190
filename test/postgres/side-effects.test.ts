/** What capture does to the application, which is nothing it could notice; and what the application does to capture. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { openSource } from '../../engine/adapters/postgres/source/source';
import { assertSameRows, currentRows, readChunk, replay } from '../../engine/contract/replay';
import { isCdcError } from '../../engine/errors';
import { connectTo, databaseUrl, onServer, select } from '../support/postgres';
import { capturePostgres, type CapturedPostgres } from '../support/postgres-captured';

const ITEMS = `CREATE TABLE items (id integer PRIMARY KEY, name text, amount integer)`;

let open: CapturedPostgres | null = null;
const roles: string[] = [];

afterEach(async () => {
  await open?.end();
  open = null;
  for (const role of roles.splice(0)) await onServer((client) => client.query(`DROP ROLE IF EXISTS ${role}`));
});

async function createRole(): Promise<{ readonly name: string; readonly password: string }> {
  const role = {
    name: `cdc_role_${process.pid}_${roles.length}_${Date.now() % 100_000}`,
    password: 'for-this-test',
  };
  await onServer((client) => client.query(`CREATE ROLE ${role.name} LOGIN PASSWORD '${role.password}'`));
  roles.push(role.name);
  return role;
}

/** Runs statements after capture has begun, then compares what was read in chunks of these sizes with the tables. */
async function expectSame(
  setup: readonly string[],
  statements: readonly string[],
): Promise<CapturedPostgres> {
  open = await capturePostgres(setup);
  const { client, source, start } = open;
  const routes = await open.routes();
  const before = await currentRows(source, routes);
  for (const sql of statements) await client.query(sql);
  for (const limit of [1, 2, 3, 100]) {
    const replica = new Map([...before].map(([table, rows]) => [table, new Map(rows)]));
    await replay(source, routes, start, limit, replica);
    await assertSameRows(source, routes, replica);
  }
  return open;
}

function trigger(name: string, when: string, body: string): readonly string[] {
  return [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`,
    `CREATE TRIGGER ${name} ${when} EXECUTE FUNCTION ${name}()`,
  ];
}

describe('an application that writes its own rows again', () => {
  test('by an AFTER trigger on insert, which runs before the insert is logged', async () => {
    await expectSame(
      [
        ITEMS,
        ...trigger(
          'stamp',
          'AFTER INSERT ON items FOR EACH ROW',
          `UPDATE items SET amount = 100 WHERE id = NEW.id; RETURN NULL;`,
        ),
      ],
      [`INSERT INTO items VALUES (1, 'a', 0), (2, 'b', 0)`, `DELETE FROM items WHERE id = 1`],
    );
  });

  test('by a BEFORE trigger that changes the row inserted just before', async () => {
    await expectSame(
      [
        ITEMS,
        ...trigger(
          'previous',
          'BEFORE INSERT ON items FOR EACH ROW',
          `UPDATE items SET name = 'changed' WHERE id = NEW.id - 1; RETURN NEW;`,
        ),
      ],
      [`INSERT INTO items SELECT n, 'n', n FROM generate_series(1, 5) n`],
    );
  });

  test('by a trigger that brings deleted rows back', async () => {
    await expectSame(
      [
        ITEMS,
        `INSERT INTO items VALUES (1, 'a', 0), (2, 'b', 0)`,
        ...trigger(
          'undelete',
          'AFTER DELETE ON items FOR EACH ROW',
          `IF OLD.id = 1 THEN INSERT INTO items VALUES (OLD.id, 'back', OLD.amount + 1); END IF; RETURN NULL;`,
        ),
      ],
      [`DELETE FROM items`, `DELETE FROM items WHERE id = 1`],
    );
  });

  test('by triggers of two tables that call each other', async () => {
    await expectSame(
      [
        ITEMS,
        `CREATE TABLE others (id integer PRIMARY KEY, n integer)`,
        `INSERT INTO items VALUES (1, 'a', 0)`,
        `INSERT INTO others VALUES (1, 0)`,
        ...trigger(
          'forth',
          'AFTER UPDATE OF name ON items FOR EACH ROW',
          `UPDATE others SET n = n + 1 WHERE id = NEW.id; RETURN NULL;`,
        ),
        ...trigger(
          'back',
          'AFTER UPDATE ON others FOR EACH ROW',
          `UPDATE items SET amount = NEW.n WHERE id = NEW.id; RETURN NULL;`,
        ),
      ],
      [`UPDATE items SET name = 'x'`, `UPDATE items SET name = 'y'`],
    );
  });

  test('by a function inside of the statement itself, which no trigger depth tells', async () => {
    await expectSame(
      [
        ITEMS,
        `CREATE FUNCTION touch_previous(n integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
           UPDATE items SET amount = 100 WHERE id = n - 1; RETURN n; END $$`,
      ],
      [`INSERT INTO items SELECT touch_previous(n), 'n', 0 FROM generate_series(1, 5) n`],
    );
  });

  test('by deleting and inserting a key in one statement', async () => {
    await expectSame(
      [ITEMS, `INSERT INTO items VALUES (1, 'a', 0), (2, 'b', 0)`],
      [
        `WITH gone AS (DELETE FROM items WHERE id = 1 RETURNING *) INSERT INTO items SELECT id, 'again', 1 FROM gone`,
        `WITH gone AS (DELETE FROM items RETURNING *), c AS (SELECT count(*) AS n FROM gone)
           INSERT INTO items SELECT 2, 'again', n FROM c`,
      ],
    );
  });

  test('by ON CONFLICT, COPY, MERGE-like updates and partitions', async () => {
    await expectSame(
      [
        `CREATE TABLE parts (id integer, region text, v integer, PRIMARY KEY (id, region)) PARTITION BY LIST (region)`,
        `CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a')`,
        `CREATE TABLE parts_b (v integer, region text NOT NULL, gone integer, id integer NOT NULL)`,
        `ALTER TABLE parts_b DROP COLUMN gone`,
        `ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b')`,
      ],
      [
        `INSERT INTO parts VALUES (1, 'a', 1), (2, 'b', 2)`,
        `INSERT INTO parts_b (id, region, v) VALUES (3, 'b', 3)`,
        `INSERT INTO parts VALUES (1, 'a', 5) ON CONFLICT (id, region) DO UPDATE SET v = excluded.v`,
        `UPDATE parts SET region = 'b' WHERE id = 1`,
        `UPDATE parts SET id = id + 10`,
        `DELETE FROM parts WHERE id = 12`,
        `TRUNCATE parts`,
        `INSERT INTO parts VALUES (7, 'a', 7)`,
      ],
    );
  });
});

describe('keys whose equality is not that of their text', () => {
  test.each([
    ['numeric', `1.0`, `1.00`],
    ['double precision', `'0'`, `'-0'`],
    ['interval', `'1 day'`, `'24 hours'`],
    ['jsonb', `'1.0'`, `'1.00'`],
    ['text COLLATE caseless', `'a'`, `'A'`],
    ['int[]', `'{1}'`, `'{2}'`],
  ])('of type %s are replaced when they are only written otherwise', async (type, one, other) => {
    const { source } = await expectSame(
      [
        `CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
        `CREATE TABLE keyed (k ${type} PRIMARY KEY, v integer)`,
        `INSERT INTO keyed VALUES (${one}, 1)`,
      ],
      [`UPDATE keyed SET v = 2`, `UPDATE keyed SET k = ${other}`, `UPDATE keyed SET v = 3`],
    );
    const [route] = (await open?.routes()) ?? [];
    if (route === undefined) throw new Error('no route');
    const all = { route, after: null, afterId: null, appliedUpTo: null, limit: 10, newest: false };
    expect((await source.changes(all)).map((change) => change.op)).toEqual([
      'update',
      'delete',
      'insert',
      'update',
    ]);
  });
});

describe('capture', () => {
  test('leaves lastval() and currval() to the application', async () => {
    open = await capturePostgres([`CREATE TABLE numbered (id serial PRIMARY KEY, v integer)`]);
    const { client } = open;
    await client.query(`INSERT INTO numbered (v) VALUES (1), (2)`);
    await client.query(`UPDATE numbered SET v = v + 1`);
    const [row] = await select(client, `SELECT lastval(), currval('numbered_id_seq')`);
    expect(row).toEqual(['2', '2']);
  });

  test('needs no right of the role that writes, and is not misled by its search path', async () => {
    const role = await createRole();
    open = await capturePostgres([ITEMS, `GRANT SELECT, INSERT, UPDATE, DELETE ON items TO ${role.name}`]);
    const { client, source, start, database } = open;
    await client.query(`CREATE SCHEMA trap AUTHORIZATION ${role.name}`);
    const writer = await connectTo(databaseUrl(database.name, role));
    try {
      await writer.query(
        `CREATE FUNCTION trap.never(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 1'`,
      );
      await writer.query(
        `CREATE OPERATOR trap.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = trap.never)`,
      );
      await writer.query(
        `CREATE FUNCTION trap.pg_trigger_depth() RETURNS integer LANGUAGE sql AS 'SELECT 1 / 0'`,
      );
      await writer.query(`SET search_path = trap, public, pg_catalog`);
      await writer.query(`INSERT INTO items VALUES (1, 'a', 1)`);
      await writer.query(`UPDATE items SET amount = 2`);
      await writer.query(`DELETE FROM items`);
      await expect(writer.query('SELECT * FROM cdc.changes_public_items')).rejects.toThrow(
        'permission denied',
      );
    } finally {
      await writer.end();
    }
    expect((await source.pending(start, await open.routes(), 10)).count).toBe(3);
    await client.query(`DROP OWNED BY ${role.name}`);
  });

  test('sees what is applied under session_replication_role = replica', async () => {
    open = await capturePostgres([ITEMS]);
    await open.client.query(`SET session_replication_role = replica`);
    await open.client.query(`INSERT INTO items VALUES (1, 'a', 1)`);
    expect((await open.source.pending(open.start, await open.routes(), 10)).count).toBe(1);
  });

  test('is noticed to be missing while its triggers are disabled or enabled for some sessions only', async () => {
    open = await capturePostgres([ITEMS]);
    const { client, source, start } = open;
    const routes = await open.routes();
    for (const mode of ['DISABLE TRIGGER ALL', 'ENABLE TRIGGER ALL']) {
      await client.query(`ALTER TABLE items ${mode}`);
      const error: unknown = await source.check(start, routes).catch((reason: unknown) => reason);
      expect(isCdcError(error, 'CAPTURE_MISSING')).toBe(true);
    }
  });

  test('tells a role that lacks rights what to grant', async () => {
    const role = await createRole();
    open = await capturePostgres([ITEMS, `GRANT SELECT ON items TO ${role.name}`], { tables: [] });
    await open.source.uninstall('test');
    const poor = await openSource({ url: databaseUrl(open.database.name, role), readOnly: false });
    try {
      const tables = await poor.tables();
      const consumer = { uuid: 'poor', name: 'poor', now: Date.now(), reset: false };
      const wanted: unknown = await poor.install(tables, consumer).catch((reason: unknown) => reason);
      expect(isCdcError(wanted, 'PRIVILEGE_MISSING') && wanted.hint).toContain('CREATE SCHEMA "cdc"');
      await open.client.query(`CREATE SCHEMA cdc AUTHORIZATION ${role.name}`);
      const owned: unknown = await poor.install(tables, consumer).catch((reason: unknown) => reason);
      expect(isCdcError(owned, 'PRIVILEGE_MISSING') && owned.hint).toMatch(
        /^Triggers .* GRANT ".+" TO ".+"$/,
      );
    } finally {
      await poor.close();
      await open.client.query(`DROP OWNED BY ${role.name} CASCADE`);
    }
  });

  test('says that a wrong password was refused, without saying it', async () => {
    open = await capturePostgres([ITEMS]);
    const url = databaseUrl(open.database.name, { name: 'nobody-of-this-name', password: 'geheim' });
    const error: unknown = await openSource({ url, readOnly: true }).catch((reason: unknown) => reason);
    expect(isCdcError(error, 'LOGIN_REFUSED') && `${error.message} ${error.hint}`).not.toContain('geheim');
  });

  test('comes back after its connections were ended', async () => {
    open = await capturePostgres([ITEMS]);
    const { client, source, start, database } = open;
    const routes = await open.routes();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
      [database.name],
    );
    const outcomes = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      outcomes.push(
        await source.head().then(
          () => 'answered',
          (reason: unknown) => (isCdcError(reason) ? reason.code : reason),
        ),
      );
    }
    expect(outcomes.at(-1)).toBe('answered');
    expect(outcomes.filter((outcome) => outcome !== 'answered' && outcome !== 'CONNECTION_LOST')).toEqual([]);
    expect((await readChunk(source, routes, start, 10)).changes).toBe(0);
  });
});
