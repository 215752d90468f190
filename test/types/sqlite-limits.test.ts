/** What a plan says of columns of SQLite, which hold values of any kind and of any size. */
import { expect, test } from '@jest/globals';
import { fidelityOf } from '../../engine';
import { types as mysqlTypes } from '../../engine/adapters/mysql/types';
import { types as postgresTypes } from '../../engine/adapters/postgres/types';
import { types as sqliteTypes } from '../../engine/adapters/sqlite/types';
import { column } from './columns';

const TARGETS = { MySQL: mysqlTypes, PostgreSQL: postgresTypes };

function saidOf(from: string, database: keyof typeof TARGETS, to: string): string | null {
  const source = column(from, sqliteTypes.describe({ declared: from }));
  return fidelityOf(source, column(to, TARGETS[database].describe({ declared: to })), false).reason;
}

test.each<[string, keyof typeof TARGETS, string, string]>([
  ['NUMERIC', 'MySQL', 'decimal(65,30)', 'more than 35 digits before or 30 after the point'],
  ['NUMERIC', 'PostgreSQL', 'numeric(10,2)', 'more than 8 digits before or 2 after the point'],
  ['TEXT', 'MySQL', 'varchar(5)', 'more than 5 letters'],
  ['TEXT', 'PostgreSQL', 'varchar(2000)', 'more than 2,000 letters'],
  ['BLOB', 'MySQL', 'varbinary(2)', 'more than 2 bytes'],
  ['REAL', 'MySQL', 'float', "numbers that 32 bits don't hold exactly"],
  ['INTEGER', 'PostgreSQL', 'double precision', "whole numbers that 53 bits don't hold"],
  ['INTEGER', 'PostgreSQL', 'smallint', 'numbers beyond 16 bits with a sign'],
  ['INTEGER', 'MySQL', 'bigint unsigned', 'numbers beyond 64 bits without a sign'],
  ['TEXT', 'PostgreSQL', 'timestamp(0)', 'fractions of a second beyond 0 digits'],
])('into a smaller column, %s to %s %s, it names what is too large', (from, database, to, what) => {
  const reason = saidOf(from, database, to) ?? '';
  const parts = reason.replace('may not fit: ', '').split('; ');
  expect(parts.slice(0, 2)).toEqual([`values of another kind than ${to}`, what]);
  expect(parts.filter((part) => part.startsWith('more than'))).toHaveLength(what.startsWith('more') ? 1 : 0);
});

test.each<[string, keyof typeof TARGETS, string]>([
  ['NUMERIC', 'PostgreSQL', 'numeric'],
  ['INTEGER', 'MySQL', 'bigint'],
  ['REAL', 'MySQL', 'double'],
  ['BLOB', 'PostgreSQL', 'bytea'],
])('into a column of any size, %s to %s %s, it names no size', (from, database, to) => {
  expect(saidOf(from, database, to)).not.toMatch(/more than|beyond|bits/);
});
