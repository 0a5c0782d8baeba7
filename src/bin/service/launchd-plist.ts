import { join } from "node:path";
import { serviceMark } from "./service-mark.ts";
import { programWords, type ServiceSpec } from "./service-spec.ts";
import { xmlText } from "./xml-text.ts";

/** launchd waits so long between two starts, whatever comes of them. */
const throttleSeconds = 30;
/** Of a stop, then SIGKILL: a supervisor and its daemons end within 20 s. */
const exitSeconds = 30;
const openFilesMax = 65_536;

/**
 * The property list of an agent of a user or a daemon of the system. launchd starts again whatever did not end with 0, and
 * can be told of no exceptions: the program itself says by 0 that another start would not help (`--settle`).
 */
export function launchdPlist(spec: ServiceSpec, label: string): string {
  const words = [spec.node, ...programWords(spec, true)];
  const errors = join(spec.home, `service-${spec.of}.err`);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${serviceMark(spec)} -->
<!-- Written by claudemesh install-service; claudemesh uninstall-service removes it. -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xmlText(label)}</string>
  <key>ProgramArguments</key>
  <array>
${words.map((word) => `    <string>${xmlText(word)}</string>`).join("\n")}
  </array>
${spec.user === null ? "" : `  <key>UserName</key>\n  <string>${xmlText(spec.user)}</string>\n`}  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>${throttleSeconds}</integer>
  <key>ExitTimeOut</key>
  <integer>${exitSeconds}</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>Umask</key>
  <integer>${0o077}</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>${openFilesMax}</integer>
  </dict>
  <key>StandardOutPath</key>
  <string>/dev/null</string>
  <key>StandardErrorPath</key>
  <string>${xmlText(errors)}</string>
</dict>
</plist>
`;
}
