/** Dates and times in one spelling. */

const TIME =
  /^(?:(\d{4,}-\d\d-\d\d)(?:[ T]|(?= BC)|$))?(?:(-?\d{2,3}:\d\d)(?::(\d\d)(?:\.(\d+))?)? ?(Z|[-+]\d\d(?::?\d\d){0,2})?)?( BC)?$/;

/**
 * Databases write zeros at the end of a fraction, seconds, and UTC, or leave them out. A zone other than UTC stays what
 * it is: the same moment in another zone is another text. What is none of these forms is left as it is.
 */
export function canonicalTime(text: string): string {
  return spelled(text, false);
}

/** A date and time as a moment in UTC, whatever the zone that it is written in; without one it is UTC. */
export function canonicalMoment(text: string): string {
  return spelled(text, true);
}

function spelled(text: string, isMoment: boolean): string {
  const match = TIME.exec(text);
  if (match === null) return text;
  const [, date, minutes, seconds = '00', fraction = '', zone = '', era = ''] = match;
  if (minutes === undefined) return date === undefined ? text : `${date} 00:00:00${era}`;
  const offset = zoneOf(zone);
  const kept = fraction.replace(/0+$/, '');
  const part = kept === '' ? '' : `.${kept}`;
  const time = `${minutes}:${seconds}`;
  if (date === undefined) return `${time}${part}${offset}${era}`;
  if (isMoment && offset !== '' && era === '') {
    const moment = inUtc(date, time, offset);
    if (moment !== null) return `${moment}${part}`;
  }
  return `${date} ${time}${part}${offset}${era}`;
}

/** `+01` for one hour, `+01:30`, and nothing for UTC. */
function zoneOf(zone: string): string {
  if (zone === '' || zone === 'Z') return '';
  const [hours = '00', minutes = '00', seconds = '00'] = zone.slice(1).match(/\d\d/g) ?? [];
  const rest = seconds === '00' ? (minutes === '00' ? '' : `:${minutes}`) : `:${minutes}:${seconds}`;
  return hours === '00' && rest === '' ? '' : `${zone.slice(0, 1)}${hours}${rest}`;
}

/** Null for a day that there is not, and for years with more than four digits. */
function inUtc(date: string, time: string, offset: string): string | null {
  const start = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(start)) return null;
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const shift = ((hours * 60 + minutes) * 60 + seconds) * (offset.startsWith('-') ? -1 : 1);
  const iso = new Date(start - shift * 1000).toISOString();
  return /^\d{4}-/.test(iso) ? iso.slice(0, 19).replace('T', ' ') : null;
}
