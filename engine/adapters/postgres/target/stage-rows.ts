/** Stages net changes that came as values, so that what merges them is the same whichever way they travelled. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import type { RowSet, Tuple } from '../../../model';
import { toDatabaseError } from '../database/errors';
import type { Session } from '../database/session';
import { copyLine } from './copy-text';
import type { TargetShape } from './shape';
import type { ValueColumn } from './staged-columns';
import { keyOf } from './staged-row';
import {
  KIND,
  stagedFromStart,
  type StagedRows,
  type StagedSet,
  type StagingArea,
  type UnfitRow,
} from './staging';

/** A set with what is known of its table. */
export interface ShapedSet {
  readonly set: RowSet;
  readonly shape: TargetShape;
  readonly columns: readonly ValueColumn[];
}

/** Stages the sets of a chunk; they stand parents first. */
export async function stageSets(
  session: Session,
  area: StagingArea,
  sets: readonly ShapedSet[],
): Promise<readonly StagedSet[]> {
  const staged: StagedSet[] = [];
  for (const set of sets) staged.push(await stageSet(session, area, set));
  return staged;
}

/** Stages one set. Rows with a value that its column can't hold are remembered instead. */
export async function stageSet(
  session: Session,
  area: StagingArea,
  { set, shape, columns }: ShapedSet,
): Promise<StagedSet> {
  const { route, deletes, upserts, range } = set;
  const writer = createWriter(set, columns);
  const borrow = (): Promise<string> => area.borrow(columns.map((column) => column.type));
  let changes: StagedRows | null = null;
  if (deletes.length + upserts.length > 0) {
    const table = await borrow();
    await copyInto(session, stagedInto(table, columns.length), lines(writer, deletes, upserts));
    changes = {
      table,
      rows: deletes.length + upserts.length,
      placed: true,
      expected: null,
      deletes: deletes.length > 0,
      upserts: upserts.length > 0,
    };
  }
  const { unfit, gone } = writer;
  const keyTexts = keyWriter(set, columns);
  if (range === null) return { route, shape, columns, changes, range: null, unfit, gone, keyTexts };
  const table = await borrow();
  await copyInto(session, stagedInto(table, columns.length), lines(writer, [], range.rows, true));
  const rows = {
    table,
    rows: range.rows.length,
    placed: true,
    expected: null,
    deletes: false,
    upserts: range.rows.length > 0,
  };
  const staged = { rows: stagedFromStart(rows), bounds: range };
  return { route, shape, columns, changes, range: staged, unfit, gone, keyTexts };
}

/** Texts of a key in the order of the route's key; null where no row of the target can have it. */
function keyWriter({ route }: RowSet, columns: readonly ValueColumn[]): NonNullable<StagedSet['keyTexts']> {
  const fits = route.key.map((name) => columns[route.columns.indexOf(name)]?.fit);
  return (key) => {
    const texts = fits.map((fit, index) => fit?.(key[index] ?? null));
    const held = texts.filter((text) => text !== undefined);
    return held.length === texts.length ? held : null;
  };
}

function* lines(
  writer: Writer,
  deletes: readonly Tuple[],
  upserts: readonly Tuple[],
  copied = false,
): Generator<string> {
  let place = 0;
  for (const key of deletes) yield writer.deletion(place++, key);
  for (const row of upserts) yield writer.upsert(place++, row, copied);
}

interface Writer {
  readonly unfit: readonly UnfitRow[];
  readonly gone: readonly Tuple[];
  deletion(place: number, key: Tuple): string;
  upsert(place: number, row: Tuple, copied: boolean): string;
}

function createWriter({ route }: RowSet, columns: readonly ValueColumn[]): Writer {
  const unfit: UnfitRow[] = [];
  const gone: Tuple[] = [];
  const keyPlaces = route.columns.map((column) => route.key.indexOf(column));
  /** The key alone; null where no row of the target can have it. */
  const keyLine = (kind: string, place: number, key: Tuple): string | null => {
    const fields: (string | null)[] = [String(place), kind];
    for (const [index, column] of columns.entries()) {
      const at = keyPlaces[index] ?? -1;
      const text = at < 0 ? null : column.fit(key[at] ?? null);
      if (text === undefined) return null;
      fields.push(text);
    }
    return copyLine(fields);
  };
  return {
    unfit,
    gone,
    deletion(place, key) {
      const line = keyLine(KIND.delete, place, key);
      if (line === null) gone.push(key);
      return line ?? '';
    },
    upsert(place, row, copied) {
      const fields: (string | null)[] = [String(place), KIND.upsert];
      for (const [index, column] of columns.entries()) {
        const text = column.fit(row[index] ?? null);
        if (text === undefined) {
          const key = keyOf(route, row);
          const name = route.columns[index] ?? null;
          const code = 'TYPE_MISMATCH';
          unfit.push({ table: route.id, key, row, op: 'upsert', code, column: name, copied });
          return keyLine(KIND.keep, place, key) ?? '';
        }
        fields.push(text);
      }
      return copyLine(fields);
    },
  };
}

/** Lines are sent in pieces of about this many characters. */
const PIECE = 65_536;

function stagedInto(table: string, width: number): string {
  const names = Array.from({ length: width }, (_, index) => `c${index}`).join(', ');
  return `${table} (ord, kind, ${names})`;
}

/** COPY in text: `into` is `table (columns)`, `rows` are lines. */
export async function copyInto(session: Session, into: string, rows: Iterable<string>): Promise<void> {
  try {
    const sink = session.client.query(copyFrom(`COPY ${into} FROM STDIN`));
    await pipeline(Readable.from(pieces(rows)), sink);
  } catch (error) {
    throw toDatabaseError(error, session.database, { lost: session.isLost });
  }
}

function* pieces(rows: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of rows) {
    piece += line;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
