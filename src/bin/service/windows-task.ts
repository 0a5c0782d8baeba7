import { serviceMark } from "./service-mark.ts";
import { describeService, programWords, type ServiceSpec } from "./service-spec.ts";
import { xmlText } from "./xml-text.ts";

/** A task that failed is started again so often, a minute apart; the most that the schema takes is 255. */
const restartsMax = 10;

/**
 * The task of a user's logon or of the machine's start. It runs under S4U: without a password that would have to be kept,
 * and without a window. Task Scheduler stops counting a program that ran as failed by most of its exit codes, so
 * `daemon run --all` starts daemons again itself, and ends with 0 where nothing is to be started again (`--settle`).
 * Priority 7, the default, would slow its disk down.
 */
export function windowsTask(spec: ServiceSpec): string {
  const user = spec.user ?? "";
  const trigger =
    spec.scope === "system"
      ? "    <BootTrigger>\n      <Enabled>true</Enabled>\n    </BootTrigger>"
      : `    <LogonTrigger>\n      <Enabled>true</Enabled>\n      <UserId>${xmlText(user)}</UserId>\n    </LogonTrigger>`;
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Author>claudemesh</Author>
    <Description>${xmlText(describeService(spec))}</Description>
    <Documentation>${serviceMark(spec)}</Documentation>
  </RegistrationInfo>
  <Triggers>
${trigger}
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>${xmlText(user)}</UserId>
      <LogonType>S4U</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>${restartsMax}</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>${xmlText(spec.node)}</Command>
      <Arguments>${xmlText(programWords(spec, true).map(windowsWord).join(" "))}</Arguments>
    </Exec>
  </Actions>
</Task>
`;
}

/** The bytes that `schtasks /Create /XML` reads: UTF-16 with its mark, as the file says of itself. */
export function windowsTaskBytes(text: string): Buffer {
  return Buffer.from(`\ufeff${text.replaceAll("\n", "\r\n")}`, "utf16le");
}

/** One word as a program of Windows reads it back: backslashes count only before a quote. */
function windowsWord(word: string): string {
  if (word !== "" && !/[\s"]/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
}
