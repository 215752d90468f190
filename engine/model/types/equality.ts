/**
 * When a value of a source's column and one of the target's count as equal: by the types of the columns, and not by what
 * the values look like. 1.10 and 1.1 are the same number and two texts.
 */
import type { TypedColumn } from './bounds';
import { canonicalMoment, canonicalTime } from './canonical-time';
import type { LogicalType } from './logical';
import {
  asJson,
  asNumber,
  asNumbers,
  asStored,
  asText,
  asTextIn,
  asUuid,
  asWrittenNumber,
  exactly,
  type Meaning,
} from './meanings';

export type { Meaning } from './meanings';

/** What is to be known of a column. */
export type ComparedColumn = Declared & Pick<TypedColumn, 'type'>;

type Declared = Pick<TypedColumn, 'declaredType' | 'baseType' | 'parts'>;

/** True where one database would declare both alike; a type of its own also by what it is over or consists of. */
export function isSameDeclared(source: Declared, target: Declared): boolean {
  return (
    source.declaredType === target.declaredType &&
    source.baseType === target.baseType &&
    source.parts === target.parts
  );
}

/** Values of two columns are equal exactly where they mean the same. */
export interface ColumnEquality {
  readonly source: Meaning;
  readonly target: Meaning;
  /** True where equal values are the same value, spelled alike by both databases. */
  readonly isExact: boolean;
}

const EXACT: ColumnEquality = { source: exactly, target: exactly, isExact: true };

/** `sameFamily`: both databases are of one kind. */
export function equalityOf(
  source: ComparedColumn,
  target: ComparedColumn,
  sameFamily: boolean,
): ColumnEquality {
  const isDynamic = source.type.kind === 'dynamic';
  if (sameFamily && (isDynamic || isSameDeclared(source, target))) return EXACT;
  if (target.type.kind === 'dynamic') return amongDynamic(source.type, target.type);
  if (target.type.kind === 'float') return amongFloats(source.type, target.type.bits);
  return both(meaningFor(source.type, target.type));
}

function both(meaning: Meaning): ColumnEquality {
  return { source: meaning, target: meaning, isExact: false };
}

/** The target's type decides: what came from another was to be that. */
function meaningFor(
  source: LogicalType,
  target: Exclude<LogicalType, { kind: 'dynamic' | 'float' }>,
): Meaning {
  switch (target.kind) {
    case 'bool':
    case 'int':
      return asNumber({ signedZero: false, single: null, spelled: false });
    case 'decimal':
      return asNumber({ signedZero: false, single: null, spelled: true });
    case 'date':
    case 'time':
      return asTextIn(canonicalTime);
    case 'timestamp':
      return asTextIn(target.zone ? canonicalMoment : canonicalTime);
    case 'json':
      return target.parsed === true ? asJson : asText;
    case 'uuid':
      return asUuid;
    case 'text':
    case 'bytes':
    case 'enum':
    case 'interval':
    case 'other':
      return asText;
    case 'array':
      return source.kind === 'array' && isNumber(target.of) ? asNumbers : asText;
  }
}

function amongFloats(source: LogicalType, bits: 32 | 64): ColumnEquality {
  const rules = { signedZero: source.kind === 'float' || source.kind === 'dynamic', spelled: false };
  if (bits === 64) return both(asNumber({ ...rules, single: null }));
  const isSingle = source.kind === 'float' && source.bits === 32;
  return {
    source: asNumber({ ...rules, single: isSingle ? 'all' : 'exact' }),
    target: asNumber({ ...rules, single: 'all' }),
    isExact: false,
  };
}

/** A column of SQLite keeps what comes, as far as its affinity does not convert it. */
function amongDynamic(
  source: LogicalType,
  { affinity }: Extract<LogicalType, { kind: 'dynamic' }>,
): ColumnEquality {
  if (affinity === 'blob') return both(asStored);
  if (!isNumber(source)) return both(asText);
  if (affinity === 'text') {
    if (source.kind !== 'float') return both(asText);
    return { source: asText, target: asWrittenNumber, isExact: false };
  }
  const signedZero = source.kind === 'float' && affinity === 'real';
  return both(asNumber({ signedZero, single: null, spelled: false }));
}

function isNumber({ kind }: LogicalType): boolean {
  return kind === 'bool' || kind === 'int' || kind === 'decimal' || kind === 'float';
}
