/**
 * Bundles the compiled workflows for the worker's sandbox, once at build instead of at every worker's start (which
 * would cost a second or two and need webpack). Does nothing when the bundle is newer than everything it is made of.
 */
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const workflows = path.resolve(__dirname, '../dist/workflows');
const bundle = path.join(workflows, 'bundle.cjs');

/** @param {string} directory @returns {number} */
function newestIn(directory) {
  const times = fs.readdirSync(directory, { withFileTypes: true }).map((entry) => {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) return newestIn(full);
    return full.endsWith('.js') ? fs.statSync(full).mtimeMs : 0;
  });
  return Math.max(0, ...times);
}

async function main() {
  const sdk = path.dirname(require.resolve('@temporalio/workflow/package.json'));
  const newest = Math.max(newestIn(workflows), fs.statSync(path.join(sdk, 'package.json')).mtimeMs);
  if (fs.existsSync(bundle) && fs.statSync(bundle).mtimeMs >= newest) return;
  const { DefaultLogger, bundleWorkflowCode } = require('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(workflows, 'index.js'),
    logger: new DefaultLogger('WARN'),
  });
  // Renamed into place: a worker that starts meanwhile reads the old bundle or the new one, never a half.
  const draft = `${bundle}.${process.pid}`;
  fs.writeFileSync(draft, code);
  fs.renameSync(draft, bundle);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
