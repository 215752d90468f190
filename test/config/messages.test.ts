import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CONNECTIONS as connections, configPerFile, pipelineLines } from '../support/config-problems';

const { folder, failure, problems } = configPerFile();

const DURATION = 'must be a duration with its unit, such as 500ms, 10s, 5m, 24h or 7d';

describe('a wrong setting is named with line, column and key', () => {
  test.each<[string, string, string]>([
    ['a misspelt key', 'tabels: [x]', '8:5 pipelines.orders.tabels: unknown key; did you mean "tables"?'],
    [
      'another style of spelling',
      'max_backlog: 5',
      '8:5 pipelines.orders.max_backlog: unknown key; did you mean "maxBacklog"?',
    ],
    [
      'a key of another group',
      'url: sqlite:x',
      '8:5 pipelines.orders.url: unknown key here; a URL belongs under connections',
    ],
    [
      'a schedule of a continuous pipeline',
      'schedule: "*/5 * * * *"',
      '8:5 pipelines.orders.schedule: is for runs that end: it needs "mode: batch", a continuous pipeline runs all the time',
    ],
    [
      'a schedule that is none',
      'mode: batch\nschedule: hourly',
      '9:15 pipelines.orders.schedule: must be an interval such as 10m, or a cron expression of five fields (minute, hour, day of month, month, day of week) such as "*/5 * * * *"',
    ],
    [
      'an interval that is too short',
      'mode: batch\nschedule: 100ms',
      '9:15 pipelines.orders.schedule: every must be a duration from 1s to 365d',
    ],
    [
      'a time zone of no place',
      'mode: batch\nschedule: { cron: "0 3 * * *", timezone: Mars }',
      '9:15 pipelines.orders.schedule: timezone must be a name such as Europe/Berlin or UTC',
    ],
    [
      'a schedule in two ways',
      'mode: batch\nschedule: { cron: "0 3 * * *", every: 5m }',
      '9:15 pipelines.orders.schedule: needs either cron or every',
    ],
    [
      'a mode of no known kind',
      'mode: continous',
      '8:11 pipelines.orders.mode: must be "continuous" or "batch", not "continous"; did you mean "continuous"?',
    ],
    ['a duration without unit', 'retain: 24', `8:13 pipelines.orders.retain: ${DURATION}`],
    ['a duration out of range', 'round: 1h', '8:12 pipelines.orders.round: must be a duration from 1s to 5m'],
    [
      'a text for a switch',
      'snapshot: "no"',
      '8:15 pipelines.orders.snapshot: must be true or false, not a text',
    ],
    [
      'a size that is none',
      'batch: 0',
      '8:12 pipelines.orders.batch: must be a whole number from 1 to 1,000,000',
    ],
    [
      'more tables at once than may be',
      'snapshotTables: 65',
      '8:21 pipelines.orders.snapshotTables: must be a whole number from 1 to 64',
    ],
    [
      'a limit of the wrong kind',
      'maxBacklog: lots',
      '8:17 pipelines.orders.maxBacklog: must be a number of changes or { changes: …, action: warn or stop }, not a text',
    ],
    [
      'an action of no known kind',
      'maxBacklog: { changes: 5, action: stpo }',
      '8:39 pipelines.orders.maxBacklog.action: must be "warn" or "stop", not "stpo"; did you mean "stop"?',
    ],
    [
      'another word for what happens to refused rows',
      'onError: skip',
      '8:14 pipelines.orders.onError: must be park, deadLetter or { action: …, perHour: … }, not a text',
    ],
    [
      'a misspelt action',
      'onError: { action: deadletter }',
      '8:24 pipelines.orders.onError.action: must be "park" or "deadLetter", not "deadletter"; did you mean "deadLetter"?',
    ],
    [
      'too many rows to be set aside',
      'onError: { action: deadLetter, perHour: 100000 }',
      '8:45 pipelines.orders.onError.perHour: must be a whole number from 1 to 10,000',
    ],
    [
      'a number of rows where none is set aside',
      'onError: { action: park, perHour: 5 }',
      '8:14 pipelines.orders.onError: has perHour, which counts with deadLetter only',
    ],
    [
      'a near miss among its keys',
      'onError: { perhour: 5 }',
      '8:16 pipelines.orders.onError.perhour: unknown key; did you mean "perHour"?',
    ],
    [
      'a misspelt word for what becomes of deleted rows',
      'onDelete: kep',
      '8:15 pipelines.orders.onDelete: must be "delete" or "keep", not "kep"; did you mean "keep"?',
    ],
    [
      'the wrong kind where tables may be made or not',
      'createTables: never',
      '8:19 pipelines.orders.createTables: must be true or false, not a text',
    ],
    [
      'atomic of the wrong kind',
      'atomic: 500',
      '8:13 pipelines.orders.atomic: must be true, false or { maxRows: … }, not a number',
    ],
    [
      'settings that contradict each other',
      'snapshot: false\nexisting: replace',
      '9:5 pipelines.orders.existing: "replace" needs the snapshot; leave out one of "snapshot: false" and this',
    ],
  ])('%s', (_what, lines, expected) => {
    expect(problems(pipelineLines(lines))).toEqual([expected]);
  });
});

