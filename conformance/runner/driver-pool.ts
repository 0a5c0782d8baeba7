import type { Lifetime } from "../../test/support/on-end.ts";
import { tempFolder } from "../../test/support/temp-folder.ts";
import { type Driver, firstAnswerTimeoutMs, startDriver } from "./driver.ts";
import type { Sdk } from "./sdks.ts";
import { Unfit } from "./unfit.ts";

/** Drivers of one SDK. One that has answered all it was asked serves the next scenario too. */
export interface DriverPool {
  /** Its environment is PATH, an empty HOME, and `env`. */
  take(env: Readonly<Record<string, string>>): Driver;
  giveBack(driver: Driver): Promise<void>;
  /** Resolves once a driver has answered: what has to be compiled for that is. Throws Unfit. */
  warmUp(): Promise<void>;
}

export function driverPool(t: Lifetime, sdk: Sdk): DriverPool {
  const free: Driver[] = [];
  const own = new Set<Driver>();
  const HOME = tempFolder(t);
  const start = (env: Readonly<Record<string, string>>, timeoutMs?: number): Driver =>
    startDriver(t, sdk.command, { PATH: process.env["PATH"] ?? "", HOME, ...sdk.env, ...env }, timeoutMs);
  return {
    take(env) {
      if (Object.keys(env).length > 0) {
        const driver = start(env);
        own.add(driver);
        return driver;
      }
      return free.pop() ?? start({});
    },
    async giveBack(driver) {
      if (own.delete(driver) || !driver.idle()) return driver.kill();
      const closed = await driver.ask("close", {}).catch((thrown: unknown) => {
        if (thrown instanceof Unfit) return null;
        throw thrown;
      });
      if (closed?.ok === true) free.push(driver);
      else driver.kill();
    },
    async warmUp() {
      const driver = start({}, firstAnswerTimeoutMs);
      const answer = await driver.ask("close", {});
      driver.kill();
      if (!answer.ok) throw new Unfit(`the driver cannot close: ${JSON.stringify(answer.error)}`);
    },
  };
}
