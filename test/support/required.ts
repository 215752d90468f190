/** `CDC_TEST_REQUIRE=sqlite,postgres,mysql,mariadb`: databases whose tests fail where there is no server, and are not skipped. */

const VARIABLE = 'CDC_TEST_REQUIRE';

/** Those of SQLite and PostgreSQL are never skipped: their servers come with the packages. */
const DATABASES = ['sqlite', 'postgres', 'mysql', 'mariadb'] as const;

function required(): readonly string[] {
  return (process.env[VARIABLE] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function isRequired(database: (typeof DATABASES)[number]): boolean {
  return required().includes(database);
}

/** Throws for a name that nothing would ask for. */
export function checkRequired(): void {
  const known: readonly string[] = DATABASES;
  const unknown = required().filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`${VARIABLE} names ${unknown.join(', ')}: it takes ${DATABASES.join(', ')}`);
  }
}
