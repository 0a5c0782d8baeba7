import { restoredCopies } from "../restored-copy-suite.fixture.ts";
import { openCopiedSqlite } from "./copied-store.fixture.ts";

restoredCopies("SQLite", openCopiedSqlite);
