/** Writes to the shop's tables until its standard input ends. Arguments: file, seed. */
import Database from 'better-sqlite3';
import { attempt } from '../attempt';
import { randomNumbers } from '../random-numbers';
import { untilInputEnds } from '../until-input-ends';

const [file = '', seed = '1'] = process.argv.slice(2);
const db = new Database(file);
db.pragma('busy_timeout = 20000');
db.pragma('foreign_keys = ON');
const random = randomNumbers(Number(seed));

function transaction(): void {
  const id = random.below(25_000);
  const customer = random.below(40);
  db.exec('BEGIN IMMEDIATE');
  const statements = [
    `INSERT INTO customers (id, name, email) VALUES (${customer}, 'c', '${random.below(30)}@example.org')
       ON CONFLICT DO NOTHING`,
    `INSERT OR REPLACE INTO customers (id, name, email) VALUES (${customer}, 'r', '${random.below(30)}@example.org')`,
    `DELETE FROM customers WHERE id = ${customer} AND id > 20`,
    `INSERT INTO orders VALUES (${id}, 1, 'new', ${random.below(1000)} / 8.0) ON CONFLICT (id) DO UPDATE SET total = excluded.total`,
    `DELETE FROM orders WHERE id BETWEEN ${id} AND ${id + 3}`,
    `UPDATE OR REPLACE orders SET id = ${id} + 100000 WHERE id = ${id}`,
    `INSERT OR REPLACE INTO tags VALUES (${id % 50}, 'tag ${id % 7}', ${random.below(3)} / 2.0)`,
    `DELETE FROM tags WHERE order_id = ${id % 50}`,
  ];
  for (let n = random.below(5); n >= 0; n--) attempt(db, statements[random.below(statements.length)] ?? '');
  db.exec(random.below(10) === 0 ? 'ROLLBACK' : 'COMMIT');
}

void untilInputEnds(() => {
  transaction();
  return Promise.resolve(1);
}).then(() => db.close());
process.stdout.write('writing\n');
