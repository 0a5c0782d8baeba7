import { isDeepStrictEqual } from "node:util";
import type { ListenRequest, SetRequest } from "../cli/launcher.ts";
import { makePrivateDirectory } from "../http/private-directory.ts";
import { brokerProgram } from "./broker-program.ts";
import { placeOf, readListenRecord, wantedRecord, writeListenRecord } from "./listen-record.ts";
import { openLogStream } from "./log-file.ts";
import { type Program, runProcess } from "./run-process.ts";

/** The broker as a container or a service runs it: in this process, its log on stderr. Where it listens is recorded. */
export function runInForeground(
  dataDir: string,
  request: ListenRequest | null,
  { logLevel, settle, set }: { readonly logLevel: string; readonly settle: boolean; readonly set: SetRequest },
): Promise<never> {
  makePrivateDirectory(dataDir);
  const record = readListenRecord(dataDir);
  const wanted = wantedRecord(record, request, set);
  const logFile = openLogStream(process.stderr, { name: "broker", level: logLevel });
  const create = (): Program => {
    const broker = brokerProgram({ dataDir, ...placeOf(wanted) }, process.env, logFile.log);
    return {
      ended: broker.ended,
      stop: () => broker.stop(),
      async start() {
        await broker.start();
        // Not before it listens there: an address that fails must not stand in the way of the next start.
        if (!isDeepStrictEqual(record, wanted)) writeListenRecord(dataDir, wanted);
      },
    };
  };
  return runProcess("broker", logFile, create, { settlesWithZero: settle });
}
