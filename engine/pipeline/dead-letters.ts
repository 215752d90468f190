/** Dead letters for people: listed, shown, marked for another try, discarded. What applies them is `engine/apply`. */
import { decodeRow } from '../apply';
import { nearMissHint } from '../capture';
import { CdcError } from '../errors';
import type { DeadLetter, DeadLetterEntry, TableCheckpoint, TargetTransaction } from '../model';
import { readProgress } from './checkpoint';
import type { PipelineContext } from './context';
import { findTable } from './context';
import type { ChosenLetters, LetterChoice } from './contract';

/** Throws PIPELINE_UNKNOWN, TABLE_NOT_IN_PIPELINE, DEAD_LETTER_UNKNOWN. */
export async function listDeadLetters(
  context: PipelineContext,
  { values, ...choice }: LetterChoice & { readonly values: boolean },
): Promise<readonly DeadLetter[]> {
  const target = await context.connections.target();
  const { checkpoint, tables } = await readProgress(context);
  const letters: DeadLetter[] = [];
  for (const entry of chosen(await target.deadLetters(checkpoint.uuid), tables, choice)) {
    const stored = values ? await target.deadLetter(checkpoint.uuid, entry.id) : { ...entry, row: null };
    // It was applied meanwhile.
    if (stored === null) continue;
    const { key, row, ...rest } = stored;
    letters.push({ ...rest, key: decodeRow(key), row: row === null ? null : decodeRow(row) });
  }
  return letters;
}

/** Throws PIPELINE_UNKNOWN, TABLE_NOT_IN_PIPELINE, DEAD_LETTER_UNKNOWN. */
export function retryDeadLetters(context: PipelineContext, choice: LetterChoice): Promise<ChosenLetters> {
  return change(context, choice, (tx, uuid, ids) => tx.flagDeadLetters(uuid, ids));
}

/** Throws PIPELINE_UNKNOWN, TABLE_NOT_IN_PIPELINE, DEAD_LETTER_UNKNOWN. */
export function discardDeadLetters(context: PipelineContext, choice: LetterChoice): Promise<ChosenLetters> {
  return change(context, choice, (tx, uuid, ids) => tx.removeDeadLetters(uuid, ids));
}

/** Under the lock of the checkpoint: an attempt may be about to apply one of them. */
async function change(
  context: PipelineContext,
  choice: LetterChoice,
  work: (tx: TargetTransaction, uuid: string, ids: readonly string[]) => Promise<void>,
): Promise<ChosenLetters> {
  const target = await context.connections.target();
  const { checkpoint, tables } = await readProgress(context);
  const letters = await target.transaction(null, async (tx) => {
    const locked = await tx.lockCheckpoint(context.ref.name);
    // Resynced as a whole meanwhile: its letters went with its former life.
    const found = locked?.uuid === checkpoint.uuid ? await tx.deadLetters(checkpoint.uuid, null) : [];
    const meant = chosen(found, tables, choice);
    if (meant.length > 0) {
      await work(
        tx,
        checkpoint.uuid,
        meant.map(({ id }) => id),
      );
    }
    return meant;
  });
  await target.flush();
  return { count: letters.length, tables: [...new Set(letters.map(({ table }) => table))] };
}

function chosen(
  letters: readonly DeadLetterEntry[],
  tables: readonly TableCheckpoint[],
  { table, ids }: LetterChoice,
): readonly DeadLetterEntry[] {
  const name = table === null ? null : findTable(tables, table).source;
  const own = letters.filter((letter) => name === null || letter.table === name);
  if (ids === null) return own;
  const unknown = ids.find((id) => !own.some((letter) => letter.id === id));
  if (unknown !== undefined) {
    const where = name === null ? '' : ` of table ${name}`;
    throw new CdcError('DEAD_LETTER_UNKNOWN', `There is no dead letter ${unknown}${where}`, {
      hint: nearMissHint(
        unknown,
        own.map(({ id }) => id),
        'It was applied or discarded, or never was; `cdc dead-letters list NAME` shows those that there are.',
      ),
    });
  }
  return own.filter(({ id }) => ids.includes(id));
}
