/** Texts and bytes of MySQL and MariaDB in their character sets, with values at their limits. */
import { lettersEverywhere } from '../../sample';
import { OR_ITS_BYTES, type MysqlSample } from './mysql-sample';

const EVERY_BYTE = `X'${Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex')}'`;

const NUL = `CONCAT('a', CHAR(0), 'b')`;

const BLANKS = [`' '`, `'a '`, `'a'`, `''`, `'\\t'`, `' a  '`];

/** PostgreSQL has no U+0000 in a text. */
const NO_NUL: MysqlSample['to'] = { postgres: { letters: [NUL] } };

const TEXTS: readonly MysqlSample[] = [
  { declaration: 'CHAR(4)', literals: [`'abcd'`, `'a'`, `''`, `'😀😀😀😀'`, `' a'`] },
  {
    declaration: 'CHAR(4)',
    called: 'CHAR(4) of a session that pads',
    session: [`SET SESSION sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'`],
    literals: [`'a'`, `''`],
  },
  { declaration: 'CHAR(255)', literals: [`REPEAT('é', 255)`, `'x'`] },
  { declaration: 'CHAR(0)', literals: [`''`] },
  { declaration: 'NCHAR(3)', literals: [`'éñ'`] },
  { declaration: 'VARCHAR(20)', literals: [...BLANKS, `'ünï ✓ 😀'`, `'a\\\\b\\'c"d'`, `'N'`, `'NULL'`] },
  { declaration: 'VARCHAR(20)', called: 'VARCHAR(20) with U+0000', literals: [NUL, `'ab'`], to: NO_NUL },
  { declaration: 'VARCHAR(0)', literals: [`''`] },
  { declaration: 'VARCHAR(16000)', literals: [`REPEAT('😀', 16000)`, `''`] },
  {
    declaration: 'VARCHAR(40)',
    called: 'VARCHAR(40) of letters that have several spellings',
    literals: [
      `'é'`,
      `_utf8mb4 X'65CC81'`,
      `'É'`,
      `'ß'`,
      `'ss'`,
      `_utf8mb4 X'EFBFBD'`,
      `_utf8mb4 X'EFBBBF61'`,
    ],
  },
  { declaration: 'VARCHAR(20) INVISIBLE', literals: [`'unseen'`, `''`], since: { mysql: 800 } },
  { declaration: 'TINYTEXT', literals: [`REPEAT('x', 255)`, `'é '`, `''`] },
  { declaration: 'TEXT', literals: [`REPEAT('x', 65535)`, `'line\\nfeed\\r\\n'`, `'a '`, NUL], to: NO_NUL },
  { declaration: 'MEDIUMTEXT', literals: [`REPEAT('é', 40000)`, `''`] },
  { declaration: 'LONGTEXT', literals: [`REPEAT('😀', 70000)`, `' '`] },
];

