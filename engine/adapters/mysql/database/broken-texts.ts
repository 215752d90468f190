/**
 * Texts that are no UTF-8 although their column is: MariaDB keeps half a surrogate pair there. The driver puts U+FFFD in
 * the place of what it can't read, which may also be a letter of a text: then the statement is run once more, to see the
 * bytes.
 */
import { isUtf8 } from 'node:buffer';

const REPLACEMENT = '\ufffd';

/** Places of fields where some row has a text with U+FFFD. */
export function doubtfulPlaces(rows: readonly (readonly unknown[])[]): ReadonlySet<number> {
  const places = new Set<number>();
  for (const row of rows) {
    // An iterator would cost more than what is looked for.
    for (let place = 0; place < row.length; place++) {
      const field = row[place];
      if (typeof field === 'string' && field.includes(REPLACEMENT)) places.add(place);
    }
  }
  return places;
}

/** A field as the driver hands it to who wants to read it himself. */
interface RawField {
  buffer(): Buffer | null;
}

/** Reads the fields of a result in turn: as bytes what is no UTF-8 at those places. `width`: fields of a row. */
export function readBroken(
  places: ReadonlySet<number>,
  width: number,
): (field: RawField, asUsual: () => unknown) => unknown {
  let read = 0;
  return (field, asUsual) => {
    const place = read++ % width;
    if (!places.has(place)) return asUsual();
    const bytes = field.buffer();
    return bytes !== null && isUtf8(bytes) ? bytes.toString('utf8') : bytes;
  };
}
