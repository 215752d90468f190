/** What the types of MySQL and MariaDB are, for the page about types. */
import type { TypeTable } from '../../model';
import { describeType } from './schema/types';
import { nativeType } from './target/native-types';

/** Declarations by how their values are read. */
const READ: readonly (readonly [string, readonly string[]])[] = [
  [
    'all digits',
    [
      ...['tinyint', 'tinyint unsigned', 'smallint', 'smallint unsigned', 'mediumint', 'mediumint unsigned'],
      ...['int', 'int unsigned', 'bigint', 'bigint unsigned', 'tinyint(1)', 'year'],
      ...['decimal(10,2)', 'decimal(65,30)'],
    ],
  ],
  ['as a number, by + 0', ['bit(1)', 'bit(16)', 'bit(64)']],
  ['as a double, by * 1e0: the text has six digits only', ['float']],
  ['the fewest digits that name it', ['double', 'double(10,2)']],
  [
    'every letter',
    [
      ...[
        'char(20)',
        'varchar(20)',
        'varchar(2000)',
        'varchar(20) character set latin1',
        'varchar(20) character set greek',
      ],
      ...['tinytext', 'text', 'mediumtext', 'longtext'],
    ],
  ],
  ['bytes', ['binary(16)', 'varbinary(20)', 'varbinary(2000)', 'tinyblob', 'blob', 'mediumblob', 'longblob']],
  ['as text, zero dates too', ['date', 'datetime', 'datetime(6)', 'time', 'time(6)']],
  ['as text, in UTC', ['timestamp', 'timestamp(6)']],
  ['as the server writes it', ['json', 'uuid', 'inet4', 'inet6', `set('a','b')`]],
  ['the member; what stands for none is told from an empty one', [`enum('a','b')`]],
  [
    'hexadecimal digits, with the SRID',
    ['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'geometrycollection'],
  ],
  ['hexadecimal digits', ['vector(3)']],
];

export const types: TypeTable = {
  entries: READ.flatMap(([read, declared]) => declared.map((type) => ({ declared: type, read }))),
  describe: ({ declared }) => describeType(declared),
  made: (column) =>
    nativeType(column, { collation: '', keyLetters: null })?.replace(/ CHARACTER SET.*$/, '') ?? null,
  written: 'literals of the type of the column, each after its value was looked at',
};
