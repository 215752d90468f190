/** The usual audit trigger of PostgreSQL: one table for all, a row-level trigger, old and new row as jsonb. */
export const JSONB_AUDIT: readonly string[] = [
  `CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name text NOT NULL,
  op text NOT NULL,
  old_row jsonb,
  new_row jsonb,
  changed_at timestamptz NOT NULL DEFAULT now()
)`,
  `CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO audit_log (table_name, op, new_row) VALUES (TG_TABLE_NAME, 'insert', to_jsonb(NEW));
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO audit_log (table_name, op, old_row, new_row) VALUES (TG_TABLE_NAME, 'update', to_jsonb(OLD), to_jsonb(NEW));
  ELSE
    INSERT INTO audit_log (table_name, op, old_row) VALUES (TG_TABLE_NAME, 'delete', to_jsonb(OLD));
  END IF;
  RETURN NULL;
END $$`,
];

/** Puts the trigger on a table. */
export function auditTrigger(table: string): string {
  return `CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION audit()`;
}
