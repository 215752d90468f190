/** The command line as a whole: every verb, and the options that all of them take. */
import { Command } from 'commander';
import type { CliContext } from './context';
import { addApplyVerb } from './verbs/apply';
import { addChangesVerb } from './verbs/changes';
import { addDeadLettersVerb } from './verbs/dead-letters';
import { addDemoVerb } from './demo';
import { addDevVerb } from './verbs/dev';
import { addDoctorVerb } from './verbs/doctor';
import { addHealthVerb } from './verbs/health';
import { addListVerb } from './verbs/list';
import { addPlanVerb } from './verbs/plan';
import { addRefusedVerbs } from './verbs/refused';
import { addScheduleVerb } from './verbs/schedule';
import { addSequencesVerb } from './verbs/sequences';
import { addStartVerb } from './verbs/start';
import { addStatusVerb } from './verbs/status';
import { addSteeringVerbs } from './verbs/steer';
import { addTeardownVerb } from './verbs/teardown';
import { addVerifyVerb } from './verbs/verify';
import { addWaitVerb } from './verbs/wait';
import { addWorkerVerb } from './verbs/worker';

const EPILOGUE = `
Begin with:
  cdc demo                   the whole story on two small databases
  cdc dev                    Temporal and a worker, for trying out
  cdc start NAME             start a pipeline of cdc.yaml
  cdc wait NAME caught-up    wait until everything has arrived

Exit codes: 0 done, 1 failed or not healthy or not equal, 2 wrong use.`;

/** Parses arguments and runs a verb; throws what the verb throws, and CommanderError for wrong arguments. */
export function createProgram(context: CliContext): Command {
  const program = new Command('cdc')
    .description('Change data capture between databases, run as durable Temporal workflows.')
    .version(context.version)
    .option('-c, --config <file>', 'configuration', 'cdc.yaml')
    .option('--address <host:port>', 'Temporal server')
    .option('--namespace <name>', 'Temporal namespace')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.trimEnd()),
      writeErr: (text) => context.terminal.say(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, 'cdc: ')),
    })
    .addHelpText('after', EPILOGUE)
    .showSuggestionAfterError()
    .exitOverride();

  program.commandsGroup('Try out:');
  addDemoVerb(program, context);
  addDevVerb(program, context);
  program.commandsGroup('Run:');
  addWorkerVerb(program, context);
  addStartVerb(program, context);
  addSteeringVerbs(program, context);
  addApplyVerb(program, context);
  addScheduleVerb(program, context);
  program.commandsGroup('Look:');
  addListVerb(program, context);
  addStatusVerb(program, context);
  addHealthVerb(program, context);
  addWaitVerb(program, context);
  addChangesVerb(program, context);
  addVerifyVerb(program, context);
  addDeadLettersVerb(program, context);
  program.commandsGroup('Prepare and remove:');
  addDoctorVerb(program, context);
  addPlanVerb(program, context);
  addSequencesVerb(program, context);
  addTeardownVerb(program, context);
  addRefusedVerbs(program);
  return program;
}
