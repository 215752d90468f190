/**
 * Histories as JSON and back, by the classes that the SDK itself uses. (The SDK's own functions for it fail when npm
 * has installed protobufjs more than once, as it does here.)
 */
import { temporal } from '@temporalio/proto';
import { z } from 'zod';

const { History } = temporal.api.history.v1;

export type History = temporal.api.history.v1.IHistory;

/** A value for JSON.stringify. */
export function historyToJson(history: History): unknown {
  return History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String });
}

export function historyFromJson(json: string): History {
  return History.fromObject(z.record(z.string(), z.unknown()).parse(JSON.parse(json)));
}

/** Every text of a history: its strings, and its payloads as what they hold. */
export function textsOf(history: History): readonly string[] {
  const texts: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (value instanceof Uint8Array) texts.push(Buffer.from(value).toString('utf8'));
    else if (typeof value === 'object' && value !== null)
      for (const entry of Object.values(value)) walk(entry);
  };
  walk(history);
  return texts;
}
