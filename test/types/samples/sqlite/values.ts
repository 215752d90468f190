/** Values of each storage class, at their limits. */

export const INTEGERS = [
  '0',
  '-1',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
] as const;

/** That no type for numbers makes integers of. */
export const FRACTIONS = ['1.5', '-0.1', '0.1 + 0.2', '123456789.123456789'] as const;

export const LARGE_AND_TINY = [
  '1.7976931348623157e308',
  '-1e300',
  '5e-324',
  '2.2250738585072014e-308',
] as const;

export const INFINITIES = ['9e999', '-9e999'] as const;

/** Texts that are no numbers. */
export const TEXTS = [
  `''`,
  `' '`,
  `'a '`,
  `'A'`,
  `'é'`,
  `'e' || char(769)`,
  `char(128512)`,
  `'it''s "quoted" \\ % _'`,
  `'a' || char(10) || char(9)`,
] as const;

/** Texts that only SQLite takes for numbers, under a type for numbers. */
export const NUMBER_LIKE = [`'007'`, `'1.10'`, `'1e2'`, `'12345678901234567890'`, `' 7'`, `'0x10'`] as const;

export const WITH_NUL = `'a' || char(0) || 'b'`;

/** No UTF-8. The second is half of a surrogate pair as such. */
export const INVALID = [`CAST(X'61ff62' AS TEXT)`, `CAST(X'eda080' AS TEXT)`] as const;

export const BLOBS = [`X''`, `X'00ff'`, `X'e9'`] as const;

export const DATES = [
  `'2026-02-28'`,
  `'2026-02-28 12:34:56.789'`,
  `'2026-02-28T12:34:56Z'`,
  `'12:34'`,
  `'yesterday'`,
] as const;

/** Unix seconds and a julian day. */
export const COUNTED_DATES = ['1772282096', '2461099.5', '-1'] as const;