describe('wrong tables are named with line, column and key', () => {
  test.each<[string, string, readonly string[]]>([
    ['no tables', '', ['5:3 pipelines.orders.tables: is missing']],
    ['an empty list', 'tables: []', ['9:13 pipelines.orders.tables: lists no table; "*" stands for all']],
    [
      'a name instead of a list',
      'tables: orders',
      ['9:13 pipelines.orders.tables: must be a list, not a text'],
    ],
    [
      'a table twice',
      'tables:\n  - a\n  - a',
      ['11:9 pipelines.orders.tables[1]: this table is listed twice'],
    ],
    [
      'a number for a table',
      'tables: [3]',
      [
        '9:14 pipelines.orders.tables[0]: must be the name of a table or { from: …, to: …, columns: … }, not a number',
      ],
    ],
    [
      'a misspelt key of a mapping',
      'tables:\n  - { from: a, colums: [b] }',
      ['10:20 pipelines.orders.tables[0].colums: unknown key; did you mean "columns"?'],
    ],
    [
      'a pattern with one target',
      'tables:\n  - { from: "a*", to: b }',
      ['10:23 pipelines.orders.tables[0].to: is for one table; "from" is a pattern for many'],
    ],
    [
      'a column twice',
      'tables:\n  - { from: a, columns: [x, y, x] }',
      ['10:36 pipelines.orders.tables[0].columns[2]: this column is listed twice'],
    ],
  ])('%s', (_what, tables, expected) => {
    expect(problems(pipelineLines('mode: batch', tables))).toEqual(expected);
  });
});

describe('wrong connections are named with line, column and key', () => {
  function withConnection(line: string): string {
    return `connections:\n  shop: sqlite:shop.db\n  ${line}\npipelines:\n  p: { source: shop, target: w, tables: [a] }\n`;
  }
  test.each<[string, string, readonly string[]]>([
    ['no URL', 'w: {}', ['3:3 connections.w: needs a url (or url_file)']],
    [
      'two URLs',
      'w: { url: "sqlite:w", url_file: w }',
      ['3:25 connections.w.url_file: give either url or url_file, not both'],
    ],
    [
      'an unknown key',
      'w: { uri: "sqlite:w" }',
      [
        '3:3 connections.w: needs a url (or url_file)',
        '3:8 connections.w.uri: unknown key; did you mean "url"?',
      ],
    ],
    [
      'a database of the future',
      'w: mongodb://u:secret@h/d',
      [
        '3:6 connections.w: "mongodb:" is not supported yet; known are mariadb:, mysql:, postgres:, postgresql:, sqlite:',
      ],
    ],
    [
      'an unknown scheme',
      'w: pgsql://u:secret@h/d',
      [
        '3:6 connections.w: this scheme is unknown; known are mariadb:, mysql:, postgres:, postgresql:, sqlite:',
      ],
    ],
    [
      'a path without scheme',
      'w: ./w.db',
      [
        '3:6 connections.w: starts with no scheme; known are mariadb:, mysql:, postgres:, postgresql:, sqlite:',
      ],
    ],
    [
      'no file',
      'w: "sqlite:"',
      ['3:6 connections.w: Invalid sqlite: URL. A database in memory cannot be replicated: name a file'],
    ],
    [
      'memory',
      'w: "sqlite::memory:"',
      ['3:6 connections.w: Invalid sqlite: URL. A database in memory cannot be replicated: name a file'],
    ],
    [
      'a host',
      'w: "sqlite://host/w.db"',
      [
        '3:6 connections.w: Invalid sqlite: URL. An SQLite database has no host: write sqlite:path or sqlite:///absolute/path',
      ],
    ],
    [
      'a file that is not there',
      'w: { url_file: nowhere }',
      ['3:18 connections.w.url_file: this file cannot be read'],
    ],
    [
      'another name',
      'v: sqlite:w',
      ['5:30 pipelines.p.target: no connection is called "w"; known are shop, v'],
    ],
    [
      'a near name',
      'wh: sqlite:w',
      ['5:30 pipelines.p.target: no connection is called "w"; did you mean "wh"?'],
    ],
  ])('%s', (_what, line, expected) => {
    expect(problems(withConnection(line))).toEqual(expected);
  });

  test('one database as source and target', () => {
    const text = `${connections}pipelines:\n  p: { source: shop, target: shop, tables: [a] }\n`;
    expect(problems(text)).toEqual(['5:30 pipelines.p.target: is the same connection as the source']);
  });
});

