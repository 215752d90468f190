/** What the product is compared with: what one would write by hand in an afternoon, written well. */
export { installJsonAudit } from './json-audit';
export { runJavaScriptLoop, type LoopReading, type LoopResult, type LoopRun } from './javascript-loop';
export { auditTrigger, JSONB_AUDIT } from './jsonb-audit';
