/** Dates and times of MySQL and MariaDB, zero and partial ones among them, with values at their limits. */
import type { MysqlSample } from './mysql-sample';

/** Digits of a second's fraction. */
const PRECISIONS = [0, 1, 2, 3, 4, 5, 6] as const;

function fraction(digits: number): string {
  return digits === 0 ? '' : `.${'9'.repeat(digits)}`;
}

/** No days of a calendar. */
const NO_DATES = [
  `'0000-00-00'`,
  `'2026-00-00'`,
  `'2026-02-00'`,
  `'0000-01-01'`,
  `'2026-02-31'`,
  `'2023-02-29'`,
];

function at(time: string): (date: string) => string {
  return (date) => `${date.slice(0, -1)} ${time}'`;
}

function noDay(...letters: readonly string[]): NonNullable<MysqlSample['to']> {
  return { postgres: { letters } };
}

const DATETIMES: readonly MysqlSample[] = PRECISIONS.map((digits): MysqlSample => {
  const zero = NO_DATES.map(at(`12:34:56${fraction(digits)}`));
  return {
    declaration: `DATETIME(${digits})`,
    kind: 'timestamp',
    literals: [
      `'1000-01-01 00:00:00'`,
      `'0001-01-01 00:00:00'`,
      `'9999-12-31 23:59:59${fraction(digits)}'`,
      `'2026-02-28 12:34:56${fraction(digits)}'`,
      `'2024-02-29 02:30:00'`,
      `'0000-00-00 00:00:00'`,
      ...zero.slice(1),
    ],
    to: noDay(`'0000-00-00 00:00:00'`, ...zero.slice(1)),
  };
});

const TIMESTAMPS: readonly MysqlSample[] = PRECISIONS.map((digits): MysqlSample => ({
  declaration: `TIMESTAMP(${digits}) NULL`,
  kind: 'zoned timestamp',
  literals: [
    `'1970-01-01 00:00:01'`,
    `'2038-01-19 03:14:07${fraction(digits)}'`,
    `'2026-03-29 01:30:00'`,
    `'2026-10-25 00:30:00${fraction(digits)}'`,
    `'0000-00-00 00:00:00'`,
  ],
  to: noDay(`'0000-00-00 00:00:00'`),
}));

const TIMES: readonly MysqlSample[] = PRECISIONS.map((digits): MysqlSample => {
  const beyond = [
    `'838:59:59'`,
    `'-838:59:59'`,
    `'-00:00:01${fraction(digits)}'`,
    `'25:00:00'`,
    `'838:59:58${fraction(digits)}'`,
  ];
  const literals = [`'00:00:00'`, `'23:59:59${fraction(digits)}'`, `'24:00:00'`, ...new Set(beyond)];
  return { declaration: `TIME(${digits})`, kind: 'time', literals, to: noDay(...new Set(beyond)) };
});

export const DATES_AND_TIMES: readonly MysqlSample[] = [
  {
    declaration: 'DATE',
    kind: 'date',
    literals: [`'0001-01-01'`, `'1000-01-01'`, `'9999-12-31'`, `'2024-02-29'`, ...NO_DATES],
    to: noDay(...NO_DATES),
  },
  ...DATETIMES,
  ...TIMESTAMPS,
  ...TIMES,
];
