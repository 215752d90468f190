/** Removes dead letters, and keys to repair, of rows that are copied again, or that are nobody's any more. */
import type { TargetTransaction } from '../model';

/** Those of one table (source name) or of all (null). */
export async function forgetLetters(
  tx: TargetTransaction,
  uuid: string,
  table: string | null,
): Promise<void> {
  await tx.removeRepairs(uuid, { table });
  const letters = await tx.deadLetters(uuid, table);
  if (letters.length === 0) return;
  await tx.removeDeadLetters(
    uuid,
    letters.map(({ id }) => id),
  );
}
