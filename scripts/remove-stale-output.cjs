/**
 * Removes from dist/ what was compiled from sources that no longer exist, so that a deleted test isn't run
 * and a deleted module isn't published. Everything else stays: an incremental build takes a second.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const dist = path.join(root, 'dist');

/** @param {string} directory */
function removeStale(directory) {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) {
      removeStale(full);
      if (fs.readdirSync(full).length === 0) fs.rmdirSync(full);
      continue;
    }
    const compiled = /^(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(path.relative(dist, full));
    if (compiled === null) continue;
    if (!fs.existsSync(path.join(root, `${compiled[1]}.ts`))) fs.rmSync(full);
  }
}

if (fs.existsSync(dist)) removeStale(dist);
