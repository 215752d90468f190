/** What a column holds besides what its logical type says, and what it doesn't hold of that. */
import type { LogicalType } from './logical';

/** Values that one database has under a type of some meaning and another lacks. */
export type SpecialValue =
  | 'NaN'
  | 'infinity'
  | 'negative zero'
  | 'years before 1'
  | 'years after 9999'
  | 'years after 294276'
  | 'zero dates'
  | '24:00'
  | 'times beyond a day'
  | 'U+0000'
  | 'escaped U+0000'
  | 'invalid UTF-8'
  | 'all letters';

/** A character set. */
export interface TextEncoding {
  readonly name: string;
  /** Bytes that the letter of one byte takes in UTF-8, at the least and at the most; parts of them where it has several. */
  readonly inUtf8: readonly [least: number, most: number];
}

export interface ColumnBounds {
  /** True for a type of its own that shows any text that it takes as it came; any other may round, pad or respell it. */
  readonly keepsTexts?: true;
  /** True for one whose texts are hexadecimal digits: shapes and vectors. */
  readonly asDigits?: true;
  readonly specials: readonly SpecialValue[];
  /** Most digits of a second's fraction; absent where the type has none, or any number of them. */
  readonly fraction?: number;
  /** Most bytes of a value, where letters are not what counts; absent for no limit but the database's own. */
  readonly bytes?: number;
  /** How texts are kept where it is not as UTF-8, in which `bytes` are then not counted. */
  readonly encoding?: TextEncoding;
  /** What alone it takes of its logical type, in words that follow "takes": `texts without blanks at the end`. */
  readonly only?: string;
  /** Values that it may hold and that can't be told, so that they fit nowhere: `codes that stand for no letter`. */
  readonly untold?: string;
}

/** A column as far as its values are concerned. */
export interface TypedColumn {
  /** The type as declared, verbatim; empty where the database allows none. */
  readonly declaredType: string;
  readonly type: LogicalType;
  /** What a domain is over, as declared; absent for any other type. */
  readonly baseType?: string;
  /** What a type of the database's own consists of, as the database tells it; absent for any other type. */
  readonly parts?: string;
  /** False for a column that takes no NULL; absent where only its type is known. */
  readonly nullable?: boolean;
  /** What it holds besides, or lacks; absent where its adapter does not say. */
  readonly bounds?: ColumnBounds;
}

/** The same in words for a person. */
export const SPECIAL_WORDS: Readonly<Record<SpecialValue, string>> = {
  NaN: 'NaN',
  infinity: 'Infinity and -Infinity',
  'negative zero': '-0.0',
  'years before 1': 'years before 1',
  'years after 9999': 'years after 9999',
  'years after 294276': 'years after 294276',
  'zero dates': 'dates that have zeros in them or are none, such as 0000-00-00',
  '24:00': '24:00',
  'times beyond a day': 'times below 0 and beyond a day',
  'U+0000': 'texts with U+0000',
  'escaped U+0000': '\\u0000',
  'invalid UTF-8': 'texts that are not valid UTF-8',
  'all letters': 'letters that its character set lacks',
};
