/** Rows as they come, as long as they take no more memory than they may. */
import { Socket } from 'node:net';
import type { Connection, QueryOptions } from 'mysql2';
import { chunkTooLarge, type Allowance } from '../../../model';

/**
 * A server sends a result to its end. To ask it to stop takes another connection (KILL QUERY), and what is on its way comes
 * all the same: so where there is too much this connection is ended, and CHUNK_TOO_LARGE thrown. `table`: for its message.
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
          cutOff(client);
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

/** What the driver calls destroying says good-bye, and goes on to read until the server has taken notice. */
function cutOff(client: Connection): void {
  client.destroy();
  const stream: unknown = Reflect.get(client, 'stream');
  if (stream instanceof Socket) stream.destroy();
}
