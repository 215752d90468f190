/** The text of an interval as the server writes it. Of any other text it makes this one, and rounds below a microsecond. */

/** Years and months, days, and the parts of a day have a sign of their own each, which all of their numbers show. */
const WRITTEN =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+(?:\.\d{0,5}[1-9])?)S)?)?$/;

export function isWrittenInterval(text: string): boolean {
  if (text === 'PT0S') return true;
  const match = WRITTEN.exec(text);
  if (match === null || text === 'P' || text.endsWith('T')) return false;
  const numbers: readonly (string | undefined)[] = match.slice(1);
  const [years, months, , hours, minutes, seconds] = numbers;
  // None is 0 or begins with one, but for a fraction of a second.
  const isPlain = numbers.every(
    (number) => number === undefined || /^-?(?:[1-9]\d*(?:\.\d+)?|0\.\d+)$/.test(number),
  );
  return (
    isPlain &&
    isBelow(months, 12) &&
    isBelow(minutes, 60) &&
    isBelow(seconds, 60) &&
    haveOneSign([years, months]) &&
    haveOneSign([hours, minutes, seconds])
  );
}

function isBelow(number: string | undefined, limit: number): boolean {
  return number === undefined || Math.abs(Number(number)) < limit;
}

function haveOneSign(numbers: readonly (string | undefined)[]): boolean {
  const signs = numbers.flatMap((number) => (number === undefined ? [] : [number.startsWith('-')]));
  return new Set(signs).size < 2;
}
