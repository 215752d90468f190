/** Which values a column takes as they are, and what is said of it before. */
import { describe, expect, test } from '@jest/globals';
import { fidelityOf, type TypedColumn, type Value } from '../../engine';
import { equalityOf } from '../../engine/model';
import type { FoundColumn } from '../../engine/adapters/mysql/schema/catalog';
import { fitFor as fitOnMysql } from '../../engine/adapters/mysql/target/fitting';
import { types as mysqlTypes } from '../../engine/adapters/mysql/types';
import { fitFor as fitOnPostgres } from '../../engine/adapters/postgres/target/fitting';
import { types as postgresTypes } from '../../engine/adapters/postgres/types';
import { canonicalJson } from '../../engine/model/types/canonical-json';
import { column, foundOn } from './columns';

type Database = 'PostgreSQL' | 'MySQL';

const TYPES = { PostgreSQL: postgresTypes, MySQL: mysqlTypes };

function columnOf(database: Database, declared: string) {
  return column(declared, TYPES[database].describe({ declared }));
}

/** The text that is written for a value; undefined where it is refused. */
function written([from, source]: [Database, string], [to, target]: [Database, string], value: Value) {
  const read = columnOf(from, source);
  return to === 'MySQL'
    ? fitOnMysql(read.type, foundOn(target), { keepsSignOfZero: true })(value)
    : fitOnPostgres(read, columnOf(to, target))(value);
}

function said([from, source]: [Database, string], [to, target]: [Database, string]) {
  return fidelityOf(columnOf(from, source), columnOf(to, target), from === to);
}

describe('NULL', () => {
  test('is no value where MySQL would put the time or the next number in its place', () => {
    const fitsNull = (declared: string, change: Partial<FoundColumn>): boolean =>
      fitOnMysql(
        columnOf('MySQL', declared).type,
        { ...foundOn(declared), ...change },
        { keepsSignOfZero: true },
      )(null) !== undefined;
    expect(fitsNull('timestamp', { nullable: false })).toBe(false);
    expect(fitsNull('int', { nullable: false, autoIncrement: true })).toBe(false);
    // The server refuses these itself.
    expect(fitsNull('int', { nullable: false })).toBe(true);
    expect(fitsNull('timestamp', {})).toBe(true);
  });

  test('is named before the start where only the source takes it', () => {
    const source: TypedColumn = columnOf('MySQL', 'int');
    const target: TypedColumn = { ...source, nullable: false };
    expect(fidelityOf(source, target, true)).toEqual({
      fidelity: 'checked',
      reason: 'may not fit: NULL',
    });
    expect(fidelityOf(target, source, true).fidelity).toBe('exact');
  });
});

describe('documents that are taken apart', () => {
  const REPEATED = ['{"a":1,"a":2}', '{"b":[{"a":"x","c":1,"\\u0061":"y"}]}'];
  const KEPT = '{"a":{"a":["a","a",{"b":":"}]},"b":"\\\\u0000"}';

  test.each([
    [
      ['PostgreSQL', 'json'],
      ['PostgreSQL', 'jsonb'],
    ],
    [
      ['PostgreSQL', 'json'],
      ['MySQL', 'json'],
    ],
  ] as const)('lose no repeated member: from %j to %j', ([from, source], [to, target]) => {
    const pair = [[from, source] as [Database, string], [to, target] as [Database, string]] as const;
    for (const text of REPEATED) expect(written(...pair, text)).toBeUndefined();
    expect(written(...pair, KEPT)).toContain('{"a"');
    expect(said(...pair)).toMatchObject({
      fidelity: 'checked',
      reason: expect.stringContaining('repeated members'),
    });
  });

  test('have no U+0000 in jsonb', () => {
    const text = String.raw`["\\\u0000"]`;
    expect(written(['MySQL', 'json'], ['PostgreSQL', 'jsonb'], text)).toBeUndefined();
    expect(said(['MySQL', 'json'], ['PostgreSQL', 'jsonb']).reason).toContain('\\u0000');
    expect(said(['PostgreSQL', 'jsonb'], ['PostgreSQL', 'jsonb']).fidelity).toBe('exact');
    expect(said(['PostgreSQL', 'json'], ['PostgreSQL', 'text']).fidelity).toBe('widened');
  });

  test.each(['a', String.raw`\n`])('may have texts of 20 MB: of %s', (piece) => {
    const text = `["${piece.repeat(20_000_000 / piece.length)}",1]`;
    expect(written(['PostgreSQL', 'jsonb'], ['MySQL', 'json'], text)).toBeDefined();
    expect(canonicalJson(text)).toHaveLength(text.length);
  });

  test('are equal where all their members are', () => {
    expect(canonicalJson('{"a":1,"a":2}')).not.toBe(canonicalJson('{"a":2}'));
    expect(canonicalJson('{"a":1,"b":0,"a":2}')).toBe(canonicalJson('{"b":0, "a":1, "a":2}'));
  });
});

