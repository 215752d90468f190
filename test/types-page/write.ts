/** Writes the tables into the page: `npm run docs:types`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BEGIN, END, typeTables } from './page';

const path = join(resolve(__dirname, '../../..'), 'docs/TYPES.md');
const page = readFileSync(path, 'utf8');
const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`docs/TYPES.md has no place for the tables: ${BEGIN}`);
writeFileSync(path, `${page.slice(0, begin)}${BEGIN}\n\n${typeTables()}\n\n${page.slice(end)}`);
