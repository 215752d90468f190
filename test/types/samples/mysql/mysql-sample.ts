import type { Flavour } from '../../../support/mysql-programs';
import type { Kind, Reading } from '../../kinds';
import * as canonical from '../../canonical';
import type { MatrixSample } from '../../sample';

/** A type of MySQL and MariaDB. */
export interface MysqlSample extends MatrixSample {
  /** The only one of the two that has it. */
  readonly only?: Flavour;
  /** Oldest servers that know it: 10.10 of MariaDB is 1010. */
  readonly since?: Readonly<Partial<Record<Flavour, number>>>;
}

/** Integers that SQLite holds as text: they are wider than its own. */
export const WIDE: Pick<MysqlSample, 'kind' | 'readings'> = {
  kind: 'integer',
  readings: {
    sqlite: {
      sql: (column) =>
        `CASE WHEN ${column} IS NOT NULL THEN typeof(${column}) || hex(CAST(${column} AS BLOB)) END`,
      canonical: (field) => {
        const shown = String(field);
        return shown.startsWith('text')
          ? canonical.integer(canonical.textOf(shown.slice(4)))
          : `not readable: ${shown}`;
      },
    },
  },
};

/** The hexadecimal digits of its bytes travel, and are what others hold, a server that lacks the type among them. */
const DIGITS: Reading = {
  sql: (column) => `IF(CHARSET(${column}) = 'binary', HEX(HEX(${column})), HEX(${column}))`,
  canonical: (field) => canonical.bytes(String(field)),
};

export const BY_DIGITS: Pick<MysqlSample, 'kind' | 'readings'> = {
  kind: 'text' satisfies Kind,
  readings: { mariadb: DIGITS, mysql: DIGITS },
};

/** MySQL converts what is no letter to NULL. */
export const OR_ITS_BYTES: Pick<MysqlSample, 'readings'> = {
  readings: {
    mysql: {
      sql: (column) => `COALESCE(HEX(CONVERT(${column} USING utf8mb4)), HEX(${column}))`,
      canonical: (field) => canonical.bytes(String(field)),
    },
  },
};
