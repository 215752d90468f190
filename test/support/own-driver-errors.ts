/**
 * Run before each test file. The SQLite driver takes its class of errors from the first module registry that opens a
 * database in a process, and jest gives each test file a registry of its own: without this, `instanceof` fails in
 * every file but the first.
 */
import { createRequire } from 'node:module';

const driver: unknown = createRequire(__filename)('better-sqlite3/build/Release/better_sqlite3.node');
if (typeof driver === 'object' && driver !== null) Reflect.set(driver, 'isInitialized', false);
