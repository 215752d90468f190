/** The demo's story, from an empty warehouse to the proof that nothing is missing. */
import type { CliContext } from '../context';
import { failed } from '../outcome';
import type { Session } from '../session';
import { changes } from '../verbs/changes';
import { health } from '../verbs/health';
import { start } from '../verbs/start';
import { status } from '../verbs/status';
import { pause, resume, stop } from '../verbs/steer';
import { verify } from '../verbs/verify';
import { wait } from '../verbs/wait';
import { BUSY_HOUR, WHILE_PAUSED, lookUp } from './shop';
import { CONFIG, PIPELINE, type Stage } from './stage';
import type { Story } from './story';

const WAIT = { timeout: 20_000 };
const PRICE = "SELECT price FROM products WHERE sku = 'TEA-01'";

/** Throws when source and target are not equal in the end. */
export async function play(story: Story, stage: Stage): Promise<void> {
  /** Types a command and runs the verb behind it, as the command line would. */
  const run = <T>(command: string, verb: (session: Session) => Promise<T>): Promise<T> =>
    story.type(command, async (context: CliContext) => {
      const session = await stage.session(context);
      try {
        return await verb(session);
      } finally {
        await session.close();
      }
    });
  const caughtUp = (): Promise<void> =>
    run(`cdc wait ${PIPELINE} caught-up`, (session) => wait(session, PIPELINE, WAIT));

  story.chapter('A shop and an empty warehouse');
  story.tell(`shop.db belongs to an application that knows nothing of replication. It has customers, products,
orders and order items. warehouse.db does not exist yet. This is the whole configuration:`);
  story.tell(`\n${CONFIG.replace(/^(?=.)/gm, '    ')}`);
  story.tell(`A Temporal server and a worker run beside it, as \`cdc dev\` would start them.
Temporal's web UI, while this lasts: ${stage.server.uiUrl ?? ''}`);

  story.chapter('Start');
  story.tell(`Triggers and change tables are put on the shop, tables are made in the warehouse, and the rows that
are there already are copied, while the shop goes on.`);
  await run(`cdc start ${PIPELINE}`, (session) => start(session, PIPELINE, {}));
  const triggers = lookUp(stage.sourceFile, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'");
  story.tell(
    `\nThe shop's database now has ${triggers} triggers; \`cdc plan ${PIPELINE}\` shows what would be made, before.`,
  );
  await caughtUp();

  story.chapter('The shop is busy');
  story.tell('The application writes, in one transaction. Its order of deletion cascades to the items.');
  stage.shop.run(BUSY_HOUR);
  story.sql(BUSY_HOUR);
  story.tell('All of it arrives:');
  await caughtUp();

  story.chapter('Pause');
  story.tell('After a pause has returned nothing is applied any more. The shop goes on all the same.');
  await run(`cdc pause ${PIPELINE}`, (session) => pause(session, PIPELINE));
  stage.shop.run(WHILE_PAUSED);
  story.sql(WHILE_PAUSED);
  story.tell(
    `Price of TEA-01: ${lookUp(stage.sourceFile, PRICE)} in the shop, still ${lookUp(stage.targetFile, PRICE)} in the warehouse.`,
  );
  const pending = { limit: 10, pending: true } as const;
  await run(`cdc changes ${PIPELINE} products --pending`, (session) =>
    changes(session, PIPELINE, 'products', pending),
  );
  story.tell('\nResumed, it takes up where it was:');
  await run(`cdc resume ${PIPELINE}`, (session) => resume(session, PIPELINE));
  await caughtUp();
  story.tell(
    `\nPrice of TEA-01: ${lookUp(stage.sourceFile, PRICE)} in the shop, ${lookUp(stage.targetFile, PRICE)} in the warehouse.`,
  );

  story.chapter('The audit trail');
  story.tell('What happened to each row, with the values before and after:');
  await run(`cdc changes ${PIPELINE} orders`, (session) =>
    changes(session, PIPELINE, 'orders', { limit: 20 }),
  );

  story.chapter('Statistics and health');
  await run(`cdc status ${PIPELINE}`, (session) => status(session, PIPELINE, {}));
  const { healthy } = await run(`cdc health ${PIPELINE}`, (session) => health(session, PIPELINE, {}));

  story.chapter('The proof');
  story.tell('Every row of both databases is compared:');
  const equal = await run(`cdc verify ${PIPELINE}`, (session) => verify(session, PIPELINE, {}));
  await run(`cdc stop ${PIPELINE}`, (session) => stop(session, PIPELINE));
  if (!equal) throw failed('Source and target are not equal.', 'This should never happen: please report it.');
  if (!healthy) throw failed('The pipeline is not healthy.', 'This should never happen: please report it.');
}
