import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import type { Adapter, Comparison } from '../../engine';
import { postgresAdapter } from '../../engine/adapters/postgres';
import { byRows } from '../support/by-rows';
import { engineOver, REF, replicate, specOf, started } from '../support/pipelines';
import { createScratchDatabase, select, type ScratchPostgres } from '../support/postgres';
import { NATIVE_SAMPLES, type NativeSample } from '../types/samples/postgres';

/** How rows travel: rows are what is left where a target takes no direct way. */
const WAYS: readonly (readonly [string, Adapter])[] = [
  ['copy', postgresAdapter],
  ['rows', byRows(postgresAdapter)],
];

/** What an administrator can prefer, and what must not matter. */
const PREFERENCES: readonly (readonly string[])[] = [
  [
    `IntervalStyle = 'sql_standard'`,
    `DateStyle = 'SQL, DMY'`,
    `TimeZone = 'Asia/Kolkata'`,
    `extra_float_digits = -15`,
    `bytea_output = 'escape'`,
    `xmloption = 'document'`,
  ],
  [`IntervalStyle = 'postgres_verbose'`, `DateStyle = 'German'`, `TimeZone = 'America/St_Johns'`],
];

/** A type on its way: its tables, and what both databases held after each step. */
interface Trial {
  readonly sample: NativeSample;
  /** An integer key; a column of the type, and with arrays and a domain of it where there are any. */
  readonly values: string;
  /** With a key of the type; null where it can't be one. */
  readonly keys: string | null;
  readonly domain: string;
  readonly seen: Seen[];
}

interface Seen {
  readonly step: string;
  readonly source: readonly string[];
  readonly target: readonly string[];
}

interface Pair {
  readonly source: ScratchPostgres;
  readonly target: ScratchPostgres;
  readonly here: Client;
  readonly there: Client;
}

async function createPair(): Promise<Pair> {
  const [source, target] = [await createScratchDatabase(), await createScratchDatabase()];
  const open = async (database: ScratchPostgres, preferences: readonly string[]): Promise<Client> => {
    const client = await database.connect();
    for (const preference of preferences) {
      await client.query(`ALTER DATABASE ${database.name} SET ${preference}`);
    }
    // What compares sees everything, whatever the database prefers.
    await client.query(`SET extra_float_digits = 3; SET xmloption = 'content'`);
    return client;
  };
  const [ofSource = [], ofTarget = []] = PREFERENCES;
  return { source, target, here: await open(source, ofSource), there: await open(target, ofTarget) };
}

/** Null for what this server does not know. */
async function prepare({ here, there }: Pair, sample: NativeSample, number: number): Promise<Trial | null> {
  const { since = 0, extension, setup = [], declaration, plain, key } = sample;
  const [known] = await select(
    here,
    `SELECT current_setting('server_version_num')::int >= ${since}
  AND ($1::text IS NULL OR EXISTS (SELECT FROM pg_available_extensions WHERE name = $1))`,
    [extension ?? null],
  );
  if (known?.[0] !== 't') return null;
  const domain = `"Domain ${number}"`;
  const columns = [`id integer PRIMARY KEY`, `value ${declaration}`];
  const made = [...setup];
  if (extension !== undefined) made.unshift(`CREATE EXTENSION IF NOT EXISTS ${extension}`);
  if (plain !== true) {
    made.push(`CREATE DOMAIN ${domain} AS ${declaration}`);
    columns.push(`list ${declaration}[]`, `dom ${domain}`, `doms ${domain}[]`);
  }
  for (const client of [here, there]) for (const statement of made) await client.query(statement);
  const [values, keys] = [`v_${number}`, key === false ? null : `k_${number}`];
  await here.query(`CREATE TABLE ${values} (${columns.join(', ')})`);
  if (keys !== null) await here.query(`CREATE TABLE ${keys} (key ${declaration} PRIMARY KEY, n integer)`);
  return { sample, values, keys, domain, seen: [] };
}

function isArray(declaration: string): boolean {
  return /\[\]$|^numbers$/.test(declaration);
}

function literalsOf({ sample: { literals, declaration } }: Trial): readonly string[] {
  return literals.map((literal) => `(${literal})::${declaration}`);
}

/** Every value once: alone, as a domain, and among others in arrays of several shapes. */
function insertValues(trial: Trial, from: number): readonly string[] {
  const { sample, values, domain } = trial;
  const literals = literalsOf(trial);
  const rows = literals.map((value, n) => {
    if (sample.plain === true) return value;
    if (isArray(sample.declaration)) return `${value}, NULL, ${value}, NULL`;
    const next = literals[(n + 1) % literals.length] ?? value;
    const lists = [
      `ARRAY[${value}, NULL, ${next}]`,
      `array_append(array_fill(${value}, ARRAY[2], ARRAY[${n - 3}]), NULL)`,
      `ARRAY[[${value}, ${next}], [NULL, ${value}]]`,
    ];
    return `${value}, ${lists[n % lists.length] ?? ''}, ${value}, ARRAY[${value}, NULL]::${domain}[]`;
  });
  return [
    `INSERT INTO ${values} (id) VALUES (${from})`,
    ...rows.map((row, n) => `INSERT INTO ${values} VALUES (${from + n + 1}, ${row})`),
  ];
}

