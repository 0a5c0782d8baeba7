import { sharedPostgres } from "../../testing/postgres-server.ts";
import { storeSuite } from "../store-suite.fixture.ts";
import { openPostgresStore } from "./open-store.fixture.ts";

storeSuite("PostgreSQL", openPostgresStore(sharedPostgres()));
