/** What PostgreSQL's types are, for the page about types. */
import type { TypeTable } from '../../model';
import { CARRIED, TYPES } from './schema/type-table';
import { describeType } from './schema/types';
import { nativeType } from './target/native-types';

const ENUM = `enum ('a', 'b')`;

export const types: TypeTable = {
  entries: [
    ...Object.values(TYPES),
    { declared: 'numeric', read: 'all digits' },
    { declared: 'timestamp(3)', read: 'ISO' },
    { declared: ENUM, read: 'the member' },
    { declared: 'integer[]', read: 'in braces, with bounds that do not begin at 1' },
    ...CARRIED.map((declared) => ({ declared, read: 'as the server writes it' })),
    { declared: 'composites, domains of them, types of extensions', read: 'as the server writes it' },
  ],
  describe: ({ declared }) =>
    declared === ENUM
      ? { type: { kind: 'enum', members: ['a', 'b'] }, bounds: { specials: ['all letters'] } }
      : describeType(declared),
  made: (column) => nativeType(column),
  written: 'text parameters that are cast to the type of the column, or COPY',
};