describe('a file that is no configuration at all', () => {
  test.each<[string, string, readonly string[]]>([
    ['a key twice', 'connections: {}\nconnections: {}\n', ['2:1 connections: this key occurs twice']],
    [
      'a nested key twice',
      `${connections}pipelines:\n  p:\n    source: a\n    source: b\n`,
      ['7:5 pipelines.p.source: this key occurs twice'],
    ],
    [
      'a tab',
      'connections:\n\tshop: x\n',
      ['2:1 not valid YAML: a tab is no indentation in YAML; use spaces'],
    ],
    [
      'a bracket that stays open',
      'connections: "a',
      ['1:16 not valid YAML: a bracket, brace, quote, comma or colon is missing'],
    ],
    ['a list', '- a\n', ['1:1 must be a group of keys, not a list']],
    [
      'nothing but names',
      'connections:\npipelines:\n',
      [
        '1:1 connections: must be a group of names, not nothing',
        '2:1 pipelines: must be a group of names, not nothing',
      ],
    ],
    ['no pipeline', `${connections}pipelines: {}\n`, ['4:1 pipelines: names no pipeline']],
    [
      'an unknown group',
      `${pipelineLines('mode: batch')}pipeline: {}\n`,
      ['10:1 pipeline: unknown key; did you mean "pipelines"?'],
    ],
    [
      'a wrong address of Temporal',
      `${pipelineLines('mode: batch')}temporal: { address: "http://h:7233" }\n`,
      ['10:22 temporal.address: must be host:port, such as localhost:7233'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test('an empty file', () => {
    const file = join(folder(), 'empty.yaml');
    writeFileSync(file, '# to do\n');
    expect(failure(file).message).toBe(`${file} is empty`);
  });

  test('no file', () => {
    const file = join(folder(), 'nowhere.yaml');
    expect(failure(file).message).toBe(`There is no file ${file}`);
  });

  test('a folder', () => {
    expect(failure(folder()).message).toBe(`${folder()} cannot be read: it is a folder`);
  });
});

test('all problems are told at once, in the order of the file', () => {
  const text = `connections:
  shop: { url: "\${SHOP_URL}" }
pipelines:
  orders:
    source: shpo
    target: shop
    mode: fast
    tabels: [a]
other: 1
`;
  expect(problems(text)).toEqual([
    '2:16 connections.shop.url: the environment variable SHOP_URL is not set',
    '5:13 pipelines.orders.source: no connection is called "shpo"; did you mean "shop"?',
    '7:11 pipelines.orders.mode: must be "continuous" or "batch", not "fast"',
    '8:5 pipelines.orders.tabels: unknown key; did you mean "tables"?',
    '9:1 other: unknown key; known are connections, pipelines, temporal',
  ]);
});

test('a value from the environment is never shown', () => {
  const secret = 'mongodb://user:pa55word@host/db';
  const text = `connections:
  shop: { url: "\${SECRET}" }
  warehouse: { url: "sqlite:w.db" }
pipelines:
  p:
    source: "\${SECRET}"
    target: warehouse
    mode: "\${SECRET}"
    batch: \${SECRET}
    retain: \${SECRET}
    tables: [{ from: a, "to": "\${SECRET}" }]
`;
  const shown = problems(text, { SECRET: secret });
  expect(shown.join('\n')).not.toMatch(/pa55word|mongodb|user/);
  expect(shown).toContain('8:11 pipelines.p.mode: must be "continuous" or "batch", not "${SECRET}"');
});
