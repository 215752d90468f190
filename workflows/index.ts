/**
 * Workflows: `replication`, a pipeline's life, and `scheduledRun`, one run of a schedule of it. The first one's main loop is in `replication.ts`; what it can be told
 * and asked in `messages/`; its states in `states.ts`; rounds in `work.ts`; pause, stop and resync in `steering.ts`.
 *
 * The code is replayed against histories that older versions wrote. A change that makes it give other commands for
 * the same history (another activity, timer or memo, in another order) goes behind `patched('<year>-<what>')`; the
 * old branch is removed, by way of `deprecatePatch`, once no chain started before the change can still run.
 * `test/histories/` holds recorded histories, and a test replays each of them; new ones are recorded, with
 * `test/histories/record.ts`, before such a change.
 */
export { replication } from './replication';
export { scheduledRun } from './scheduled';
export type * from './messages';
