/** The small shop that the engine's tests replicate. */

export const SHOP = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, credit NUMERIC(10,2));
  CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES customers (id) ON DELETE CASCADE,
    note TEXT,
    total REAL
  );
  CREATE TABLE tags (order_id INTEGER NOT NULL, tag TEXT NOT NULL, weight, PRIMARY KEY (order_id, tag)) WITHOUT ROWID;
  INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org', 10.5), (2, 'Bob', NULL, 0), (3, 'Cyd', 'cyd@example.org', NULL);
  INSERT INTO orders VALUES (1, 1, 'first', 1.25), (2, 1, NULL, 2), (3, 2, 'third', NULL);
  INSERT INTO tags VALUES (1, 'blue', 1), (1, 'red', 1.0), (2, 'blue', '1');
`;

export const SHOP_TABLES = ['customers', 'orders', 'tags'] as const;

/** Some changes in all tables, with a cascade, a renamed key and a unique value that moves. */
export const SHOP_CHANGES = `
  INSERT INTO customers VALUES (4, 'Dot', 'dot@example.org', 4);
  UPDATE orders SET total = total + 1, note = 'changed' WHERE id IN (1, 3);
  BEGIN;
  UPDATE customers SET email = NULL WHERE id = 1;
  UPDATE customers SET email = 'ada@example.org' WHERE id = 3;
  COMMIT;
  UPDATE tags SET tag = 'green' WHERE tag = 'blue';
  PRAGMA foreign_keys = ON;
  DELETE FROM customers WHERE id = 2;
  INSERT INTO orders VALUES (9, 4, 'ninth', 9.99);
  DELETE FROM tags WHERE weight = 1.0 AND typeof(weight) = 'real';
`;
