import { join } from 'node:path';
import { serverOf } from '../support/mysql';
import type { Flavour } from '../support/mysql-programs';
import { describeKeys } from './keys';
import { inLongRuns } from './matrix';
import { openMysql } from './places/mysql';
import { openPostgres } from './places/postgres';
import { openSqlite } from './places/sqlite';
import { nameOf, withShort, type MatrixSample } from './sample';
import { MYSQL_SAMPLES } from './samples/mysql';
import { NATIVE_SAMPLES } from './samples/postgres';
import { SQLITE_SAMPLES } from './samples/sqlite';

/** A FLOAT is no key: the server compares it with none of the numbers that it shows. */
const ON_MYSQL =
  /^(?:(?:tiny|small|medium|big)?int|boolean|year|bit|decimal|double|date|time|timestamp|char|varchar|binary|varbinary|enum|set|uuid|inet)[^,]*$|^(?:decimal|double|enum|set)\b/i;

/** What needs a type of its own, or has values that can't be told. */
function isSpecial(sample: MatrixSample): boolean {
  return 'setup' in sample || /half|empty member|UNSIGNED/i.test(nameOf(sample));
}

/** With their short values; all of them in long runs, every fourth in short ones. */
function shortOnes<Sample extends MatrixSample>(samples: readonly Sample[]): readonly Sample[] {
  return samples
    .flatMap((sample) => withShort(sample) ?? [])
    .filter((sample, n) => n % 4 === 0 || isSpecial(sample) || process.env['CDC_LONG'] === '1');
}

function describeMysql(flavour: Flavour, from: string): void {
  const { url = '', missing } = serverOf(flavour);
  describeKeys({
    from,
    open: () => openMysql(flavour, url),
    ...(missing === undefined ? {} : { missing }),
    samples: shortOnes(
      MYSQL_SAMPLES.filter(
        ({ declaration }) =>
          ON_MYSQL.test(declaration) && !/COMPRESSED|INVISIBLE|NULL|\(0\)|\(\d{4,}\)/.test(declaration),
      ),
    ),
    targets: ['sqlite', 'postgres', ...inLongRuns('mariadb', 'mysql')],
  });
}

describeKeys({
  from: 'PostgreSQL',
  open: openPostgres,
  samples: shortOnes(
    Object.values(NATIVE_SAMPLES)
      .flat()
      .filter(({ key }) => key !== false),
  ),
  targets: ['sqlite', 'mariadb', ...inLongRuns('mysql')],
});

describeKeys({
  from: 'SQLite',
  open: (folder) => Promise.resolve(openSqlite(join(folder, 'source.db'))),
  samples: shortOnes(SQLITE_SAMPLES.filter(({ declaration }) => !/^INTEGER$/i.test(declaration))),
  targets: ['postgres', 'mariadb', ...inLongRuns('sqlite', 'mysql')],
});

describeMysql('mariadb', 'MariaDB');
if (process.env['CDC_LONG'] === '1') describeMysql('mysql', 'MySQL');
