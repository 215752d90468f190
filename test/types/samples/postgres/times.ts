/** Dates, times and intervals, with values at their limits. */
import { lettersOnMysql } from '../../sample';
import type { NativeSample } from './native-sample';

export const TIMES: readonly NativeSample[] = [
  {
    declaration: 'date',
    kind: 'date',
    literals: [
      `'2026-02-28'`,
      `'0044-03-15 BC'`,
      `'infinity'`,
      `'-infinity'`,
      `'4713-01-01 BC'`,
      `'5874897-12-31'`,
    ],
    to: lettersOnMysql(`'0044-03-15 BC'`, `'infinity'`, `'-infinity'`, `'4713-01-01 BC'`, `'5874897-12-31'`),
  },
  { declaration: 'time', kind: 'time', literals: [`'24:00'`, `'00:00:00.000001'`, `'23:59:59.999999'`] },
  { declaration: 'time(0)', kind: 'time', literals: [`'24:00'`, `'12:34:56'`] },
  {
    declaration: 'time with time zone',
    kind: 'zoned time',
    literals: [`'24:00+15:59'`, `'12:00-03:30'`, `'12:00:00.5-15:59:59'`, `'00:00+00'`],
  },
  {
    declaration: 'timestamp',
    kind: 'timestamp',
    literals: [
      `'2026-02-28 12:34:56.789012'`,
      `'0044-03-15 BC'`,
      `'infinity'`,
      `'-infinity'`,
      `'4713-01-01 00:00:00 BC'`,
      `'294276-12-31 23:59:59.999999'`,
    ],
    to: lettersOnMysql(
      `'0044-03-15 BC'`,
      `'infinity'`,
      `'-infinity'`,
      `'4713-01-01 00:00:00 BC'`,
      `'294276-12-31 23:59:59.999999'`,
    ),
  },
  { declaration: 'timestamp(3)', kind: 'timestamp', literals: [`'2026-02-28 12:34:56.789'`] },
  {
    declaration: 'timestamp with time zone',
    kind: 'zoned timestamp',
    literals: [
      `'2026-02-28 12:34:56.789012+02'`,
      `'0044-03-15 12:00+00 BC'`,
      `'-infinity'`,
      `'infinity'`,
      `'4713-01-01 00:00:00+00 BC'`,
      `'294276-12-31 23:59:59.999999+00'`,
      `'1880-01-01 00:00:00+00'`,
    ],
    to: lettersOnMysql(
      `'0044-03-15 12:00+00 BC'`,
      `'-infinity'`,
      `'infinity'`,
      `'4713-01-01 00:00:00+00 BC'`,
      `'294276-12-31 23:59:59.999999+00'`,
    ),
  },
  {
    declaration: 'interval',
    kind: 'interval',
    literals: [
      `'1 year -2 months 3 days -04:05:06.789'`,
      `'-1 year +2 days -00:00:00.000001'`,
      `'-0.000001 s'`,
      `'-1.5 s'`,
      `'178000000 years'`,
      `'-178000000 years'`,
      `'0'`,
      `'1 mon -1 day'`,
    ],
    respelled: [`'1 day'`, `'24:00:00'`],
  },
  {
    declaration: 'interval(6)',
    kind: 'interval',
    // Before, hours were no more than 2147483647; all three at their largest are infinity since 17.
    since: 150000,
    literals: [
      `'2147483646 mons 2147483647 days 2562047788:00:54.775807'`,
      `'-2147483648 mons -2147483648 days -2562047788:00:54.775807'`,
    ],
  },
  { declaration: 'interval year to month', kind: 'interval', literals: [`'1-2'`, `'-3-4'`] },
  { declaration: 'interval day to second(3)', kind: 'interval', literals: [`'4 05:06:07.891'`] },
  { declaration: 'interval second(2)', kind: 'interval', literals: [`'1.25'`] },
];
