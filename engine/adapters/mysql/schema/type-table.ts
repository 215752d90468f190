/** Types of MySQL and MariaDB: what each means, what it holds besides or lacks, and how it is read without loss. */
import type { ColumnBounds, LogicalType, SpecialValue } from '../../../model';

/** A column's type as the information schema describes it. */
export interface NativeType {
  /** Without length, e.g. `varchar`. */
  readonly name: string;
  /** As declared, e.g. `varchar(20)`, `int(10) unsigned zerofill`, `enum('a','b')`. */
  readonly declared: string;
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  /** True for a text that the server checks to be JSON: what MariaDB means by JSON. */
  readonly isJson: boolean;
}

export interface TypeEntry {
  readonly type: (type: NativeType) => LogicalType;
  /** `charset`: of a text; null for anything else. */
  readonly bounds: (type: NativeType, charset: string | null) => ColumnBounds;
  /** The expression that reads a column (an SQL expression) as `rows/values.ts` expects it; absent, or null: none of the type's own. */
  readonly read?: (column: string, declared: string) => string | null;
}

/** Character sets that hold all of Unicode. */
const ALL_LETTERS = ['utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030'];

/** Character sets whose texts, checked when they are stored, are all in Unicode. */
export const IN_UNICODE = ['utf8mb4', 'utf8mb3', 'utf8', 'utf16', 'utf16le', 'latin1'];

/** Codes of other character sets need not stand for a letter. */
function untoldOf(charset: string | null): Pick<ColumnBounds, 'untold'> {
  const isTold = charset === null || IN_UNICODE.includes(charset);
  return isTold ? {} : { untold: 'codes that stand for no letter' };
}

/** Texts of other character sets have one byte a letter, or two for letters that have three in UTF-8. */
function encodingOf(charset: string | null): Pick<ColumnBounds, 'encoding'> {
  if (charset === null || /^utf8/.test(charset)) return {};
  if (/^(?:ucs2|utf16)/.test(charset)) return { encoding: { name: charset, inUtf8: [1 / 2, 3 / 2] } };
  if (charset === 'utf32') return { encoding: { name: charset, inUtf8: [1 / 4, 1] } };
  // GB 18030 has four bytes for letters that have two.
  return { encoding: { name: charset, inUtf8: [charset === 'gb18030' ? 1 / 2 : 2 / 3, 3] } };
}

function lettersOf(charset: string | null): readonly SpecialValue[] {
  return charset === null || ALL_LETTERS.includes(charset) ? ['U+0000', 'all letters'] : ['U+0000'];
}

/** Of a second's fraction. */
function digitsOf({ declared }: NativeType): number {
  return Number(/\((\d)\)/.exec(declared)?.[1] ?? 0);
}

function integer(bits: 8 | 16 | 24 | 32 | 64): TypeEntry {
  return {
    type: ({ declared }) => ({ kind: 'int', bits, signed: !declared.includes('unsigned') }),
    bounds: () => ({ specials: [] }),
  };
}

const FROM_ZERO = 'numbers from 0 on';

function float(bits: 32 | 64, read?: TypeEntry['read']): TypeEntry {
  return {
    type: () => ({ kind: 'float', bits }),
    bounds: ({ declared }) => {
      const digits = /\(\d+,(\d+)\)/.exec(declared)?.[1];
      const rounded = digits === undefined ? [] : [`numbers of ${digits} digits after the point`];
      const only = [...rounded, ...(declared.includes('unsigned') ? [FROM_ZERO] : [])];
      return { specials: ['negative zero'], ...(only.length === 0 ? {} : { only: only.join(', ') }) };
    },
    ...(read === undefined ? {} : { read }),
  };
}

/** Texts without a length of their own. `bytes`: of the longest one; null: as many as a value can have. */
function long(bytes: number | null): TypeEntry {
  return {
    type: ({ isJson }) => (isJson ? { kind: 'json' } : { kind: 'text', length: null }),
    bounds: ({ isJson }, charset) => ({
      specials: [...lettersOf(charset), ...(isJson ? (['escaped U+0000'] as const) : [])],
      ...(bytes === null ? {} : { bytes, ...encodingOf(charset) }),
      ...untoldOf(charset),
    }),
  };
}

function blob(bytes: number | null): TypeEntry {
  return {
    type: () => ({ kind: 'bytes', length: null }),
    bounds: () => ({ specials: [], ...(bytes === null ? {} : { bytes }) }),
  };
}

/** Shapes and vectors: the driver would take them apart, and their text form is not all of them. */
const AS_HEX: TypeEntry = {
  type: ({ declared }) => ({ kind: 'other', native: declared }),
  bounds: () => ({ specials: [], keepsTexts: true, asDigits: true }),
  read: (column) => `HEX(${column})`,
};

const ZERO_DATES: readonly SpecialValue[] = ['zero dates'];

