/** The plain loop in a process of its own, as the product's worker is one. */
import { z } from 'zod';
import { runJavaScriptLoop } from '../baselines/javascript-loop';
import { serve } from './serve';

const request = z.object({
  source: z.string(),
  target: z.string(),
  changeTable: z.string(),
  table: z.string(),
  columns: z.array(z.string()),
  after: z.number(),
  batch: z.number(),
  reading: z.enum(['objects', 'arrays']),
});

serve((message) => runJavaScriptLoop(request.parse(message)));
