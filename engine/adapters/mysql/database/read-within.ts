/** Rows as they come, as long as they take no more memory than they may. */
import type { Connection, QueryOptions } from 'mysql2';
import { chunkTooLarge, type Allowance } from '../../../model';

/**
 * A server sends a result to its end, and nothing in its protocol asks it to stop: so where there is too much the
 * connection is ended, and CHUNK_TOO_LARGE thrown. `table`: for its message.
 */
export function readWithin(
  client: Connection,
  statement: QueryOptions,
  allowance: Allowance,
  table: string | undefined,
): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const rows: unknown[] = [];
    let isOver = false;
    const end = (say: () => void): void => {
      isOver = true;
      client.off('error', lost);
      say();
    };
    const fail = (error: unknown): void => {
      // What the driver throws is an Error, whatever its events say.
      end(() => {
        reject(error instanceof Error ? error : new Error('The driver gave up', { cause: error }));
      });
    };
    // A statement that is read by events is not told of the end of its connection.
    const lost = (error: unknown): void => {
      fail(error);
    };
    client.on('error', lost);
    client
      .query(statement)
      .on('result', (row: unknown) => {
        if (isOver) return;
        if (Array.isArray(row) && !allowance.take(row)) {
          rows.length = 0;
          fail(chunkTooLarge(table));
          client.destroy();
        } else rows.push(row);
      })
      .on('error', fail)
      .on('end', () => {
        end(() => {
          resolve(rows);
        });
      });
  });
}
