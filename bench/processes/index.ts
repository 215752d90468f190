/** Entry points of the benchmarks' child processes; `serve.ts` is the half of the channel that they share. */
export { serve } from './serve';
