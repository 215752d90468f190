/** When values of two columns are equal, by the types of the columns: by number, moment, document, or letter by letter. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equalityOf, type ComparedColumn, type LogicalType, type Value } from '../../engine/model';
import { canonicalJson } from '../../engine/model/types/canonical-json';
import { canonicalNumber } from '../../engine/model/types/canonical-number';

function column(type: LogicalType, declaredType = JSON.stringify(type)): ComparedColumn {
  return { declaredType, type };
}

const TEXT: LogicalType = { kind: 'text', length: null };
const INT: LogicalType = { kind: 'int', bits: 64, signed: true };
const DECIMAL: LogicalType = { kind: 'decimal', precision: null, scale: null };
const SINGLE: LogicalType = { kind: 'float', bits: 32 };
const DOUBLE: LogicalType = { kind: 'float', bits: 64 };
const BOOL: LogicalType = { kind: 'bool' };
const BYTES: LogicalType = { kind: 'bytes', length: null };
const JSON_TEXT: LogicalType = { kind: 'json' };
const JSON_PARSED: LogicalType = { kind: 'json', parsed: true };
const UUID: LogicalType = { kind: 'uuid' };
const LOCAL: LogicalType = { kind: 'timestamp', zone: false };
const ZONED: LogicalType = { kind: 'timestamp', zone: true };
const TIME: LogicalType = { kind: 'time', zone: false };
const DECIMALS: LogicalType = { kind: 'array', of: DECIMAL };
const TEXTS: LogicalType = { kind: 'array', of: TEXT };
const OTHER: LogicalType = { kind: 'other', native: 'money' };

function sqlite(affinity: Extract<LogicalType, { kind: 'dynamic' }>['affinity']): LogicalType {
  return { kind: 'dynamic', affinity };
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function areEqual(
  [from, source]: readonly [LogicalType, Value],
  [to, target]: readonly [LogicalType, Value],
  sameFamily = false,
): boolean {
  const equality = equalityOf(column(from), column(to), sameFamily);
  return equality.source(source) === equality.target(target);
}

type Pair = readonly [from: LogicalType, source: Value, to: LogicalType, target: Value];

function titled(pairs: readonly Pair[]) {
  const said = (value: Value): string =>
    typeof value === 'number' && Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`;
  const typed = (type: LogicalType): string =>
    type.kind === 'dynamic' ? `SQLite's ${type.affinity}` : type.kind;
  return pairs.map(
    (pair) => [`${typed(pair[0])}: ${said(pair[1])}`, `${typed(pair[2])}: ${said(pair[3])}`, pair] as const,
  );
}

const EQUAL: readonly Pair[] = [
  [DECIMAL, '1.10', DECIMAL, '1.1'],
  [DECIMAL, '-0', DECIMAL, '0.00'],
  [DECIMAL, '1e3', DECIMAL, '1000'],
  [DECIMAL, '0.99', sqlite('numeric'), 0.99],
  [DECIMAL, '1152921504606846976', sqlite('real'), 2 ** 60],
  [DECIMAL, '1.10', sqlite('text'), '1.10'],
  [INT, 7n, DECIMAL, '7.000'],
  [INT, 7n, sqlite('text'), '7'],
  [INT, 2n ** 60n, DOUBLE, 2 ** 60],
  [BOOL, true, INT, 1n],
  [BOOL, false, sqlite('numeric'), 0n],
  [SINGLE, 1.1, DOUBLE, 1.1],
  [SINGLE, 1e-45, SINGLE, 1.4013e-45],
  [DOUBLE, Math.fround(0.1), SINGLE, 0.1],
  [DOUBLE, 1e23, DECIMAL, '100000000000000000000000'],
  [DOUBLE, 2 ** 60, DECIMAL, '1152921504606847000'],
  [DOUBLE, -0, DECIMAL, '0'],
  [DOUBLE, 1, sqlite('text'), '1.0'],
  [DOUBLE, 1e-7, sqlite('text'), '1.0e-07'],
  [DOUBLE, 2, sqlite('integer'), 2n],
  [sqlite('blob'), '1.50', DECIMAL, '1.5'],
  [sqlite('blob'), -0, TEXT, '-0'],
  [sqlite('blob'), 1.5, TEXT, '1.5'],
  [sqlite('blob'), 2n ** 53n, DOUBLE, 2 ** 53],
  [LOCAL, '2026-01-02 03:04:05.500000', LOCAL, '2026-01-02 03:04:05.5'],
  [ZONED, '2026-01-02 03:04:05+00', LOCAL, '2026-01-02 03:04:05.000000'],
  [sqlite('text'), '2026-01-02T03:04:05Z', ZONED, '2026-01-02 03:04:05+00'],
  [sqlite('text'), '2026-01-01T23:04+05:30', ZONED, '2026-01-01 17:34:00+00'],
  [sqlite('text'), '2026-01-02', LOCAL, '2026-01-02 00:00:00'],
  [LOCAL, '0044-03-15 00:00:00 BC', LOCAL, '0044-03-15 00:00:00.000 BC'],
  [TIME, '-838:59:59.100000', TIME, '-838:59:59.1'],
  [JSON_TEXT, '{"b": 1.0, "a": "\\u00e9"}', JSON_PARSED, '{"a":"é","b":1}'],
  [TEXT, '[1e2, true, null]', JSON_PARSED, '[100,true,null]'],
  [UUID, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', UUID, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  [TEXT, '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}', UUID, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  [DECIMALS, '[0:1]={1.1,NULL}', DECIMALS, '[0:1]={1.10,NULL}'],
  [BYTES, bytes('a'), sqlite('blob'), bytes('a')],
  [OTHER, '$1.10', TEXT, '$1.10'],
];

const DIFFERENT: readonly Pair[] = [
  [TEXT, '1.10', TEXT, '1.1'],
  [TEXT, '007', TEXT, '7'],
  [TEXT, '', TEXT, null],
  [TEXT, 'a', TEXT, 'a '],
  [TEXT, 'A', TEXT, 'a'],
  [TEXT, '\u00e9', TEXT, 'e\u0301'],
  [TEXT, '2026-01-02 03:04:05.10', TEXT, '2026-01-02 03:04:05.1'],
  [TEXT, '7', sqlite('blob'), 7n],
  [TEXT, 'a', sqlite('blob'), bytes('a')],
  [INT, 7n, sqlite('blob'), '7'],
  [DECIMAL, '1.10', sqlite('text'), '1.1'],
  [DECIMAL, '0.12345678901234567891', sqlite('numeric'), 0.12345678901234568],
  [DECIMAL, '12345678901234567890.1', DECIMAL, '12345678901234567890.2'],
  [DOUBLE, 0.1, DOUBLE, 0.10000000000000002],
  [DOUBLE, -0, DOUBLE, 0],
  [DOUBLE, -0, sqlite('real'), 0],
  [DOUBLE, 1, sqlite('text'), '1.00'],
  [DOUBLE, 0.1000000015, SINGLE, 0.1],
  [SINGLE, 1.1, DOUBLE, 1.1000000000000003],
  [SINGLE, 1.1, SINGLE, 1.1000001],
  [sqlite('blob'), 2n ** 53n + 1n, DOUBLE, 2 ** 53],
  [LOCAL, '2026-01-02 03:04:05.000001', LOCAL, '2026-01-02 03:04:05'],
  [ZONED, '2026-01-02 03:04:05+00', ZONED, '2026-01-02 04:04:05+00'],
  [ZONED, '2026-01-02 03:04:05+00', TEXT, '2026-01-02 03:04:05+01'],
  [{ kind: 'time', zone: true }, '03:04:05+00', { kind: 'time', zone: true }, '03:04:05+01'],
  [JSON_TEXT, '{"a": 1}', TEXT, '{"a":1}'],
  [JSON_PARSED, '{"a": 1}', JSON_TEXT, '{"a":1}'],
  [JSON_TEXT, '[0.12345678901234567890]', JSON_PARSED, '[0.12345678901234567891]'],
  [JSON_TEXT, '{"a": 1, "a": 2}', JSON_PARSED, '{"a": 1}'],
  [JSON_TEXT, '"1"', JSON_PARSED, '1'],
  [JSON_TEXT, '"a b"', JSON_PARSED, '"a  b"'],
  [TEXTS, '{1.10}', TEXTS, '{1.1}'],
  [DECIMALS, '{1.1,1}', DECIMALS, '{1.1,10}'],
  [BYTES, bytes('a'), BYTES, bytes('b')],
];

describe('between databases of two kinds', () => {
  test.each(titled(EQUAL))('%s and %s are equal', (_source, _target, [from, source, to, target]) => {
    expect(areEqual([from, source], [to, target])).toBe(true);
  });

  test.each(titled(DIFFERENT))('%s and %s are not equal', (_source, _target, [from, source, to, target]) => {
    expect(areEqual([from, source], [to, target])).toBe(false);
  });
});

describe('between databases of one kind', () => {
  test('values of one type are equal where they are spelled alike', () => {
    const same = equalityOf(column(DECIMAL, 'numeric'), column(DECIMAL, 'numeric'), true);
    expect(same.isExact).toBe(true);
    expect(same.source('1.10')).not.toBe(same.target('1.1'));
    expect(same.source('1.10')).toBe(same.target('1.10'));
  });

  test('values of two types are equal where they mean the same', () => {
    const other = equalityOf(column(DECIMAL, 'numeric'), column(DECIMAL, 'numeric(10,2)'), true);
    expect(other.isExact).toBe(false);
    expect(other.source('1.1')).toBe(other.target('1.10'));
  });

  test('values of SQLite are equal where storage class and content are', () => {
    const values = [null, 1n, 1, 0, -0, '1', '1.0', '', bytes('1'), bytes(''), NaN, Infinity];
    for (const declared of ['', 'INTEGER']) {
      const { source, target, isExact } = equalityOf(
        column(sqlite('blob'), ''),
        column(sqlite('blob'), declared),
        true,
      );
      expect(isExact).toBe(true);
      for (const one of values) {
        const equals = values.filter((other) => source(one) === target(other));
        expect(equals).toEqual([one]);
      }
    }
  });
});

test('numbers have one spelling for each value, however they are written', () => {
  const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const places = fc.integer({ min: -600, max: 600 });
  const zeros = fc.integer({ min: 0, max: 30 });
  fc.assert(
    fc.property(digits, digits, places, zeros, (one, other, exponent, more) => {
      const written = canonicalNumber(`${one}e${exponent}`);
      const shifted = canonicalNumber(`${one}${'0'.repeat(more)}e${exponent - more}`);
      expect(shifted).toBe(written);
      expect(canonicalNumber(written)).toBe(written);
      expect(canonicalNumber(`${other}e${exponent}`) === written).toBe(one === other);
    }),
  );
});

test('documents have one spelling for all that say the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (one, other) => {
      const text = canonicalJson(JSON.stringify(one));
      expect(text).not.toBeNull();
      expect(canonicalJson(JSON.stringify(backwards(one), null, 2))).toBe(text);
      expect(canonicalJson(text ?? '')).toBe(text);
      const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
      expect(canonicalJson(JSON.stringify(other)) === text).toBe(same);
    }),
  );
});

test.each(['', '{', '{"a"}', '[1,]', '01', '1 2', 'nul', '"a', '{"a":1,}', "'a'", '[1', '"\u0001"'])(
  'what is no JSON has no such spelling: %j',
  (text) => {
    expect(canonicalJson(text)).toBeNull();
  },
);

/** The same document with its members in another order. */
function backwards(value: unknown): unknown {
  return reordered(value, (names) => names.reverse());
}

function sorted(value: unknown): unknown {
  return reordered(value, (names) => names.sort());
}

function reordered(value: unknown, order: (names: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => reordered(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const members = new Map(Object.entries(value));
  return Object.fromEntries(
    order([...members.keys()]).map((name) => [name, reordered(members.get(name), order)]),
  );
}
