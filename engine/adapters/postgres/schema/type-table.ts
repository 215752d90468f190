/**
 * Types of PostgreSQL: what each means, what it holds besides, and how it is read. What is not here is carried as the
 * text that the server writes for it.
 */
import type { ColumnBounds, LogicalType, SpecialValue } from '../../../model';

export interface TypeEntry {
  /** As people declare it. */
  readonly declared: string;
  /** `modifier`: as the catalog packs lengths and precisions, -1 for none. */
  readonly type: (modifier: number) => LogicalType;
  readonly bounds: (modifier: number) => ColumnBounds;
  readonly read: string;
}

/** Modifiers of lengths and of decimals hold four more. */
export const HEADER = 4;

/** Digits of a second's fraction where no number of them is declared. */
const MOST_FRACTION = 6;

/** Dates and times reach from 4713 BC to 294276, and to both infinities. */
const ANY_YEAR: readonly SpecialValue[] = ['infinity', 'years before 1', 'years after 9999'];

const AS_TEXT = 'as the server writes it';

function plain(declared: string, type: LogicalType, read = AS_TEXT, ...specials: SpecialValue[]): TypeEntry {
  return { declared, type: () => type, bounds: () => ({ specials }), read };
}

function moment(
  declared: string,
  kind: 'time' | 'timestamp',
  zone: boolean,
  specials: readonly SpecialValue[],
): TypeEntry {
  return {
    declared,
    type: () => ({ kind, zone }),
    bounds: (modifier) => ({ specials, fraction: modifier < 0 ? MOST_FRACTION : modifier }),
    read: zone && kind === 'timestamp' ? 'ISO, in UTC' : 'ISO',
  };
}

/** By the names of the catalog. */
export const TYPES: Readonly<Record<string, TypeEntry>> = {
  bool: plain('boolean', { kind: 'bool' }, 't or f'),
  int2: plain('smallint', { kind: 'int', bits: 16, signed: true }, 'all digits'),
  int4: plain('integer', { kind: 'int', bits: 32, signed: true }, 'all digits'),
  int8: plain('bigint', { kind: 'int', bits: 64, signed: true }, 'all digits'),
  numeric: {
    declared: 'numeric(10,2)',
    type: (modifier) => decimalType(modifier),
    // With a precision there is no infinity.
    bounds: (modifier) => ({ specials: modifier < HEADER ? ['NaN', 'infinity'] : ['NaN'] }),
    read: 'all digits',
  },
  float4: plain(
    'real',
    { kind: 'float', bits: 32 },
    'the fewest digits that name it',
    'NaN',
    'infinity',
    'negative zero',
  ),
  float8: plain(
    'double precision',
    { kind: 'float', bits: 64 },
    'the fewest digits that name it',
    'NaN',
    'infinity',
    'negative zero',
  ),
  text: plain('text', { kind: 'text', length: null }, AS_TEXT, 'all letters'),
  varchar: {
    declared: 'varchar(20)',
    type: (modifier) => ({ kind: 'text', length: lengthOf(modifier) }),
    bounds: () => ({ specials: ['all letters'] }),
    read: AS_TEXT,
  },
  bpchar: {
    declared: 'char(5)',
    type: (modifier) => ({ kind: 'text', length: lengthOf(modifier) }),
    bounds: (modifier) => {
      const length = lengthOf(modifier);
      return {
        specials: ['all letters'],
        ...(length === null ? {} : { only: `texts of exactly ${length} letters` }),
      };
    },
    read: 'with its blanks',
  },
  bytea: plain('bytea', { kind: 'bytes', length: null }, 'hexadecimal digits'),
  // Twenty times as far as timestamps.
  date: plain('date', { kind: 'date' }, 'ISO', ...ANY_YEAR, 'years after 294276'),
  time: moment('time', 'time', false, ['24:00']),
  timetz: moment('time with time zone', 'time', true, ['24:00']),
  timestamp: moment('timestamp', 'timestamp', false, ANY_YEAR),
  timestamptz: moment('timestamp with time zone', 'timestamp', true, ANY_YEAR),
  interval: {
    declared: 'interval',
    type: () => ({ kind: 'interval' }),
    bounds: intervalBounds,
    read: 'ISO 8601',
  },
  json: plain(
    'json',
    { kind: 'json' },
    'every letter, spaces and repeated members among them',
    'all letters',
    'escaped U+0000',
  ),
  jsonb: plain('jsonb', { kind: 'json', parsed: true }, AS_TEXT, 'all letters'),
  uuid: plain('uuid', { kind: 'uuid' }, 'lower case with dashes'),
};

/** Types that have no entry of their own and are named on the page: as others, and all others alike. */
export const CARRIED: readonly string[] = [
  ...[
    'money',
    '"char"',
    'name',
    'xml',
    'jsonpath',
    'bit(8)',
    'bit varying',
    'inet',
    'cidr',
    'macaddr',
    'macaddr8',
  ],
  ...['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'tsvector', 'tsquery'],
  ...[
    'int4range',
    'int8range',
    'numrange',
    'daterange',
    'tsrange',
    'tstzrange',
    'int4multirange',
    'datemultirange',
  ],
  ...['oid', 'regclass', 'regtype', 'pg_lsn', 'hstore', 'citext', 'ltree', 'vector'],
];

function lengthOf(modifier: number): number | null {
  return modifier < HEADER ? null : modifier - HEADER;
}

/** Fields of an interval as its modifier has them, the smallest first. */
const FIELDS: readonly (readonly [bit: number, name: string])[] = [
  [12, 'second'],
  [11, 'minute'],
  [10, 'hour'],
  [3, 'day'],
  [1, 'month'],
  [2, 'year'],
];

const ALL_FIELDS = 0x7fff;
const ALL_DIGITS = 0xffff;

/** Of the modifier the lower half is digits of the second's fraction, the upper one fields. */
function intervalBounds(modifier: number): ColumnBounds {
  const [fields, digits] = modifier < 0 ? [ALL_FIELDS, ALL_DIGITS] : [modifier >> 16, modifier & 0xffff];
  const least = fields === ALL_FIELDS ? undefined : FIELDS.find(([bit]) => (fields & (1 << bit)) !== 0);
  const isWhole = least !== undefined && least[1] !== 'second';
  return {
    specials: [],
    fraction: digits === ALL_DIGITS ? MOST_FRACTION : digits,
    // Larger fields than those declared are kept.
    ...(isWhole ? { only: `intervals of whole ${least[1]}s` } : {}),
  };
}

/** The modifier of an interval as it is declared: the smallest of its fields, and digits; null for none of either. */
export function intervalModifier(least: string | null, digits: number | null): number {
  const bit = FIELDS.find(([, name]) => name === least)?.[0];
  if (bit === undefined && digits === null) return -1;
  return ((bit === undefined ? ALL_FIELDS : 1 << bit) << 16) | (digits ?? ALL_DIGITS);
}

function decimalType(modifier: number): LogicalType {
  if (modifier < HEADER) return { kind: 'decimal', precision: null, scale: null };
  const packed = modifier - HEADER;
  // The scale has eleven bits and a sign.
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return { kind: 'decimal', precision: (packed >> 16) & 0xffff, scale };
}
