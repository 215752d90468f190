import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitFrames } from '../../engine/adapters/postgres/copy/frames';

function message(type: string, body: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

const rows = fc.array(
  fc.record({ type: fc.constantFrom('d', 'd', 'd', 'N', 'S', 'A'), body: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 30 },
);

test('however the bytes of a COPY arrive, its rows are handed on whole and in order, and nothing else is', () => {
  fc.assert(
    fc.property(rows, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (messages, sizes) => {
      const sent = messages.map(({ type, body }) => message(type, body));
      const end = Buffer.concat([message('c', new Uint8Array()), message('C', Buffer.from('COPY 1\0'))]);
      const all = Buffer.concat([message('H', Buffer.from([1, 0, 0])), ...sent, end]);
      const handedOn: Buffer[] = [];
      let [rest, left, at, turn] = [Buffer.alloc(0), 0, 0, 0];
      for (;;) {
        const size = sizes[turn++ % sizes.length] ?? 1;
        const bytes = Buffer.concat([rest, all.subarray(at, at + size)]);
        at += size;
        const frames = splitFrames(bytes, left);
        handedOn.push(...frames.runs);
        left = frames.owed;
        rest = bytes.subarray(frames.next);
        if (frames.ended) break;
        expect(at).toBeLessThan(all.length);
      }
      expect(left).toBe(0);
      expect(Buffer.concat(handedOn)).toEqual(
        Buffer.concat(sent.filter((_, n) => messages[n]?.type === 'd')),
      );
      expect(Buffer.concat([rest, all.subarray(at)])).toEqual(end);
    }),
  );
});
