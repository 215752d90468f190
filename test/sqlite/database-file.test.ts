import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { join, resolve } from 'node:path';
import {
  decodeLocator,
  encodeLocator,
  identifyUrl,
  parseUrl,
} from '../../engine/adapters/sqlite/database/file';
import { folderPerTest } from '../support/sqlite';

const folder = folderPerTest();

describe('an sqlite: URL', () => {
  test.each([
    ['sqlite:shop.db', resolve('shop.db')],
    ['sqlite:./data/shop.db', resolve('data/shop.db')],
    ['sqlite:/data/shop.db', '/data/shop.db'],
    ['sqlite:///data/shop.db', '/data/shop.db'],
    ['SQLite:/data/my%20shop%3F%25.db', '/data/my shop?%.db'],
    ['sqlite:/data/größe #1.db', '/data/größe #1.db'],
  ])('%s means %s', (url, path) => {
    expect(parseUrl(url).path).toBe(path);
  });

  test.each([
    ['sqlite:'],
    ['sqlite::memory:'],
    ['sqlite://host/shop.db'],
    ['sqlite:shop.db?mode=ro'],
    ['sqlite:100%.db'],
    ['sqlite:a%00b'],
    ['postgres://shop'],
  ])('%s is refused without being repeated', (url) => {
    expect(() => parseUrl(url)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: 'Invalid sqlite: URL' }),
    );
  });

  test('names its file by the last part of the path', () => {
    expect(parseUrl('sqlite:/secret/place/shop.db').name).toBe('shop.db');
  });
});

describe('the identity of a database', () => {
  test('is the same through links, relative paths and encodings, before and after it is made', () => {
    const path = folder.file('one.db');
    const before = identifyUrl(`sqlite:${path}`);
    expect(identifyUrl(`sqlite://${join(folder.path, 'x', '..', 'one.db')}`)).toBe(before);
    writeFileSync(path, '');
    expect(identifyUrl(`sqlite:${path}`)).toBe(before);
    symlinkSync(path, folder.file('link.db'));
    expect(identifyUrl(folder.url('link.db'))).toBe(before);
    expect(identifyUrl(`sqlite:${folder.path}/%6fne.db`)).toBe(before);
    expect(identifyUrl(folder.url('two.db'))).not.toBe(before);
  });

  test('is the same for two hard links of one file', () => {
    writeFileSync(folder.file('one.db'), '');
    linkSync(folder.file('one.db'), folder.file('two.db'));
    expect(identifyUrl(folder.url('two.db'))).toBe(identifyUrl(folder.url('one.db')));
  });
});

test('a locator comes back as it was', () => {
  const locator = { path: '/a/b.db', name: 'b.db', device: 2n ** 63n, inode: 7n };
  expect(decodeLocator(encodeLocator(locator))).toEqual(locator);
  expect(() => decodeLocator('{}')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});