const CHARACTER_SETS: readonly MysqlSample[] = [
  {
    declaration: 'VARCHAR(20) CHARACTER SET latin1',
    literals: [`'é'`, `'ÿ€'`, `_latin1 X'818D8F909D'`, `'a '`],
  },
  { declaration: 'CHAR(3) CHARACTER SET latin1 COLLATE latin1_bin', literals: [`'é'`, `'aé€'`] },
  { declaration: 'TEXT CHARACTER SET latin1', literals: [`REPEAT('€', 65535)`] },
  { declaration: 'VARCHAR(20) CHARACTER SET ascii', literals: [`'plain ~'`, `''`] },
  { declaration: 'VARCHAR(20) CHARACTER SET utf8mb3', literals: [`'ünï ✓'`, `'a '`] },
  { declaration: 'VARCHAR(20) CHARACTER SET utf8mb4', literals: [`'😀 é'`, `'𐍈'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', literals: [`'A'`, `'a '`, `'😀'`] },
  {
    declaration: 'VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci',
    literals: [`'Éa'`, `'a '`],
    only: 'mysql',
  },
  {
    declaration: 'VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin',
    literals: [`'é '`],
    only: 'mysql',
  },
  {
    declaration: 'VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin',
    literals: [`'é '`],
    only: 'mariadb',
  },
  {
    declaration: 'VARCHAR(20) CHARACTER SET utf8mb4 COLLATE uca1400_ai_ci',
    literals: [`'Éa'`, `'a '`],
    only: 'mariadb',
    since: { mariadb: 1010 },
  },
  {
    declaration: 'VARCHAR(20) CHARACTER SET utf8mb4',
    called: 'VARCHAR(20) with half a surrogate pair',
    ...OR_ITS_BYTES,
    literals: [`'é'`, `_utf8mb4 X'EDA080'`, `_utf8mb4 X'78EDB080'`, `_utf8mb4 X'EFBFBD'`],
    to: lettersEverywhere(`_utf8mb4 X'EDA080'`, `_utf8mb4 X'78EDB080'`),
    only: 'mariadb',
  },
  {
    declaration: 'TEXT CHARACTER SET utf8mb3',
    called: 'TEXT with half a surrogate pair',
    ...OR_ITS_BYTES,
    literals: [`'é'`, `_utf8mb3 X'EDA080'`],
    to: lettersEverywhere(`_utf8mb3 X'EDA080'`),
    only: 'mariadb',
  },
  {
    declaration: 'VARCHAR(20) CHARACTER SET ucs2',
    ...OR_ITS_BYTES,
    literals: [`'é✓'`, `X'D83D'`, `'a '`, `''`],
    to: lettersEverywhere(`X'D83D'`),
  },
  { declaration: 'VARCHAR(20) CHARACTER SET utf16', literals: [`'é😀'`, `'a '`] },
  { declaration: 'VARCHAR(20) CHARACTER SET utf16le', literals: [`'é😀'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET utf32', literals: [`'é😀'`, `'a '`] },
  { declaration: 'TEXT CHARACTER SET utf16', literals: [`REPEAT('😀', 16000)`] },
  { declaration: 'VARCHAR(20) CHARACTER SET cp1251', literals: [`'Привет'`, `'?'`] },
  {
    declaration: 'VARCHAR(20) CHARACTER SET greek',
    literals: [`'αβγ'`, `'?α'`, `X'E1D2'`],
    to: lettersEverywhere(`X'E1D2'`),
  },
  { declaration: 'VARCHAR(20) CHARACTER SET cp932', literals: [`'日本語表'`, `'ｱ'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET sjis', literals: [`'日本語表'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET gbk', literals: [`'中文'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET gb2312', literals: [`'中文'`] },
  { declaration: 'VARCHAR(20) CHARACTER SET big5', literals: [`'中文'`] },
  {
    declaration: 'VARCHAR(20) CHARACTER SET gb18030',
    literals: [`'中文😀'`],
    only: 'mysql',
    to: { mariadb: { refused: true } },
  },
  { declaration: 'VARCHAR(50) COMPRESSED', literals: [`'packed '`, `REPEAT('x', 50)`], only: 'mariadb' },
];

const BYTES: readonly MysqlSample[] = [
  { declaration: 'BINARY(4)', literals: [`X'00ff'`, `X'01020304'`, `X''`, `'a '`] },
  { declaration: 'BINARY(255)', literals: [`X'ff'`] },
  { declaration: 'VARBINARY(10)', literals: [`X''`, `X'00'`, `X'ff00'`, `'a '`, `X'2020'`] },
  { declaration: 'VARBINARY(300)', literals: [EVERY_BYTE, `X''`] },
  { declaration: 'VARCHAR(10) CHARACTER SET binary', literals: [`X'00ff'`, `'é'`] },
  { declaration: 'TINYBLOB', literals: [`X'deadbeef00'`, `X''`] },
  { declaration: 'BLOB', literals: [EVERY_BYTE, `X''`, `REPEAT(X'00ff', 32767)`] },
  { declaration: 'MEDIUMBLOB', literals: [`REPEAT(X'00ff', 40000)`, `X'00'`] },
  { declaration: 'LONGBLOB', literals: [`REPEAT(${EVERY_BYTE}, 1000)`, `X''`] },
].map((sample): MysqlSample => ({ ...sample, kind: 'bytes' }));

export const TEXTS_AND_BYTES: readonly MysqlSample[] = [...TEXTS, ...CHARACTER_SETS, ...BYTES];
