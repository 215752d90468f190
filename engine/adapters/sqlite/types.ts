/** What SQLite's types are, for the page about types. */
import type { TypeTable } from '../../model';
import { columnType } from './schema/types';
import { declaredTypeFor } from './target/tables';

const READ = 'the value by its storage class';

const DECLARED: readonly string[] = [
  ...['INTEGER', 'BIGINT', 'REAL', 'DOUBLE', 'NUMERIC', 'DECIMAL(10,2)', 'BOOLEAN'],
  ...['DATE', 'DATETIME', 'TIMESTAMP', 'TEXT', 'VARCHAR(20)', 'CLOB', 'JSON', 'UUID', 'BLOB', ''],
];

export const types: TypeTable = {
  entries: [
    ...DECLARED.map((declared) => ({ declared, read: READ })),
    ...['INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY'].map((declared) => ({
      declared,
      read: READ,
      strict: true as const,
    })),
  ],
  describe: ({ declared, strict }) => columnType(declared, strict === true),
  made: ({ type }) => declaredTypeFor(type),
  written: 'parameters of the storage class, or set by set out of the attached file',
};
