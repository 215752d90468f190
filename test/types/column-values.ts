/** Values of columns of every type, as adapters read them: any that their bounds allow, and ordinary ones. */
import fc from 'fast-check';
import type { ColumnBounds, LogicalType, SpecialValue, TypedColumn, Value } from '../../engine';

const digits = (least: number, most: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: least, maxLength: most })
    .map((list) => list.join(''));

function day(bounds: ColumnBounds | undefined): fc.Arbitrary<string> {
  const [min, max] = bounds?.only === undefined ? [1, 9999] : [1971, 2037];
  const plain = fc
    .tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`);
  const specials: Partial<Record<SpecialValue, readonly string[]>> = {
    'years after 9999': ['12345-01-01'],
    'years after 294276': ['5874897-12-31'],
    'zero dates': ['0000-00-00', '2024-00-00', '2024-02-31'],
  };
  return withSpecials(plain, bounds, specials);
}

/** Of columns that hold some integers only: years, and bits. */
function fewOf({ bits }: Extract<LogicalType, { kind: 'int' }>, only: string): readonly bigint[] {
  return bits === 16 && only.includes('years') ? [0n, 1901n, 2024n, 2155n] : [0n, 1n];
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
export function valuesOf({ type, bounds }: TypedColumn): fc.Arbitrary<Value> | null {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int': {
      const bits = BigInt(type.bits);
      const [min, max] = type.signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
      return bounds?.only === undefined
        ? fc.bigInt({ min, max })
        : fc.constantFrom(...fewOf(type, bounds.only));
    }
    case 'decimal': {
      const scale = type.scale ?? 5;
      const whole = (type.precision ?? 60) - scale;
      const plain = fc
        .tuple(fc.constantFrom('', '-'), digits(1, Math.max(1, whole)), digits(scale, scale))
        .map(
          ([sign, before, after]) =>
            `${isUnsigned(bounds) ? '' : sign}${before}${after === '' ? '' : `.${after}`}`,
        );
      return withSpecials(plain, bounds, { NaN: ['NaN'], infinity: ['Infinity', '-Infinity'] });
    }
    case 'float': {
      const plain =
        type.bits === 32
          ? fc.float({ noNaN: true, noDefaultInfinity: true })
          : fc.double({ noNaN: true, noDefaultInfinity: true });
      const allowed = (
        bounds?.only === undefined ? plain : fc.integer({ min: 0, max: 1000 }).map((n) => n / 4)
      ).map((number) => (Object.is(number, -0) ? 0 : number));
      // What rounds to some digits makes 0 of -0.
      return withSpecials(allowed, isRounded(bounds) ? { specials: [] } : bounds, {
        NaN: [NaN],
        infinity: [Infinity],
        'negative zero': [-0],
      });
    }
    case 'text': {
      const exactly = /^texts of exactly (\d+) letters$/.exec(bounds?.only ?? '')?.[1];
      if (exactly !== undefined) return fc.string({ minLength: Number(exactly), maxLength: Number(exactly) });
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
      return bounds?.only === undefined ? fc.json() : fc.constantFrom('{"a": 1}', '[null, "x"]');
    case 'dynamic': {
      if (type.strict !== true) return null;
      return valuesOf({
        declaredType: '',
        type: STRICT[type.affinity],
        ...(bounds === undefined ? {} : { bounds }),
      });
    }
    case 'interval':
      return withSpecials(fc.constantFrom('P1Y', 'P2D', 'PT1.5S'), bounds, {});
    case 'array':
      return fc.constant('{1,2}');
    case 'other':
      return type.native.startsWith('set') ? fc.constantFrom('a', 'a,b') : fc.constantFrom('ab', '00ff');
  }
}

/** What columns of STRICT tables hold. */
const STRICT: Readonly<Record<Extract<LogicalType, { kind: 'dynamic' }>['affinity'], LogicalType>> = {
  integer: { kind: 'int', bits: 64, signed: true },
  real: { kind: 'float', bits: 64 },
  text: { kind: 'text', length: null },
  blob: { kind: 'bytes', length: null },
  numeric: { kind: 'int', bits: 64, signed: true },
};

function isRounded(bounds: ColumnBounds | undefined): boolean {
  return bounds?.only?.includes('digits after the point') ?? false;
}

function isUnsigned(bounds: ColumnBounds | undefined): boolean {
  return bounds?.only === 'numbers from 0 on';
}

const TEXTS: readonly string[] = [
  ...['1', 'a', 'b', 'ab', 'abcde', '00ff', '{}', 'P1Y', 'PT0S', 'a,b'],
  ...['2024-01-02', '12:34:56', '12:34:56+05:30', '2024-01-02 12:34:56', '2024-01-02 12:34:56+00'],
  '6b1d2f60-9a0e-4a52-8ab7-3b2f6d1f0c11',
];

/** Of each type some that nobody would be surprised to find: where no column of another type takes any, none fits. */
export function ordinaryOf({ type, bounds }: TypedColumn): readonly Value[] {
  switch (type.kind) {
    case 'bool':
      return [true, false];
    case 'int':
      return [0n, 1n, 2024n];
    case 'decimal':
      return ['0', '1', '2024', '100', '0.5'];
    case 'float':
      return [0, 1, 0.5];
    case 'bytes':
      return [new Uint8Array([1]), new Uint8Array(type.length ?? 16)];
    case 'date':
      return ['2024-01-02'];
    case 'time':
      return [type.zone ? '12:34:56+05:30' : '12:34:56'];
    case 'timestamp':
      return [`2024-01-02 00:00:00${type.zone ? '+00' : ''}`];
    case 'uuid':
      return ['6b1d2f60-9a0e-4a52-8ab7-3b2f6d1f0c11'];
    case 'enum':
      return type.members;
    case 'json':
      return ['{}', '1'];
    case 'interval':
      return ['P1Y', 'PT0S'];
    case 'array':
      return ['{1,2}'];
    case 'other':
      return bounds?.keepsTexts === true && bounds.asDigits !== true ? ['a', 'a,b'] : ['ab', '00ff'];
    case 'text':
      return TEXTS;
    case 'dynamic':
      return type.strict === true
        ? ordinaryOf({ declaredType: '', type: STRICT[type.affinity] })
        : [0n, 1n, 2024n, 0.5, new Uint8Array([1]), new Uint8Array(16), ...TEXTS];
  }
}
