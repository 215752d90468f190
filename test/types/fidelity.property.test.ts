/**
 * What is said of a column before it starts is what happens to its values: where `cdc plan` says exact or widened, the
 * target's own look at each value never refuses one.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fidelityOf } from '../../engine';
import type { ColumnBounds, ColumnSchema, LogicalType, SpecialValue, TypedColumn, Value } from '../../engine';
import { fitFor as fitOnMysql } from '../../engine/adapters/mysql/target/fitting';
import { types as mysqlTypes } from '../../engine/adapters/mysql/types';
import { fitFor as fitOnPostgres } from '../../engine/adapters/postgres/target/fitting';
import { types as postgresTypes } from '../../engine/adapters/postgres/types';
import { types as sqliteTypes } from '../../engine/adapters/sqlite/types';
import { column, foundOn } from './columns';

const digits = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most })
    .map((list) => list.join(''));

function day(bounds: ColumnBounds | undefined): fc.Arbitrary<string> {
  const plain = fc
    .tuple(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 28 }),
    )
    .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`);
  const specials: Partial<Record<SpecialValue, readonly string[]>> = {
    'years after 9999': ['12345-01-01'],
    'zero dates': ['0000-00-00', '2024-00-00', '2024-02-31'],
  };
  return withSpecials(plain, bounds, specials);
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function withSpecials<T>(
  plain: fc.Arbitrary<T>,
  bounds: ColumnBounds | undefined,
  specials: Partial<Record<SpecialValue, readonly T[]>>,
): fc.Arbitrary<T> {
  const found = (bounds?.specials ?? []).flatMap((special) => specials[special] ?? []);
  return found.length === 0 ? plain : fc.oneof({ weight: 4, arbitrary: plain }, fc.constantFrom(...found));
}

function clock(bounds: ColumnBounds | undefined): fc.Arbitrary<string> {
  const plain = fc
    .tuple(
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 59 }),
      digits(0, bounds?.fraction ?? 6),
    )
    .map(
      ([hour, minute, second, rest]) =>
        `${two(hour)}:${two(minute)}:${two(second)}${rest === '' ? '' : `.${rest}`}`,
    );
  return withSpecials(plain, bounds, {
    '24:00': ['24:00:00'],
    'times beyond a day': ['-00:00:01', '838:59:59'],
  });
}

/** Values that a column may hold, as adapters read them. */
function valuesOf({ type, bounds }: TypedColumn): fc.Arbitrary<Value> | null {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int': {
      const bits = BigInt(type.bits);
      const [min, max] = type.signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
      return bounds?.only === undefined ? fc.bigInt({ min, max }) : fc.bigInt({ min: 0n, max: 1n });
    }
    case 'decimal': {
      const scale = type.scale ?? 5;
      const whole = (type.precision ?? 60) - scale;
      const plain = fc
        .tuple(fc.constantFrom('', '-'), digits(1, Math.max(1, whole)), digits(scale, scale))
        .map(([sign, before, after]) => `${sign}${before}${after === '' ? '' : `.${after}`}`);
      return withSpecials(plain, bounds, { NaN: ['NaN'], infinity: ['Infinity', '-Infinity'] });
    }
    case 'float': {
      const plain =
        type.bits === 32
          ? fc.float({ noNaN: true, noDefaultInfinity: true })
          : fc.double({ noNaN: true, noDefaultInfinity: true });
      const positive = plain.map((number) => (Object.is(number, -0) ? 0 : number));
      return withSpecials(positive, bounds, { NaN: [NaN], infinity: [Infinity], 'negative zero': [-0] });
    }
    case 'text': {
      const letters = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) =>
        Array.from(text.replaceAll('\0', '').trimEnd())
          .slice(0, type.length ?? Infinity)
          .join(''),
      );
      return withSpecials(letters, bounds, { 'U+0000': ['a\0'], 'invalid UTF-8': ['\udcff'] });
    }
    case 'bytes':
      return bounds?.only === undefined
        ? fc.uint8Array({ maxLength: type.length ?? 100 })
        : fc.uint8Array({ minLength: type.length ?? 0, maxLength: type.length ?? 0 });
    case 'date':
      return withSpecials(day(bounds), bounds, {
        infinity: ['infinity'],
        'years before 1': ['0044-03-15 BC'],
      });
    case 'time':
      return clock(bounds).map((text) => (type.zone ? `${text}+05:30` : text));
    case 'timestamp':
      return withSpecials(
        fc
          .tuple(day(bounds), clock({ specials: [], fraction: bounds?.fraction ?? 6 }))
          .map(([date, time]) => `${date} ${time}${type.zone ? '+00' : ''}`),
        bounds,
        { infinity: ['infinity'], 'years before 1': ['0044-03-15 12:00:00 BC'] },
      );
    case 'uuid':
      return fc.uuid();
    case 'enum':
      return fc.constantFrom(...type.members);
    case 'json':
      return fc.json();
    case 'dynamic': {
      if (type.strict !== true) return null;
      const typed: Record<typeof type.affinity, LogicalType> = {
        integer: { kind: 'int', bits: 64, signed: true },
        real: { kind: 'float', bits: 64 },
        text: { kind: 'text', length: null },
        blob: { kind: 'bytes', length: null },
        numeric: { kind: 'int', bits: 64, signed: true },
      };
      return valuesOf({
        declaredType: '',
        type: typed[type.affinity],
        ...(bounds === undefined ? {} : { bounds }),
      });
    }
    case 'interval':
    case 'array':
    case 'other':
      return fc.constantFrom('P1Y', '{1,2}', 'ab', '00ff');
  }
}

/** True when the target takes a value as it is. */
type Takes = (source: ColumnSchema, made: string, value: Value) => boolean;

const onPostgres: Takes = (source, made, value) =>
  fitOnPostgres(source, column(made, postgresTypes.describe({ declared: made })))(value) !== undefined;
const onMysql: Takes = (source, made, value) =>
  fitOnMysql(source.type, foundOn(made), { keepsSignOfZero: true })(value) !== undefined;

const PAIRS = [
  ['PostgreSQL', postgresTypes, 'MySQL', mysqlTypes, onMysql],
  ['SQLite', sqliteTypes, 'MySQL', mysqlTypes, onMysql],
  ['MySQL', mysqlTypes, 'PostgreSQL', postgresTypes, onPostgres],
  ['SQLite', sqliteTypes, 'PostgreSQL', postgresTypes, onPostgres],
] as const;

describe.each(PAIRS)('from %s, %#', (_from, sourceTypes, to, targetTypes, takes) => {
  const cases = sourceTypes.entries.flatMap((entry) => {
    const source = column(entry.declared, sourceTypes.describe(entry));
    const made = targetTypes.made(source);
    const values = valuesOf(source);
    if (made === null || values === null) return [];
    const { fidelity } = fidelityOf(
      source,
      { declaredType: made, ...targetTypes.describe({ declared: made }) },
      false,
    );
    return fidelity === 'exact' || fidelity === 'widened'
      ? [[entry.declared, made, source, values] as const]
      : [];
  });

  test.each(cases)(`values of %s all fit into %s of ${to}`, (_declared, made, source, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(takes(source, made, value)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
