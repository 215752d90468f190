/** Tables as the engine is told of them: those too that foreign keys change in a way that no trigger can log. */
import type { TableSchema } from '../../../model';
import { cascadeRefusal } from '../capture/cascades';
import type { Session } from '../database';
import { readReferences } from '../schema/catalog';
import { readTables } from '../schema/tables';

export async function listTables(session: Session): Promise<readonly TableSchema[]> {
  const references = await readReferences(session);
  return [...(await readTables(session)).values()].map(({ schema }) => {
    if (schema.key === null) return schema;
    const refusal = cascadeRefusal(schema.name.name, schema.key.columns, references, session.database);
    return refusal === null ? schema : { ...schema, key: null, refusal };
  });
}