describe('a type of PostgreSQL that respells what it reads', () => {
  test.each([
    ['numeric[]', 'numeric(10,2)[]', '{1.234}'],
    ['text', 'numeric(10,2)[]', '{1.234}'],
    ['text', 'name', 'a'.repeat(100)],
    ['text', 'money', '1.234'],
    ['text', 'tsvector', 'b a'],
  ])('takes none of another type: %s into %s', (source, target, value) => {
    expect(written(['PostgreSQL', source], ['PostgreSQL', target], value)).toBeUndefined();
    expect(written(['PostgreSQL', source], ['PostgreSQL', target], null)).toBeNull();
    expect(said(['PostgreSQL', source], ['PostgreSQL', target]).fidelity).toBe('refused');
    expect(said(['MySQL', 'text'], ['PostgreSQL', target]).fidelity).toBe('refused');
    expect(said(['PostgreSQL', target], ['PostgreSQL', target]).fidelity).toBe('exact');
  });

  test.each(['citext', 'xml', 'ltree'])('is not %s', (target) => {
    expect(written(['PostgreSQL', 'text'], ['PostgreSQL', target], 'Abc')).toBe('Abc');
    expect(said(['PostgreSQL', 'text'], ['PostgreSQL', target]).fidelity).toBe('checked');
  });
});

describe('a text that the server would make another one of', () => {
  test.each([
    ['time', '12:00:60'],
    ['time', '25:00:00'],
    ['time with time zone', '12:00:60+00'],
    ['timestamp', '2024-12-31 23:59:60'],
    ['timestamp', '2024-01-01 24:00:00'],
    ['timestamp with time zone', '2024-01-01 24:00:00+00'],
    ['interval', 'PT90M'],
    ['interval', 'P14M'],
    ['interval', 'P0D'],
    ['xml', '<?xml version="1.0"?><a/>'],
  ])('is refused by %s of PostgreSQL: %s', (type, text) => {
    for (const from of ['text', 'varchar(60)']) {
      expect(written(['PostgreSQL', from], ['PostgreSQL', type], text)).toBeUndefined();
      expect(written(['MySQL', from], ['PostgreSQL', type], text)).toBeUndefined();
    }
  });

  test.each(['-00:00:00', '012:00:00', '-0:00:00.0'])('is refused by TIME of MySQL: %s', (text) => {
    expect(written(['PostgreSQL', 'text'], ['MySQL', 'time(6)'], text)).toBeUndefined();
  });

  test.each([
    ['time', '24:00:00'],
    ['time', '23:59:59.999999'],
    ['timestamp', '2024-12-31 23:59:59.5'],
    ['date', '2024-01-02'],
    ['xml', '<a/>'],
  ])('is not what %s of PostgreSQL keeps: %s', (type, text) => {
    expect(written(['PostgreSQL', 'text'], ['PostgreSQL', type], text)).toBe(text);
  });
});

describe('midnight', () => {
  test.each(['2024-01-01 00:00:00', '2024-01-01 00:00:00.000000', '2024-01-01 00:00:00.000+00'])(
    'is a date: %s',
    (text) => {
      expect(written(['MySQL', 'datetime(6)'], ['PostgreSQL', 'date'], text)).toBe('2024-01-01');
      expect(written(['PostgreSQL', 'timestamp'], ['MySQL', 'date'], text)).toBe(`'2024-01-01'`);
    },
  );

  test('is a date of PostgreSQL as a timestamp, but for dates beyond all of those', () => {
    expect(said(['PostgreSQL', 'date'], ['PostgreSQL', 'timestamp'])).toMatchObject({
      fidelity: 'checked',
      reason: expect.stringContaining('years after 294276'),
    });
    expect(said(['MySQL', 'date'], ['PostgreSQL', 'timestamp']).fidelity).not.toBe('refused');
  });
});

describe('an interval', () => {
  test.each(['1.0000009 seconds', 'PT1.0000009S', '0.0000001 days', 'P0.0000001D', 'P', '1 day'])(
    'is not made of the text %s, which the server would round or spell anew',
    (text) => {
      expect(written(['PostgreSQL', 'text'], ['PostgreSQL', 'interval'], text)).toBeUndefined();
    },
  );

  test.each(['P1Y-2DT1.5S', 'PT-0.000001S', 'PT0S', 'P-178000000Y', 'PT2562047788H54.775807S'])(
    'is %s, as the server writes it',
    (text) => {
      expect(written(['PostgreSQL', 'interval'], ['PostgreSQL', 'interval(6)'], text)).toBe(text);
    },
  );
});

describe('a domain', () => {
  const over = (baseType: string) => ({ ...columnOf('PostgreSQL', baseType), declaredType: 'd', baseType });

  test.each([
    ['timestamp', 'timestamp(0) without time zone', '2024-01-01 00:00:00.5'],
    ['varchar(9)', 'character(5)', 'ab'],
    ['numeric', 'numeric(10,2)', '1.234'],
  ])('takes what it is over: %s into one over %s', (source, base, value) => {
    expect(fitOnPostgres(columnOf('PostgreSQL', source), over(base))(value)).toBeUndefined();
  });

  test('of the same name is another type where it is over another', () => {
    const [source, target] = [over('numeric'), over('numeric(10,2)')];
    expect(fitOnPostgres(source, target)('1.234')).toBeUndefined();
    expect(fidelityOf(source, target, true).fidelity).toBe('checked');
    expect(equalityOf(source, target, true).isExact).toBe(false);
    expect(fidelityOf(source, over('numeric'), true).fidelity).toBe('exact');
  });
});
