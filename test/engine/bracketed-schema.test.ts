import { describe, expect, test } from '@jest/globals';
import { replicate, specOf, started } from '../support/pipelines';
import { tablesIn } from '../support/same-files';
import { folderPerTest } from '../support/sqlite';
import { pipelinesIn } from '../support/file-pipelines';

const folder = folderPerTest();
const { open, expectEqual } = pipelinesIn(folder);

/** The style in which modelling tools write DDL for SQLite: brackets, named constraints, foreign types. */
const LIBRARY = `
  CREATE TABLE [Author] (
    [AuthorId] INTEGER  NOT NULL,
    [Pen Name] NVARCHAR(120),
    CONSTRAINT [PK_Author] PRIMARY KEY  ([AuthorId])
  );
  CREATE TABLE [Member] (
    [MemberId] INTEGER  NOT NULL,
    [Email] NVARCHAR(60)  NOT NULL,
    [BirthDate] DATETIME,
    [InvitedBy] INTEGER,
    CONSTRAINT [PK_Member] PRIMARY KEY  ([MemberId]),
    FOREIGN KEY ([InvitedBy]) REFERENCES [Member] ([MemberId])
      ON DELETE NO ACTION ON UPDATE NO ACTION
  );
  CREATE UNIQUE INDEX [IUX_MemberEmail] ON [Member] ([Email] COLLATE NOCASE);
  CREATE TABLE [Book] (
    [BookId] INTEGER  NOT NULL,
    [Title] NVARCHAR(160)  NOT NULL,
    [AuthorId] INTEGER  NOT NULL,
    [Price] NUMERIC(10,2)  NOT NULL,
    [Cover] BLOB,
    CONSTRAINT [PK_Book] PRIMARY KEY  ([BookId]),
    FOREIGN KEY ([AuthorId]) REFERENCES [Author] ([AuthorId])
      ON DELETE CASCADE ON UPDATE NO ACTION
  );
  CREATE INDEX [IFK_BookAuthorId] ON [Book] ([AuthorId]);
  CREATE TABLE [Order] (
    [OrderId] INTEGER  NOT NULL,
    [MemberId] INTEGER  NOT NULL,
    [Group] BOOLEAN DEFAULT 0,
    [Total] NUMERIC(10,2)  NOT NULL,
    [When] DATETIME DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT [PK_Order] PRIMARY KEY  ([OrderId]),
    FOREIGN KEY ([MemberId]) REFERENCES [Member] ([MemberId])
  );
  CREATE TABLE [Order-Line] (
    [OrderId] INTEGER  NOT NULL,
    [BookId] INTEGER  NOT NULL,
    [Count] INTEGER,
    [Sum] AS ([Count] * 2),
    CONSTRAINT [PK_OrderLine] PRIMARY KEY  ([OrderId], [BookId]),
    FOREIGN KEY ([OrderId]) REFERENCES [Order] ([OrderId]) ON DELETE CASCADE,
    FOREIGN KEY ([BookId]) REFERENCES [Book] ([BookId]) ON DELETE CASCADE
  );
  CREATE TABLE "Shelf]s" ([Code] VARCHAR(8) NOT NULL COLLATE NOCASE, [Größe] REAL, PRIMARY KEY ([Code]));
  CREATE VIEW [Expensive] AS SELECT * FROM [Book] WHERE [Price] > 10;
`;

const ROWS = `
  INSERT INTO Author VALUES (1, 'A. N. Other'), (2, NULL), (3, 'Ünï ✓');
  INSERT INTO Member VALUES (1, 'one@example.org', '2001-02-03 00:00:00', NULL), (2, 'two@example.org', 978307200, 1);
  INSERT INTO Book VALUES (1, 'First', 1, 0.99, x'00ff'), (2, 'Second', 2, 10, NULL), (3, 'Third', 1, '9.99', zeroblob(9000));
  INSERT INTO "Order" ("OrderId", "MemberId", "Total") VALUES (1, 1, 1.98), (2, 2, 5);
  INSERT INTO "Order-Line" VALUES (1, 1, 2), (1, 2, 1), (2, 3, 7);
  INSERT INTO "Shelf]s" VALUES ('a1', 1.0), ('B2', NULL);
`;

const CHANGES = `
  UPDATE Author SET "Pen Name" = 'Somebody' WHERE AuthorId = 2;
  UPDATE Member SET Email = 'ONE@example.org' WHERE MemberId = 1;
  INSERT OR REPLACE INTO Member VALUES (9, 'Two@Example.org', 0.5, NULL);
  PRAGMA foreign_keys = ON;
  UPDATE "Order" SET MemberId = 9, "Group" = 1, "When" = NULL;
  DELETE FROM Author WHERE AuthorId = 1;
  UPDATE "Order-Line" SET "Count" = NULL;
  UPDATE "Shelf]s" SET Code = 'A1' WHERE Code = 'a1';
  INSERT INTO "Shelf]s" VALUES ('b2', 2) ON CONFLICT (Code) DO UPDATE SET "Größe" = 2, Code = excluded.Code;
  INSERT INTO Book VALUES (4, 'Fourth', 3, 1e3, x'');
`;

describe('a schema with brackets, keywords and foreign types', () => {
  test('every table is copied and followed', async () => {
    const library = folder.database('shop.db', LIBRARY);
    library.exec(ROWS);
    const pipeline = await open();
    const { generation, result } = await started(pipeline, specOf(['*'], { snapshotRows: 2 }));
    expect(result.snapshotRows).toBe(15);
    const tables = tablesIn(folder.file('shop.db'));
    expect(tables).toHaveLength(6);
    expectEqual(tables);
    library.pragma('foreign_keys = OFF');
    library.exec(CHANGES);
    await replicate(pipeline, generation, { settings: { batchRows: 4 } });
    expectEqual(tables);
    expect(await pipeline.verify({})).toMatchObject({ equal: true, exact: true });
  });

  test('text that is no valid UTF-8 arrives byte by byte, or the pipeline says so', async () => {
    const library = folder.database('shop.db', LIBRARY);
    library.exec(ROWS);
    const pipeline = await open();
    library.exec(`UPDATE Book SET Title = CAST(x'ff41fe' AS TEXT) WHERE BookId = 1;
      INSERT INTO "Shelf]s" VALUES (CAST(x'c3' AS TEXT), 3), (CAST(x'e282' AS TEXT), 4), ('zz', 5)`);
    const { generation } = await started(pipeline, specOf(['*'], { snapshotRows: 1 }));
    library.exec(`UPDATE Book SET Title = CAST(x'80' AS TEXT) WHERE BookId = 2;
      DELETE FROM "Shelf]s" WHERE Code = CAST(x'c3' AS TEXT);
      UPDATE "Shelf]s" SET "Größe" = 9 WHERE Code = CAST(x'e282' AS TEXT)`);
    await replicate(pipeline, generation);
    expectEqual(tablesIn(folder.file('shop.db')));
  });
});