/** What happens, step by step, each in one transaction. */
const STEPS: readonly (readonly [string, (trial: Trial) => readonly string[]])[] = [
  [
    'copied',
    (trial) => {
      const keys = literalsOf(trial).filter((_, n) => n % 2 === 0);
      return [
        ...insertValues(trial, 0),
        ...(trial.keys === null
          ? []
          : keys.map((key, n) => `INSERT INTO ${trial.keys} VALUES (${key}, ${n})`)),
      ];
    },
  ],
  [
    'inserted and updated',
    (trial) => {
      const { values, keys, sample } = trial;
      const columns = sample.plain === true ? 'value' : 'value, list, dom, doms';
      const literals = literalsOf(trial);
      return [
        ...insertValues(trial, 1000),
        // Every value once more, over another one.
        `UPDATE ${values} SET (${columns}) = (SELECT ${columns} FROM ${values} o
           WHERE o.id = (${values}.id + 1) % ${literals.length + 1}) WHERE id < 1000`,
        `UPDATE ${values} SET value = NULL WHERE id = 1001`,
        ...(keys === null
          ? []
          : literals.map(
              (key, n) => `INSERT INTO ${keys} VALUES (${key}, ${n}) ON CONFLICT (key) DO UPDATE SET n = -1`,
            )),
        ...(keys === null || sample.respelled === undefined
          ? []
          : [`INSERT INTO ${keys} VALUES (${sample.respelled[0]}, 77)`]),
      ];
    },
  ],
  [
    'deleted, and moved from key to key',
    (trial) => {
      const { values, keys, sample } = trial;
      const removed = `DELETE FROM ${values} WHERE id % 2 = 0`;
      if (keys === null) return [removed];
      const [first = '', second = first] = literalsOf(trial);
      const [old, renewed] = sample.respelled ?? [];
      return [
        removed,
        ...(old === undefined || renewed === undefined
          ? []
          : [`UPDATE ${keys} SET key = ${renewed} WHERE key = (${old})::${sample.declaration}`]),
        `DELETE FROM ${keys} WHERE key = ${first}`,
        `UPDATE ${keys} SET key = ${first} WHERE key = ${second}`,
        `UPDATE ${keys} SET n = n + 1`,
      ];
    },
  ],
];

async function look({ here, there }: Pair, trial: Trial, step: string): Promise<void> {
  for (const table of [trial.values, trial.keys]) {
    if (table === null) continue;
    const rows = async (client: Client): Promise<readonly string[]> =>
      (await select(client, `SELECT t::text FROM ${table} t ORDER BY t::text COLLATE "C"`)).map(
        ([text]) => text ?? '',
      );
    trial.seen.push({ step: `${table} ${step}`, source: await rows(here), target: await rows(there) });
  }
}

/** All of them in long runs; in short ones half of them by COPY, and by rows, as values of other databases go, every sixth. */
function samplesBy(way: string): readonly (readonly [string, readonly NativeSample[]])[] {
  const each = process.env['CDC_LONG'] === '1' ? 1 : way === 'copy' ? 2 : 6;
  return Object.entries(NATIVE_SAMPLES).map(([group, samples]) => [
    group,
    samples.filter((sample, n) => n % each === 0 || sample.setup !== undefined),
  ]);
}

describe.each(WAYS)('PostgreSQL to PostgreSQL by %s', (way, adapter) => {
  describe.each(samplesBy(way))('%s', (_, samples) => {
    const trials: (Trial | null)[] = [];
    let comparison: Comparison;
    let pair: Pair;

    beforeAll(async () => {
      pair = await createPair();
      for (const client of [pair.here, pair.there]) await client.query('CREATE SCHEMA "Weird schema"');
      for (const [number, sample] of samples.entries()) trials.push(await prepare(pair, sample, number));
      const known = trials.filter((trial) => trial !== null);
      const engine = engineOver(pair.source.url, pair.target.url, { adapter });
      try {
        const pipeline = await engine.pipeline(REF);
        expect((await pipeline.plan(specOf(['public.*']))).transport).toBe(way);
        let generation: number | null = null;
        for (const [step, statementsOf] of STEPS) {
          for (const trial of known) {
            for (const statement of ['BEGIN', ...statementsOf(trial), 'COMMIT'])
              await pair.here.query(statement);
          }
          if (generation === null) {
            ({ generation } = await started(pipeline, specOf(['public.*'], { snapshotRows: 8 })));
          } else await replicate(pipeline, generation, { settings: { batchRows: 50 } });
          for (const trial of known) await look(pair, trial, step);
        }
        comparison = await pipeline.verify({});
      } finally {
        await engine.close();
      }
    }, 120_000);

    afterAll(async () => {
      await pair.source.drop();
      await pair.target.drop();
    });

    test.each(samples.map((sample, n) => [sample.called ?? sample.declaration, n] as const))(
      'values of %s arrive as they are, copied and as changes, and as keys',
      (_name, n) => {
        const trial = trials[n];
        // An older server, or one without the extension.
        if (trial === undefined || trial === null) return;
        for (const { step, source, target } of trial.seen) {
          expect({ step, rows: target }).toEqual({ step, rows: source });
        }
        const [first] = trial.seen;
        expect(first?.source).toHaveLength(trial.sample.literals.length + 1);
        for (const table of [trial.values, trial.keys]) {
          if (table === null) continue;
          const found = comparison.tables.find(({ source }) => source === `public.${table}`);
          expect(found).toMatchObject({ missing: 0, extra: 0, different: 0 });
        }
      },
    );
  });
});
