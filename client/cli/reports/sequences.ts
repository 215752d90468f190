/** How the target's sequences stand, and what was done about it. */
import type { SequenceReport } from '../../../engine';
import type { SequenceStanding, SequenceState } from '../../../engine/model';
import type { Paint } from '../terminal';
import { columns } from './columns';
import { counted } from './figures';
import { type JsonValue, jsonValue } from './values';

export interface JsonSequence extends Omit<SequenceState, 'next' | 'former'> {
  readonly next: JsonValue;
  readonly former: JsonValue;
}

export interface JsonSequences {
  readonly version: 1;
  readonly pipeline: string;
  readonly dryRun: boolean;
  readonly sequences: readonly JsonSequence[];
  /** Target tables of which no column draws from a sequence. */
  readonly without: readonly string[];
}

export function sequencesJson(
  pipeline: string,
  dryRun: boolean,
  { sequences, without }: SequenceReport,
): JsonSequences {
  return {
    version: 1,
    pipeline,
    dryRun,
    sequences: sequences.map((state) => ({
      ...state,
      next: jsonValue(state.next),
      former: jsonValue(state.former),
    })),
    without,
  };
}

const LAYOUT = [
  { title: 'SEQUENCE', align: 'left' },
  { title: 'COLUMN', align: 'left' },
  { title: 'NEXT', align: 'right' },
  { title: '', align: 'left' },
] as const;

function standing(state: SequenceStanding, paint: Paint): string {
  switch (state) {
    case 'enough':
      return 'far enough';
    case 'behind':
      return paint.yellow('behind its rows');
    case 'raised':
      return paint.green('raised');
    case 'refused':
      return paint.red('the role may not set it');
    case 'exhausted':
      return paint.red('has no number left beyond its rows');
  }
}

function row({ sequence, usedBy, state, next, former }: SequenceState, paint: Paint): readonly string[] {
  const users = usedBy.map(({ table, column }) => `${table}.${column}`).join(', ');
  const number = next === null ? '-' : String(next);
  return [
    sequence,
    users,
    state === 'raised' && former !== null ? `${String(former)} -> ${number}` : number,
    standing(state, paint),
  ];
}

/** True where every sequence is, or would be, beyond its rows. */
export function sequencesSound({ sequences }: SequenceReport): boolean {
  return sequences.every(({ state }) => state !== 'refused' && state !== 'exhausted');
}

export function sequencesReport(
  pipeline: string,
  dryRun: boolean,
  { adapter, apart, sequences, without }: SequenceReport,
  paint: Paint,
): string {
  if (!apart) {
    return `${paint.bold(pipeline)}: ${adapter} counts on from the rows that are there; nothing has to be set.`;
  }
  const of = (wanted: SequenceStanding): number => sequences.filter(({ state }) => state === wanted).length;
  const [behind, raised] = [of('behind'), of('raised')];
  const remedies = sequences.flatMap(({ sequence, remedy }) =>
    remedy === null ? [] : [`  ${sequence}: ${remedy}`],
  );
  return [
    paint.bold(pipeline),
    ...(sequences.length === 0
      ? []
      : [
          '',
          columns(
            LAYOUT,
            sequences.map((state) => row(state, paint)),
            paint.dim,
          ),
        ]),
    ...(without.length === 0 ? [] : ['', `Without a sequence: ${without.join(', ')}.`]),
    ...(remedies.length === 0 ? [] : ['', 'What to do:', ...remedies]),
    '',
    dryRun
      ? `${counted(behind, 'sequence')} would be raised; nothing was written.`
      : `${counted(raised, 'sequence')} raised.`,
  ].join('\n');
}
