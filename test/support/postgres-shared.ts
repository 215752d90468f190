/** The PostgreSQL server that all test files of a run share: the one that a URL names, else one of the run's own. */
import { SHARED_SERVER } from './postgres';
import { embeddedPrograms, installedPrograms } from './postgres-programs';
import { startServer, type OwnServer } from './postgres-server';

let server: OwnServer | null = null;

/** Starts it unless there is one; what fails is reported to the tests that ask for it. */
export async function startSharedPostgres(): Promise<void> {
  if (process.env[SHARED_SERVER.value] !== undefined) return;
  try {
    server = await startServer({ max_connections: '200' }, embeddedPrograms() ?? installedPrograms());
    if (server === null) throw new Error('There are no programs of a PostgreSQL server for this platform');
    process.env[SHARED_SERVER.value] = server.url;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.env[SHARED_SERVER.error] =
      `${reason}: name a server that the tests may make databases on by ${SHARED_SERVER.value}`;
  }
}

export async function stopSharedPostgres(): Promise<void> {
  await server?.stop();
}
