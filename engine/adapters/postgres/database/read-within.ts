/** Rows as they come, as long as they take no more memory than they may. */
import { Query, type Client, type QueryArrayConfig } from 'pg';
import { chunkTooLarge, type Allowance } from '../../../model';

type TextFields = (string | null)[];

/**
 * A server sends a result to its end. To ask it to stop takes another connection (CancelRequest), and some rows at a time
 * take a round trip for each portion of every result: so where there is too much the connection is ended, and
 * CHUNK_TOO_LARGE thrown. `table`: for its message.
 */
export function readWithin(
  client: Client,
  statement: QueryArrayConfig,
  allowance: Allowance,
  table: string | undefined,
): Promise<readonly TextFields[]> {
  return new Promise((resolve, reject) => {
    const rows: TextFields[] = [];
    let isFull = false;
    const query = new Query<TextFields>(statement);
    query.on('row', (row) => {
      if (isFull) return;
      if (allowance.take(row)) {
        rows.push(row);
        return;
      }
      isFull = true;
      rows.length = 0;
      reject(chunkTooLarge(table));
      // While a result is coming this closes the socket without a word. Rows that were received before still come.
      client.end().catch(() => undefined);
    });
    query.on('error', reject);
    query.on('end', () => {
      resolve(rows);
    });
    client.query(query);
  });
}
