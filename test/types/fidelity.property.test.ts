/**
 * What is said of a column before it starts is what happens to its values, from every type into every other: where
 * `cdc plan` says exact or widened, the target's own look at each value refuses none; where it says checked, it takes
 * some.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fidelityOf } from '../../engine';
import type { ColumnSchema, TypeTable, Value } from '../../engine';
import { openSession } from '../../engine/adapters/sqlite/database/session';
import { affinityOf } from '../../engine/adapters/sqlite/schema/affinity';
import { keeps } from '../../engine/adapters/sqlite/target/keeping';
import { fitFor as fitOnMysql } from '../../engine/adapters/mysql/target/fitting';
import { types as mysqlTypes } from '../../engine/adapters/mysql/types';
import { fitFor as fitOnPostgres } from '../../engine/adapters/postgres/target/fitting';
import { types as postgresTypes } from '../../engine/adapters/postgres/types';
import { types as sqliteTypes } from '../../engine/adapters/sqlite/types';
import { ordinaryOf, valuesOf } from './column-values';
import { column, foundOn } from './columns';

const folder = mkdtempSync(join(tmpdir(), 'temporal-cdc-'));
const session = openSession({
  file: { name: 'target', path: join(folder, 'target.db') },
  role: 'target',
  readOnly: false,
  create: true,
  busyTimeoutMs: 1000,
});

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true });
});

/** True where a column takes a value as it is. */
type Takes = (value: Value) => boolean;

interface Side {
  readonly name: string;
  readonly types: TypeTable;
  readonly takes: (source: ColumnSchema, target: ColumnSchema) => Takes;
}

const POSTGRES: Side = {
  name: 'PostgreSQL',
  types: postgresTypes,
  takes: (source, target) => {
    const fit = fitOnPostgres(source, target);
    return (value) => fit(value) !== undefined;
  },
};

const MYSQL: Side = {
  name: 'MySQL',
  types: mysqlTypes,
  takes: (source, { declaredType }) => {
    const fit = fitOnMysql(source.type, foundOn(declaredType), { keepsSignOfZero: true });
    return (value) => fit(value) !== undefined;
  },
};

const SQLITE: Side = {
  name: 'SQLite',
  types: sqliteTypes,
  takes: ({ type }, { declaredType, type: there }) => {
    const isStrict = there.kind === 'dynamic' && there.strict === true;
    const affinity = affinityOf(declaredType, isStrict || declaredType === 'ANY');
    const stored = isStrict ? strictTable(declaredType) : null;
    return (value) => {
      if (Number.isNaN(value)) return false;
      // Between databases of SQLite its bytes are what they are.
      if (typeof value === 'string' && !value.isWellFormed() && type.kind !== 'dynamic') return false;
      if (affinity !== 'blob' && !keeps(session, { place: 0, affinity, type }, value)) return false;
      return stored === null || stored(value);
    };
  },
};

/** Whether a STRICT column takes a value. */
function strictTable(declaredType: string): Takes {
  const table = `strict_${declaredType}`;
  session.db.exec(`CREATE TABLE IF NOT EXISTS ${table} (c ${declaredType}) STRICT`);
  return (value) => {
    try {
      session.run(`INSERT INTO ${table} VALUES (?)`, value);
      return true;
    } catch {
      return false;
    }
  };
}

const SIDES = [POSTGRES, MYSQL, SQLITE];

function columnsOf({ types }: Side): readonly ColumnSchema[] {
  return types.entries.map((entry) => column(entry.declared, types.describe(entry)));
}

/** Each of the target's types, and the one that would be made. */
function targetsOf(to: Side, source: ColumnSchema): readonly ColumnSchema[] {
  const made = to.types.made(source);
  return [...columnsOf(to), ...(made === null ? [] : [column(made, to.types.describe({ declared: made }))])];
}

const PAIRS = SIDES.flatMap((from) => SIDES.map((to) => [from.name, to.name, from, to] as const));

describe.each(PAIRS)('from %s to %s', (_from, _to, from, to) => {
  const cases = columnsOf(from).map((source) => [source.declaredType || 'no type', source] as const);

  test.each(cases)('values of %s fit where that is said, and some where values are checked', (_, source) => {
    const targets = targetsOf(to, source).map((target) => ({
      target,
      takes: to.takes(source, target),
      said: fidelityOf(source, target, from === to),
    }));
    const values = valuesOf(source);
    const sure = targets.filter(({ said }) => said.fidelity === 'exact' || said.fidelity === 'widened');
    if (values !== null) {
      fc.assert(
        fc.property(values, (value) => {
          const refusing = sure.filter(({ takes }) => !takes(value));
          expect(refusing.map(({ target, said }) => [target.declaredType, said.reason])).toEqual([]);
        }),
        { numRuns: 100 },
      );
    }
    const ordinary = ordinaryOf(source);
    const empty = targets.filter(
      ({ said, takes }) => said.fidelity === 'checked' && !ordinary.some((value) => takes(value)),
    );
    expect(empty.map(({ target, said }) => [target.declaredType, said.reason])).toEqual([]);
  });
});
