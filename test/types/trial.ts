/** One type on its way: its table, what is written there, and whether the replica holds the same. */
import type { DeadLetter } from '../../engine';
import type { Field, Reading } from './kinds';
import type { Place, SourcePlace } from './places/place';
import { lettersOf, nameOf, valuesOf, type MatrixSample } from './sample';

export interface Trial<Sample extends MatrixSample = MatrixSample> {
  readonly sample: Sample;
  readonly table: string;
}

/** Keys of rows, by what happens to them; to each comes the place of its value among the sample's. */
const FROM = {
  copied: 0,
  inserted: 1000,
  updated: 2000,
  deleted: 3000,
  emptied: 4000,
  filled: 5000,
} as const;

const SPAN = 1000;

/** Statements before the pipeline starts. */
export function written<Sample extends MatrixSample>(
  source: SourcePlace<Sample>,
  { sample, table }: Trial<Sample>,
): readonly string[] {
  const values = valuesOf(sample).map((literal) => source.valueOf(sample, literal));
  const rows = values.flatMap((value, n) => [
    `(${FROM.copied + n}, ${value})`,
    `(${FROM.updated + n}, ${values[(n + 1) % values.length] ?? value})`,
    `(${FROM.deleted + n}, ${value})`,
    `(${FROM.emptied + n}, ${value})`,
    `(${FROM.filled + n}, NULL)`,
  ]);
  return [...(sample.session ?? []), ...rows.map((row) => `INSERT INTO ${table} (id, value) VALUES ${row}`)];
}

/** Statements while it is replicated. */
export function changed<Sample extends MatrixSample>(
  source: SourcePlace<Sample>,
  { sample, table }: Trial<Sample>,
): readonly string[] {
  return [
    ...(sample.session ?? []),
    ...valuesOf(sample).flatMap((literal, n) => {
      const value = source.valueOf(sample, literal);
      return [
        `INSERT INTO ${table} (id, value) VALUES (${FROM.inserted + n}, ${value})`,
        `UPDATE ${table} SET value = ${value} WHERE id IN (${FROM.updated + n}, ${FROM.filled + n})`,
      ];
    }),
    `UPDATE ${table} SET value = NULL WHERE id >= ${FROM.emptied} AND id < ${FROM.emptied + SPAN}`,
    `DELETE FROM ${table} WHERE id >= ${FROM.deleted} AND id < ${FROM.deleted + SPAN}`,
  ];
}

/** What each row's value is in the end, by the key: its place among the sample's, null for NULL. */
function expected(sample: MatrixSample): ReadonlyMap<number, number | null> {
  const places = [...valuesOf(sample).keys()];
  const held = [FROM.copied, FROM.inserted, FROM.updated, FROM.filled];
  return new Map([
    ...held.flatMap((from) => places.map((n): [number, number | null] => [from + n, n])),
    ...places.map((n): [number, number | null] => [FROM.emptied + n, null]),
  ]);
}

export function readingIn({ family, readings }: Place, sample: MatrixSample): Reading {
  return sample.readings?.[family] ?? readings[sample.kind ?? 'text'];
}

type Shown = ReadonlyMap<number, string | null>;

/** The values of a place by their keys, each as the one text that stands for it. */
async function shown(place: Place, table: string, { sql, canonical }: Reading): Promise<Shown> {
  const rows = await place.rows(`SELECT id, ${sql('value')} FROM ${table}`);
  return new Map(
    rows.map(([id = null, field = null]: readonly (Field | null)[]): [number, string | null] => [
      Number(id),
      field === null ? null : canonical(field),
    ]),
  );
}

/** Everything in which a replica isn't what the sample says; nothing where it is. */
export async function problemsOf(
  { sample, table }: Trial,
  source: Place,
  target: Place,
  letters: readonly DeadLetter[],
): Promise<readonly string[]> {
  const problems: string[] = [];
  const here = await shown(
    source,
    table,
    sample.sourceReadings?.[target.family] ?? readingIn(source, sample),
  );
  const there = await shown(target, table, readingIn(target, sample));
  const set = new Map(letters.map((letter) => [Number(letter.key['id']), letter]));
  const literals = valuesOf(sample);
  const letterOf = lettersOf(sample, target.family);
  const refused = new Set(literals.flatMap((literal, n) => (letterOf.includes(literal) ? [n] : [])));
  if (!letterOf.every((literal) => literals.includes(literal))) {
    problems.push('a dead letter is expected of a value that the sample lacks');
  }
  const wanted = expected(sample);
  for (const [id, place] of wanted) {
    const name = `row ${id} (${place === null ? 'NULL' : (literals[place] ?? '')})`;
    const letter = set.get(id);
    const [from, to] = [here.get(id), there.get(id)];
    if (from === undefined) problems.push(`${name} is not in the source`);
    if ((from === null) !== (place === null)) problems.push(`${name} is not what was written`);
    if (place !== null && refused.has(place)) {
      if (letter === undefined) problems.push(`${name} is no dead letter: ${from} and ${to}`);
      else if (letter.column !== 'value' || letter.code !== 'TYPE_MISMATCH') {
        problems.push(`${name} is a dead letter by ${letter.code} and column ${letter.column}`);
      }
    } else if (letter !== undefined) {
      problems.push(`${name} is a dead letter by ${letter.code} and column ${letter.column}`);
    } else if (from !== to) {
      problems.push(`${name} is ${clipped(from)} and arrives as ${clipped(to)}`);
    }
  }
  for (const id of here.keys()) if (!wanted.has(id)) problems.push(`row ${id} is left in the source`);
  for (const id of [...there.keys(), ...set.keys()]) {
    if (!wanted.has(id)) problems.push(`row ${id} is left in the target`);
  }
  return problems;
}

function clipped(text: string | null | undefined): string {
  const whole = String(text);
  return whole.length > 200 ? `${whole.slice(0, 200)}… (${whole.length})` : whole;
}

/** For titles of tests: each once. */
export function titlesOf(samples: readonly MatrixSample[]): readonly string[] {
  const seen = new Map<string, number>();
  return samples.map((sample) => {
    const name = nameOf(sample);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
