/** A statement that was refused for want of a privilege, with the one that grants it. */
import { CdcError, isCdcError } from '../../../errors';
import type { Diagnosis } from '../../../model';
import { errorNumberOf } from '../database';

/**
 * Runs `work`. PRIVILEGE_MISSING of the server's gets as its hint what would mend what `look` finds: the server says
 * in its own words only which privilege was missing, and of several not which are.
 */
export async function namingRights<T>(
  look: () => Promise<readonly Diagnosis[]>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCdcError(error, 'PRIVILEGE_MISSING') || errorNumberOf(error) === null) throw error;
    const found = await look().catch(() => []);
    const remedies = found.flatMap(({ state, remedy }) =>
      state === 'problem' && remedy !== null ? [remedy] : [],
    );
    if (remedies.length === 0) throw error;
    throw new CdcError('PRIVILEGE_MISSING', error.message, {
      hint: [...new Set(remedies)].join(' '),
      ...(error.table === null ? {} : { table: error.table }),
      cause: error.cause,
    });
  }
}
