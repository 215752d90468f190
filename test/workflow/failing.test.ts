import { describe, expect, test } from '@jest/globals';
import { cleanup, startScripted, until } from '../support/workflow-bench';

describe('a pipeline whose work fails', () => {
  test('shows the cause, tries again by itself, and forgets it when it succeeds', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    await until('it waits for changes', () => engine.calls.fetchPending > 0);
    engine.failing('replicate', { code: 'CONNECTION_LOST', message: 'The target does not answer' });
    engine.write(10);
    await until('it fails', async () => (await client.status(name)).state === 'failing');
    const { lastError } = await client.status(name);
    expect(lastError).toMatchObject({
      code: 'CONNECTION_LOST',
      message: 'The target does not answer',
      hint: 'Check that the database is running and reachable.',
      retryable: true,
    });
    expect(lastError?.nextAttemptAt).toBeGreaterThan(lastError?.at ?? 0);
    await until('it has tried again', async () => ((await client.status(name)).lastError?.attempts ?? 0) > 1);
    engine.failing('replicate', null);
    await until('it runs', async () => (await client.status(name)).state === 'running');
    expect((await client.status(name)).lastError).toBeNull();
    expect(engine.applied).toBe(10);
  });

  test('waits long after what no retry heals, and tries at once when resumed', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    engine.failing('replicate', { code: 'SOURCE_WENT_BACK', message: 'The source was restored' });
    const writer = setInterval(() => engine.write(1), 100);
    cleanup(() => clearInterval(writer));
    await until('it fails', async () => (await client.status(name)).state === 'failing');
    const { lastError } = await client.status(name);
    expect((lastError?.nextAttemptAt ?? 0) - (lastError?.at ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect(engine.calls.replicate).toBeLessThanOrEqual(2);
    engine.failing('replicate', null);
    await expect(client.resume(name)).resolves.toEqual({ state: 'failing' });
    await until('it runs', async () => (await client.status(name)).state === 'running');
  });

  test('can be paused while it waits, and stopped', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    engine.failing('fetchPending', { code: 'DATABASE_CORRUPT', message: 'The source is corrupt' });
    engine.failing('replicate', { code: 'DATABASE_CORRUPT', message: 'The source is corrupt' });
    engine.write(1);
    await until('it fails', async () => (await client.status(name)).state === 'failing');
    const asked = performance.now();
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });
    expect(performance.now() - asked).toBeLessThan(1_000);
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
  });

  test('stays pausing when the target cannot be fenced, and gets there when it can', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    const message = 'The target is locked by process 4711 on host';
    engine.failing('fence', { code: 'DATABASE_LOCKED', message });
    await expect(client.pause(name)).rejects.toMatchObject({ code: 'DATABASE_LOCKED', message });
    await expect(client.status(name)).resolves.toMatchObject({
      state: 'pausing',
      lastError: { code: 'DATABASE_LOCKED', message },
    });
    engine.failing('fence', null);
    await until('it is paused', async () => (await client.status(name)).state === 'paused');
    expect((await client.status(name)).lastError).toBeNull();
    await expect(client.resume(name)).resolves.toEqual({ state: 'running' });
    engine.write(1);
    await until('it applies', () => engine.applied === 1);
  });

  test('whose target is gone waits for it before it is paused, and is stopped without it', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    const missing = { code: 'DATABASE_MISSING', message: 'There is no database file copy.db' } as const;
    engine.failing('fence', missing);
    engine.failing('finish', missing);
    await expect(client.pause(name)).rejects.toMatchObject(missing);
    await expect(client.status(name)).resolves.toMatchObject({ state: 'pausing' });
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
  });

  test('goes on when only the source cannot be told, and says so', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    engine.failing('markSynced', { code: 'DATABASE_LOCKED', message: 'The source is locked' });
    engine.write(1);
    await until('it says so', async () => (await client.status(name)).lastError?.code === 'DATABASE_LOCKED');
    expect((await client.status(name)).state).toBe('running');
    engine.write(1);
    await until('it applies', () => engine.applied === 2);
    engine.failing('markSynced', null);
    await until('it forgets', async () => (await client.status(name)).lastError === null);
  });

  test('fails when what the source says of its past cannot be healed', async () => {
    const { client, engine, name, spec } = await startScripted();
    await client.start(spec());
    engine.failing('markSynced', {
      code: 'CAPTURE_MISSING',
      message: 'The source does not know the pipeline',
    });
    engine.write(1);
    await until('it fails', async () => (await client.status(name)).state === 'failing');
    expect((await client.status(name)).lastError?.code).toBe('CAPTURE_MISSING');
  });

  test('does not mind that another attempt of its own took the epoch', async () => {
    const { client, engine, name, spec, temporal } = await startScripted();
    await client.start(spec({}, { roundMs: 60_000 }));
    await until('it works', () => engine.attemptsRunning === 1);
    const handle = await engine.open({ name, source: 'shop', target: 'warehouse' });
    const { firstExecutionRunId } = await temporal.workflow
      .getHandle(`cdc:${name}`)
      .describe()
      .then(({ raw }) => ({ firstExecutionRunId: raw.workflowExecutionInfo?.firstRunId ?? '' }));
    // A fence that was handed out long ago and arrives now.
    await handle.fence({ chain: firstExecutionRunId, generation: 0 });
    engine.write(10);
    await until('it applies', () => engine.applied === 10);
    expect((await client.status(name)).state).toBe('running');
  });
});

