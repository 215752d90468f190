/** Connections of the simulation: they break for good, and each durable deed has a moment before and after it. */
import { CdcError } from '../../engine';
import type { Actor, Scheduler } from './scheduler';

export interface Connection {
  readonly actor: Actor;
  /** Gives way. Throws CONNECTION_LOST if the connection breaks meanwhile, or was broken before. */
  step(label: string): Promise<void>;
  /** Gives way, then asks: nothing that a crash could tear apart. */
  ask<T>(label: string, answer: () => T): Promise<T>;
  /** Gives way before and after a deed that survives a crash: the caller may never hear that it was done. */
  perform<T>(label: string, deed: () => T): Promise<T>;
  /** Gives way until `ready`, false after `ms`. */
  until(label: string, ms: number, ready: () => boolean): Promise<boolean>;
  /** Runs once, when the connection breaks or is closed. */
  onEnd(clean: () => void): void;
  end(): void;
}

/** All connections to one database. */
export interface Hub {
  open(actor: Actor): Connection;
  /** Ends those of one actor, or all. */
  breakAll(actor: Actor | null): void;
}

export function createHub(scheduler: Scheduler, name: string): Hub {
  const all = new Set<Connection>();
  return {
    open(actor) {
      let lost = false;
      let cleanups: (() => void)[] = [];
      const alive = (): void => {
        if (lost) throw new CdcError('CONNECTION_LOST', `The ${name} does not answer`);
      };
      const connection: Connection = {
        actor,
        async step(label) {
          alive();
          await scheduler.step(actor, `${name} ${label}`);
          alive();
        },
        async ask(label, answer) {
          await connection.step(label);
          return answer();
        },
        async perform(label, deed) {
          await connection.step(`before ${label}`);
          const result = deed();
          await connection.step(`after ${label}`);
          return result;
        },
        async until(label, ms, ready) {
          alive();
          const reached = await scheduler.until(actor, `${name} ${label}`, ms, () => lost || ready());
          alive();
          return reached;
        },
        onEnd(clean) {
          cleanups.push(clean);
        },
        end() {
          if (lost) return;
          lost = true;
          all.delete(connection);
          const due = cleanups;
          cleanups = [];
          for (const clean of due) clean();
        },
      };
      all.add(connection);
      return connection;
    },
    breakAll(actor) {
      for (const connection of [...all]) {
        if (actor === null || connection.actor === actor) connection.end();
      }
    },
  };
}
