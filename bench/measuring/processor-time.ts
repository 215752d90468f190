/** Processor time of processes, as the operating system counts it. */
import { readFileSync } from 'node:fs';

/** The unit of /proc: 100 a second on every Linux that node runs on. */
const MS_PER_TICK = 10;

/** Milliseconds that the process, with all its threads, has had a processor for. 0 when it has ended. */
export function processorMilliseconds(pid: number): number {
  if (process.platform !== 'linux') throw new Error('Processor times are read from /proc, which Linux has');
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return 0;
  }
  // The name, in parentheses, may hold spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * MS_PER_TICK;
}
