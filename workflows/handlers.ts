/** The workflow's ears: updates with their validators, and the status query. */
import { condition, setHandler } from '@temporalio/workflow';
import type { Commands } from './commands';
import { failureFor, refusedFor } from './failures';
import { applyFault } from './applying';
import {
  applyUpdate,
  deadLettersUpdate,
  acceptFailoverUpdate,
  pauseUpdate,
  readyUpdate,
  resumeTableUpdate,
  resumeUpdate,
  resyncUpdate,
  settingsUpdate,
  specQuery,
  statusQuery,
  stopUpdate,
} from './messages';
import type { Accepted, AppliedSpec, Resumed, Resynced, Steered } from './messages';
import { currentStatus } from './run';
import type { Run } from './run';
import { changeFault } from './settings';
import { refusal } from './states';
import type { Request } from './states';

/** Validators throw failures of type REFUSED; handlers those of the engine's codes. */
export function setHandlers(run: Run, commands: Commands): void {
  const admit = (asked: Request): void => {
    const why = refusal(run.status.state, asked);
    if (why !== null) throw refusedFor(`Pipeline ${run.input.spec.name} ${why}`);
  };

  setHandler(statusQuery, () => currentStatus(run));
  setHandler(readyUpdate, () => ready(run));
  setHandler(pauseUpdate, () => commands.ask<Steered>((done) => ({ kind: 'pause', done })), {
    validator: () => admit('pause'),
  });
  setHandler(resumeUpdate, () => commands.ask<Steered>((done) => ({ kind: 'resume', done })), {
    validator: () => admit('resume'),
  });
  setHandler(stopUpdate, () => commands.ask<Steered>((done) => ({ kind: 'stop', done })), {
    validator: () => admit('stop'),
  });
  setHandler(
    resyncUpdate,
    ({ table }) => commands.ask<Resynced>((done) => ({ kind: 'resync', table, done })),
    {
      validator: (_asked) => admit('resync'),
    },
  );
  setHandler(
    resumeTableUpdate,
    ({ table }) => commands.ask<Resumed>((done) => ({ kind: 'resumeTable', table, done })),
    {
      validator: (_asked) => admit('resumeTable'),
    },
  );
  setHandler(deadLettersUpdate, () => commands.ask<Steered>((done) => ({ kind: 'deadLetters', done })), {
    validator: () => admit('deadLetters'),
  });
  setHandler(
    acceptFailoverUpdate,
    () => commands.ask<Accepted>((done) => ({ kind: 'acceptFailover', done })),
    {
      validator: () => admit('acceptFailover'),
    },
  );
  setHandler(specQuery, () => ({ ...run.input.spec, settings: run.status.settings }));
  setHandler(applyUpdate, (asked) => commands.ask<AppliedSpec>((done) => ({ kind: 'apply', asked, done })), {
    validator: (asked) => {
      admit('apply');
      const fault = applyFault(run.input.spec, asked);
      if (fault !== null)
        throw refusedFor(`This can't be applied to pipeline ${run.input.spec.name}: ${fault}`);
    },
  });
  setHandler(
    settingsUpdate,
    (change) => {
      run.status = { ...run.status, settings: { ...run.status.settings, ...change } };
      commands.wake();
      return run.status.settings;
    },
    {
      validator: (change) => {
        admit('settings');
        const fault = changeFault(run.input.spec.capture, run.status.settings, change);
        if (fault !== null) throw refusedFor(`Settings refused: ${fault}`);
      },
    },
  );
}

async function ready(run: Run): Promise<Steered> {
  await condition(() => run.setUp || run.setupFailure !== null || run.draining);
  if (run.setupFailure !== null) throw failureFor(run.setupFailure);
  if (!run.setUp) {
    const held = run.status.lastError?.message ?? 'setup has not come to its end';
    throw refusedFor(`Pipeline ${run.input.spec.name} is not ready: ${held}`);
  }
  return { state: run.status.state };
}
