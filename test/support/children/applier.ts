/**
 * Applies a pipeline round after round until its standard input ends or another attempt takes over. Arguments:
 * source and target (a file of SQLite, or a URL of PostgreSQL), generation. Says `applying`, `commit N` after each commit, and `error CODE` at its end.
 */
import { isCdcError } from '../../../engine';
import { postgresAdapter } from '../../../engine/adapters/postgres';
import { engineOver, REF, replicate } from '../pipelines';
import { untilInputEnds } from '../until-input-ends';

const [source = '', target = '', generation = '1'] = process.argv.slice(2);

function urlOf(database: string): string {
  return database.includes('://') ? database : `sqlite:${database}`;
}

async function main(): Promise<void> {
  const engine = engineOver(urlOf(source), urlOf(target), { others: [postgresAdapter] });
  const pipeline = await engine.pipeline(REF);
  let commits = 0;
  process.stdout.write('applying\n');
  await untilInputEnds(async () => {
    const onProgress = (): void => void process.stdout.write(`commit ${++commits}\n`);
    const settings = { batchRows: 50, snapshotRows: 100 };
    await replicate(pipeline, Number(generation), { settings, lingerMs: 300, onProgress });
    await pipeline.markSynced({ retainMs: 0 });
    return 0;
  });
  await engine.close();
}

main().catch((error: unknown) => {
  const code = isCdcError(error) ? error.code : 'UNKNOWN';
  process.stdout.write(`error ${code}\n`);
  process.exitCode = code === 'EPOCH_LOST' || code === 'FENCED' ? 0 : 1;
  if (process.exitCode === 1) process.stderr.write(`${String(error)}\n`);
  process.stdin.destroy();
});
