import { describeMatrix, inLongRuns } from './matrix';
import { openPostgres } from './places/postgres';
import { NATIVE_SAMPLES, type NativeSample } from './samples/postgres';
import { VARIANTS } from './samples/postgres/variants';

/** Values that are equal as keys are values all the same. */
function withRespelled(sample: NativeSample): NativeSample {
  return { ...sample, further: [...(sample.further ?? []), ...(sample.respelled ?? [])] };
}

describeMatrix({
  from: 'PostgreSQL',
  open: openPostgres,
  samples: [...Object.values(NATIVE_SAMPLES).flat(), ...VARIANTS].map(withRespelled),
  targets: [['sqlite', 'direct'], ['mariadb', 'direct'], ...inLongRuns(['mysql', 'direct'])],
  controls: [
    { kind: 'bool', of: 'boolean', literal: 'true' },
    { kind: 'integer', of: 'bigint', literal: '9007199254740993' },
    { kind: 'decimal', of: 'numeric', literal: `'1.10'` },
    { kind: 'float32', of: 'real', literal: '1.1' },
    { kind: 'float64', of: 'double precision', literal: '0.1' },
    { kind: 'text', of: 'text', literal: `' '` },
    { kind: 'bytes', of: 'bytea', literal: `'\\x00ff00'` },
    { kind: 'date', of: 'date', literal: `'2026-02-28'` },
    { kind: 'time', of: 'time', literal: `'00:00:00.000001'` },
    { kind: 'zoned time', of: 'time with time zone', literal: `'12:00-03:30'` },
    { kind: 'timestamp', of: 'timestamp', literal: `'2026-02-28 12:34:56.789012'` },
    { kind: 'zoned timestamp', of: 'timestamp with time zone', literal: `'2026-02-28 12:34:56.789012+02'` },
    { kind: 'interval', of: 'interval', literal: `'1 year -2 months 3 days -04:05:06.789'` },
    { kind: 'uuid', of: 'uuid', literal: `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'` },
  ],
});
