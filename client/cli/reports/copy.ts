/** How far copies have come, for people. */
import type { CopyProgress, TableProgress } from '../../../engine/model';
import type { PipelineState } from '../../../workflows/messages';
import { count, counted, duration } from './figures';

/** `300,000 of about 1,000,000 rows (30 %), 100,000/s, about 7.0 s left`. */
export function copyText({ rows, of, perSecond, leftMs }: CopyProgress): string {
  return [
    of === null ? counted(rows, 'row') : `${count(rows)} of about ${count(of)} rows (${percent(rows, of)} %)`,
    ...(perSecond === null ? [] : [`${count(perSecond)}/s`]),
    ...(leftMs === null ? [] : [`about ${duration(Math.ceil(leftMs / 1000) * 1000)} left`]),
  ].join(', ');
}

/** A rate is that of the last report: it says nothing of a pipeline that has been held up since. */
export function atRate(copy: CopyProgress, state: PipelineState): CopyProgress {
  return state === 'snapshotting' ? copy : { ...copy, perSecond: null, leftMs: null };
}

/** An estimate is no promise: what goes on is never all done. */
function percent(rows: number, of: number): number {
  return of <= 0 ? 0 : Math.max(0, Math.min(99, Math.floor((rows * 100) / of)));
}

/** A line for each table whose copy has begun, and one for those that wait. */
export function copyLines(tables: readonly TableProgress[], state: PipelineState): readonly string[] {
  const copying = tables.filter(({ state }) => state === 'snapshotting');
  const begun = copying.flatMap(({ source, copy }) =>
    copy === null || copy.rows === 0 ? [] : [{ source, copy }],
  );
  const waiting = copying.length - begun.length;
  return [
    ...begun.map(({ source, copy }) => `${source}: ${copyText(atRate(copy, state))}`),
    ...(waiting === 0 ? [] : [`${counted(waiting, 'table')} still to be begun`]),
  ];
}
