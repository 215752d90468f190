/** `capture` in `cdc.yaml`: what is wrong with it is named with line, column and key. */
import { expect, test } from '@jest/globals';
import { configPerFile, pipelineLines } from '../support/config-problems';

const { problems } = configPerFile();

const DURATION = 'must be a duration with its unit, such as 500ms, 10s, 5m, 24h or 7d';

test.each<[string, string, string]>([
  [
    'capture by two columns',
    'capture: { timestamp: updated_at, version: row_version }',
    '8:14 pipelines.orders.capture: needs either timestamp or version, with the name of a column',
  ],
  [
    'capture by no column',
    'capture: { lookback: 5m }',
    '8:14 pipelines.orders.capture: needs either timestamp or version, with the name of a column',
  ],
  [
    'a misspelt strategy',
    'capture: { timestmp: updated_at }',
    '8:16 pipelines.orders.capture.timestmp: unknown key; did you mean "timestamp"?',
  ],
  [
    'a look-back without a unit',
    'capture: { timestamp: updated_at, lookback: 5 }',
    `8:49 pipelines.orders.capture.lookback: ${DURATION}`,
  ],
  [
    'deletes in a way that is not known',
    'capture: { timestamp: updated_at, deletes: sometimes }',
    '8:48 pipelines.orders.capture.deletes: must be reconcile or { reconcile: how often }, not a text',
  ],
  [
    'deletes that are seen anyway',
    'capture: { version: { column: v, per: row }, deletes: reconcile }',
    '8:14 pipelines.orders.capture: deletes are seen where versions are compared per row: leave "deletes" out',
  ],
  [
    'an interval for versions that are followed',
    'capture: { version: { column: v, every: 5m } }',
    '8:25 pipelines.orders.capture.version: "every" is how often versions are compared per row; one per table is followed all the time',
  ],
  [
    'a capture of no known kind',
    'capture: polling',
    '8:14 pipelines.orders.capture: must be trigger, { timestamp: column } or { version: column }, not a text',
  ],
  [
    'whole transactions without triggers',
    'capture: { timestamp: updated_at }\natomic: true',
    '9:5 pipelines.orders.atomic: needs "capture: trigger": a column does not tell which rows a transaction wrote',
  ],
  [
    'a limit for what piles up without triggers',
    'capture: { version: row_version }\nmaxBacklog: 10',
    '9:5 pipelines.orders.maxBacklog: needs "capture: trigger": without change tables nothing piles up on the source',
  ],
])('%s', (_what, lines, expected) => {
  expect(problems(pipelineLines(lines))).toEqual([expected]);
});