describe('a setup that fails', () => {
  test('for good ends the pipeline, with the cause to whoever started it', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.failing('setup', { code: 'TABLE_UNKNOWN', message: 'The source has no table order' });
    await expect(client.start(spec())).rejects.toMatchObject({
      code: 'TABLE_UNKNOWN',
      message: 'The source has no table order',
      hint: 'Check the table name as the source spells it.',
    });
    await expect(client.result(name)).rejects.toMatchObject({ code: 'TABLE_UNKNOWN' });
    await expect(client.status(name)).resolves.toMatchObject({
      state: 'stopped',
      lastError: { code: 'TABLE_UNKNOWN' },
    });
    engine.failing('setup', null);
    await expect(client.start(spec())).resolves.toEqual({ state: 'running' });
  });

  test('for now is tried again, and the start waits for it', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.failing('setup', { code: 'DATABASE_LOCKED', message: 'The source is locked' });
    const started = client.start(spec());
    await until('it fails', async () => {
      const state = await client.status(name).then(
        ({ state: now }) => now,
        () => null,
      );
      return state === 'failing';
    });
    engine.failing('setup', null);
    await expect(started).resolves.toEqual({ state: 'running' });
  });

  test('for longer than the start waits tells the cause, and goes on trying', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.failing('setup', { code: 'DATABASE_LOCKED', message: 'The source is locked' });
    await expect(client.start(spec(), { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
      message: `The source is locked; pipeline ${name} is started and keeps trying`,
    });
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
  });

  test('before it has made its target can be stopped', async () => {
    const { client, engine, name, spec } = await startScripted();
    engine.failing('setup', { code: 'DATABASE_LOCKED', message: 'The source is locked' });
    const missing = { code: 'DATABASE_MISSING', message: 'There is no database file copy.db' } as const;
    engine.failing('fence', missing);
    engine.failing('finish', missing);
    await expect(client.start(spec(), { timeoutMs: 8_000 })).rejects.toMatchObject({
      code: 'DATABASE_LOCKED',
    });
    await expect(client.pause(name)).resolves.toEqual({ state: 'paused' });
    await expect(client.stop(name)).resolves.toEqual({ state: 'stopped' });
  });

  test('because another run owns the pipeline tells how to take it over', async () => {
    const { client, engine, spec } = await startScripted();
    engine.takenBy('somebody else');
    await expect(client.start(spec())).rejects.toMatchObject({ code: 'PIPELINE_TAKEN' });
    await expect(client.start(spec(), { takeOver: true })).resolves.toEqual({ state: 'running' });
  });
});
