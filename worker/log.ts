/** The worker's log: pino, one line of JSON an event; names, counts and codes only. */
import {
  type LogLevel,
  type LogMetadata,
  type Logger,
  Runtime,
  makeTelemetryFilterString,
} from '@temporalio/worker';
import type { Logger as Pino } from 'pino';

/** Temporal's SDK logs through the same logger, so that a worker has one log. */
export function temporalLogger(pino: Pino): Logger {
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    // A task's token says nothing to a reader.
    const { error, taskToken: _, ...rest } = meta;
    const fields = error === undefined ? rest : { ...rest, error: describe(error) };
    switch (level) {
      case 'TRACE':
        pino.trace(fields, message);
        return;
      case 'DEBUG':
        pino.debug(fields, message);
        return;
      case 'INFO':
        pino.info(fields, message);
        return;
      case 'WARN':
        pino.warn(fields, message);
        return;
      case 'ERROR':
        pino.error(fields, message);
        return;
      default:
        level satisfies never;
    }
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

/**
 * Sets up Temporal's runtime for this process: our log, heartbeats of the worker each second, by which a client tells
 * a living worker from a dead one, and no signal handlers of its own. A process has one runtime: where a program has
 * set up its own before, that one stays.
 */
export function installRuntime(pino: Pino): void {
  if (Runtime._instance !== undefined) return;
  Runtime.install({
    logger: temporalLogger(pino),
    workerHeartbeatInterval: '1 second',
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
  });
}

/** The kind of an error and its code: our messages are safe to show, a driver's might hold row values. */
function describe(error: unknown): Readonly<Record<string, unknown>> | string {
  // Temporal's own core tells by a text what went wrong between it and the server.
  if (typeof error === 'string') return error;
  if (!(error instanceof Error)) return { kind: typeof error };
  const type: unknown = Reflect.get(error, 'type');
  const { name, message } = error;
  // An ApplicationFailure is one that our activities have made of names and codes.
  return typeof type === 'string' && name === 'ApplicationFailure' ? { name, code: type, message } : { name };
}
