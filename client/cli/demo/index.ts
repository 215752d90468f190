/** `cdc demo`: the whole story on two small databases. `play.ts` tells it, `stage.ts` is what it plays on. */
import type { Command } from 'commander';
import type { CliContext } from '../context';
import { failed } from '../outcome';
import { play } from './play';
import { setStage } from './stage';
import { createStory } from './story';

interface Options {
  readonly keep?: string;
}

function whereNext(keep: string | undefined): string {
  const own = `  cdc --help            all verbs
  README.md             a cdc.yaml of your own
  docs/OPERATING.md     running it, and what to do when something is wrong`;
  if (keep === undefined)
    return `${own}\n  cdc demo --keep DIR   the same, leaving its files for you to play with`;
  return `${own}\n  cd ${keep} && cdc dev   goes on with these files; then, in another terminal: cdc start shop`;
}

export async function demo(context: CliContext, options: Options): Promise<void> {
  const story = createStory(context);
  const { paint } = story;
  const startedAt = Date.now();
  story.tell(`${paint.bold('temporal-cdc')}: every change of one database arrives in another.`);
  // Listening from the beginning: a Ctrl-C during the start must clean up as well.
  let interrupt: (error: Error) => void = () => undefined;
  const interrupted = new Promise<never>((_done, reject) => {
    interrupt = reject;
  });
  interrupted.catch(() => undefined);
  const forget = context.onInterrupt(() => interrupt(failed('The demo was interrupted.')));
  try {
    const stage = await setStage(context, options.keep);
    try {
      await Promise.race([play(story, stage), interrupted]);
    } finally {
      await stage.close();
    }
  } finally {
    forget();
  }
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  story.tell(
    `\n${paint.green('Source and target are equal.')} That took ${seconds} s. Where to look next:\n`,
  );
  story.tell(whereNext(options.keep));
}

export function addDemoVerb(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('tell the whole story on two small SQLite databases, in half a minute')
    .option('--keep <folder>', 'leave the files in this new folder')
    .action((options: Options) => demo(context, options));
}