/** By the names of the information schema. */
export const TYPES: Readonly<Record<string, TypeEntry>> = {
  tinyint: integer(8),
  smallint: integer(16),
  mediumint: integer(24),
  int: integer(32),
  bigint: integer(64),
  year: {
    type: () => ({ kind: 'int', bits: 16, signed: false }),
    bounds: () => ({ specials: [], only: '0 and the years 1901 to 2155' }),
  },
  bit: {
    type: ({ precision }) => bitType(precision ?? 1),
    bounds: ({ precision }) => ({ specials: [], only: `numbers of ${precision ?? 1} bits` }),
    read: (column) => `${column} + 0`,
  },
  decimal: {
    type: ({ precision, scale }) => ({ kind: 'decimal', precision, scale }),
    bounds: ({ declared }) => ({
      specials: [],
      ...(declared.includes('unsigned') ? { only: FROM_ZERO } : {}),
    }),
    // Else it comes with leading zeros.
    read: (column, declared) => (declared.includes('zerofill') ? `${column} + 0` : null),
  },
  // As text it has six digits; as a double all of them. Nothing can be added to -0 without making it 0.
  float: float(32, (column) => `${column} * 1e0`),
  // Where it has a number of digits after the point, those are all that is shown.
  double: float(64, (column, declared) => (declared.includes('(') ? `${column} * 1e0` : null)),
  char: {
    type: ({ length }) => ({ kind: 'text', length }),
    bounds: (_, charset) => ({
      specials: lettersOf(charset),
      only: 'texts without blanks at the end',
      ...untoldOf(charset),
    }),
  },
  varchar: {
    type: ({ length }) => ({ kind: 'text', length }),
    bounds: (_, charset) => ({ specials: lettersOf(charset), ...untoldOf(charset) }),
  },
  tinytext: long(255),
  text: long(65_535),
  mediumtext: long(16_777_215),
  longtext: long(null),
  binary: {
    type: ({ length }) => ({ kind: 'bytes', length }),
    bounds: ({ length }) => ({ specials: [], only: `values of exactly ${length} bytes` }),
  },
  varbinary: { type: ({ length }) => ({ kind: 'bytes', length }), bounds: () => ({ specials: [] }) },
  tinyblob: blob(255),
  blob: blob(65_535),
  mediumblob: blob(16_777_215),
  longblob: blob(null),
  date: { type: () => ({ kind: 'date' }), bounds: () => ({ specials: ZERO_DATES }) },
  time: {
    type: () => ({ kind: 'time', zone: false }),
    bounds: (type) => ({ specials: ['24:00', 'times beyond a day'], fraction: digitsOf(type) }),
  },
  datetime: {
    type: () => ({ kind: 'timestamp', zone: false }),
    bounds: (type) => ({ specials: ZERO_DATES, fraction: digitsOf(type) }),
  },
  timestamp: {
    type: () => ({ kind: 'timestamp', zone: true }),
    bounds: (type) => ({ specials: ZERO_DATES, fraction: digitsOf(type), only: 'times from 1970 to 2038' }),
  },
  json: {
    type: () => ({ kind: 'json', parsed: true }),
    bounds: () => ({
      specials: ['all letters', 'escaped U+0000'],
      only: 'documents whose numbers it keeps',
    }),
  },
  uuid: { type: () => ({ kind: 'uuid' }), bounds: () => ({ specials: [] }) },
  enum: {
    type: ({ declared }) => ({ kind: 'enum', members: membersOf(declared) }),
    bounds: ({ declared }, charset) => ({
      specials: lettersOf(charset),
      ...(membersOf(declared).includes('') ? { untold: 'what is none of its members' } : {}),
    }),
  },
  set: {
    type: ({ declared }) => ({ kind: 'other', native: declared }),
    bounds: ({ declared }, charset) => ({
      specials: lettersOf(charset),
      keepsTexts: true,
      only: declared,
      ...(membersOf(declared).includes('') ? { untold: 'sets with its empty member' } : {}),
    }),
  },
  ...Object.fromEntries(
    [
      ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'],
      ...['geomcollection', 'geometrycollection', 'vector'],
    ].map((name) => [name, AS_HEX]),
  ),
};

/** One bit is a truth value, more are a number. */
function bitType(width: number): LogicalType {
  if (width === 1) return { kind: 'bool' };
  return { kind: 'int', bits: width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64, signed: false };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', Z: '\x1a' };

/** Members of `enum('a','it''s')`, in their order. */
export function membersOf(declared: string): readonly string[] {
  return [...declared.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, member = '']) =>
    member.replace(/''|\\(.)/gs, (pair, escaped?: string) =>
      escaped === undefined ? pair.slice(1) : (ESCAPES[escaped] ?? escaped),
    ),
  );
}

/** True for what travels as hexadecimal digits. `type`: its name. */
export function isReadAsHex(type: string): boolean {
  return TYPES[type] === AS_HEX;
}
