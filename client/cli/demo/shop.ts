/** The demo's application: a small shop that knows nothing of replication and writes its own database. */
import Database from 'better-sqlite3';

const SCHEMA = `
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE,
  city TEXT
);
CREATE TABLE products (
  sku TEXT PRIMARY KEY NOT NULL,
  title TEXT NOT NULL,
  price NUMERIC(10, 2) NOT NULL,
  stock INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  state TEXT NOT NULL DEFAULT 'new',
  ordered_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE order_items (
  order_id INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  sku TEXT NOT NULL REFERENCES products (sku),
  quantity INTEGER NOT NULL,
  PRIMARY KEY (order_id, sku)
) WITHOUT ROWID;
`;

const ROWS = `
INSERT INTO customers VALUES
  (1, 'Ada', 'ada@example.com', 'London'), (2, 'Grace', 'grace@example.com', 'New York'),
  (3, 'Edsger', 'edsger@example.com', 'Rotterdam'), (4, 'Barbara', 'barbara@example.com', NULL);
INSERT INTO products VALUES
  ('TEA-01', 'Green tea', 4.5, 120), ('TEA-02', 'Black tea', 3.9, 80), ('MUG-01', 'Mug, blue', 9, 40),
  ('POT-01', 'Tea pot', 24.5, 12), ('SPN-01', 'Spoon', 2.25, 300);
INSERT INTO orders (id, customer_id, state, ordered_at) VALUES
  (101, 1, 'paid', '2026-01-05 09:12:00'), (102, 2, 'shipped', '2026-01-05 10:40:00'),
  (103, 1, 'new', '2026-01-06 08:01:00');
INSERT INTO order_items VALUES
  (101, 'TEA-01', 2), (101, 'MUG-01', 1), (102, 'POT-01', 1), (102, 'SPN-01', 6), (103, 'TEA-02', 3);
`;

/** What the shop does while it is being replicated. */
export const BUSY_HOUR: readonly string[] = [
  "INSERT INTO customers VALUES (5, 'Alan', 'alan@example.com', 'Manchester')",
  'INSERT INTO orders (id, customer_id) VALUES (104, 5)',
  "INSERT INTO order_items VALUES (104, 'TEA-01', 4), (104, 'POT-01', 1)",
  "UPDATE products SET stock = stock - 4 WHERE sku = 'TEA-01'",
  "UPDATE orders SET state = 'paid' WHERE id = 103",
  'DELETE FROM orders WHERE id = 102',
];

/** What it does while the pipeline is paused. */
export const WHILE_PAUSED: readonly string[] = [
  "UPDATE products SET price = 4.95 WHERE sku = 'TEA-01'",
  "UPDATE orders SET state = 'shipped' WHERE id = 104",
];

export interface Shop {
  /** Runs statements in one transaction, as an application would. */
  run(statements: readonly string[]): void;
  close(): void;
}

/** Makes the shop's database with the rows that it has before anybody thinks of replication. */
export function openShop(file: string): Shop {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('foreign_keys = ON');
  database.transaction(() => database.exec(SCHEMA + ROWS))();
  return {
    run(statements) {
      database.transaction(() => {
        for (const statement of statements) database.exec(statement);
      })();
    },
    close: () => database.close(),
  };
}

/** One value of a database that another process may be writing. */
export function lookUp(file: string, query: string): string {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return String(database.prepare(query).pluck().get());
  } finally {
    database.close();
  }
}
