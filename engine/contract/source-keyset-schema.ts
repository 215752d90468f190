/** Cases: a table that is read by a column is not any more as its route says, and that is told in time. */
import assert from 'node:assert/strict';
import type { KeysetColumn } from '../model';
import type { ContractCase } from './contract-case';
import { insertItem, OLD, stampedCase } from './keyset-scene';
import type { ContractOptions } from './options';
import { first, rejection, routesOf } from './scene';
import { ITEMS } from './tables';

export function sourceKeysetSchemaCases(options: ContractOptions): readonly ContractCase[] {
  const { fixture } = options;
  const range = (column: KeysetColumn) => [{ column, from: null, before: null, after: null }];

  return [
    stampedCase(
      options,
      'a column or a table that is gone is told as a schema that has moved',
      ITEMS,
      async (stamped) => {
        const { database, reader, time, version, route } = stamped;
        await reader.check([route]);
        await database.execute(insertItem(1, OLD), `DROP INDEX ${fixture.indexOf('items', 'items_changed')}`);
        await database.execute(`ALTER TABLE items DROP COLUMN changed`);
        await rejection(reader.read(range(time), 10), 'SCHEMA_MOVED');
        await rejection(reader.look([time]), 'SCHEMA_MOVED');
        assert.equal((await rejection(reader.check([route]), 'SCHEMA_MOVED')).table, route.id);
        await database.execute(`DROP TABLE items`);
        await rejection(reader.read(range(version), 10), 'SCHEMA_MOVED');
        await rejection(reader.look([version]), 'SCHEMA_MOVED');
        await rejection(reader.check([route]), 'SCHEMA_MOVED');
        const request = { table: route.id, after: null, replace: false };
        await rejection(reader.copy({ route, request, limit: 10 }), 'SCHEMA_MOVED');
      },
    ),

    stampedCase(
      options,
      'columns that were added, or declared anew, are told by reading rows and by asking',
      ITEMS,
      async (stamped) => {
        const { database, source, reader } = stamped;
        await database.execute(insertItem(1, OLD));
        for (const ddl of [
          [`ALTER TABLE items ADD COLUMN more INTEGER`],
          [`ALTER TABLE items DROP COLUMN more`, `ALTER TABLE items ADD COLUMN more ${fixture.timeType}`],
        ]) {
          const before = first(await routesOf(source, [ITEMS]));
          const version: KeysetColumn = { ...stamped.version, route: before };
          await reader.check([before]);
          await database.execute(...ddl);
          assert.equal((await rejection(reader.check([before]), 'SCHEMA_MOVED')).table, before.id);
          const read = await rejection(reader.read(range(version), 10), 'SCHEMA_MOVED');
          assert.equal(read.table, before.id);
          const request = { table: before.id, after: null, replace: false };
          const copied = reader.copy({ route: before, request, limit: 10 });
          assert.equal((await rejection(copied, 'SCHEMA_MOVED')).table, before.id);
          const after = first(await routesOf(source, [ITEMS]));
          await reader.check([after]);
          const [page] = await reader.read(range({ ...version, route: after }), 10);
          assert.equal(page?.rows.length, 1);
        }
      },
    ),

    stampedCase(
      options,
      'a condition that names a column which is gone is told as columns that have changed',
      ITEMS,
      async (stamped) => {
        const { database, source, reader } = stamped;
        if (source.checkFilter === undefined) return;
        await database.execute(`ALTER TABLE items DROP COLUMN amount`);
        const route = { ...first(await routesOf(source, [ITEMS])), where: 'amount > 0' };
        assert.equal((await rejection(reader.check([route]), 'SOURCE_SCHEMA_CHANGED')).table, route.id);
      },
    ),
  ];
}
