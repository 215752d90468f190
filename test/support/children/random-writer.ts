/** Runs random transactions over a random schema until its standard input ends. Arguments: file, seed. */
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { schemaArbitrary } from '../random-schema';
import { runTransaction, transactionArbitrary } from '../random-writes';
import { untilInputEnds } from '../until-input-ends';

const [file = '', schemaSeed = '1', seed = '1'] = process.argv.slice(2);
const db = new Database(file);
db.pragma('busy_timeout = 20000');
db.pragma('foreign_keys = ON');
const [schema] = fc.sample(schemaArbitrary, { seed: Number(schemaSeed), numRuns: 1 });
const transactions = fc.sample(transactionArbitrary, { seed: Number(seed), numRuns: 500 });
let turn = 0;

void untilInputEnds(() => {
  const transaction = transactions[turn++ % transactions.length];
  if (schema !== undefined && transaction !== undefined) runTransaction(db, schema, transaction);
  return Promise.resolve(turn % 3);
}).then(() => db.close());
process.stdout.write('writing\n');
