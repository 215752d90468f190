/** What the tests share: one dev server and one workflow bundle for all test files of a run. */
export interface TestTemporal {
  /** `host:port` of the dev server; its namespace is `default`. */
  readonly address: string;
  /** The workflows as `workflowBundle: { codePath: bundlePath }` of a worker takes them. */
  readonly bundlePath: string;
}

/** How the shared things, or the reasons why they are missing, travel from Jest's setup into the test files. */
export const VARIABLES = {
  address: { value: 'CDC_TEST_TEMPORAL_ADDRESS', error: 'CDC_TEST_TEMPORAL_ERROR' },
  bundlePath: { value: 'CDC_TEST_BUNDLE_PATH', error: 'CDC_TEST_BUNDLE_ERROR' },
} as const;

/**
 * The dev server and the workflow bundle of this run. Test files are told apart by task queues and workflow ids
 * of their own.
 *
 * @throws Error with the reason if the setup could not make them: only tests that need them fail for it.
 */
export function testTemporal(): TestTemporal {
  return { address: read(VARIABLES.address), bundlePath: read(VARIABLES.bundlePath) };
}

/** The address alone, for tests that bring workflows of their own. */
export function testTemporalAddress(): string {
  return read(VARIABLES.address);
}

function read(names: { readonly value: string; readonly error: string }): string {
  const value = process.env[names.value];
  if (value !== undefined) return value;
  throw new Error(process.env[names.error] ?? `${names.value} is not set: run the tests through Jest`);
}
