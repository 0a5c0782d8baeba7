import { exitCodes as commandExits } from "../../cli/exit-codes.ts";
import { socketPathBytesMax } from "../../http/socket-path.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { exitCodes, needsPerson } from "../exit-codes.ts";
import { serviceMark } from "./service-mark.ts";
import { describeService, programWords, type ServiceSpec } from "./service-spec.ts";

/**
 * Codes after which systemd leaves the service alone; from exit-codes.ts, so that a new one is in by itself. With 3 the
 * command itself says that the home has no such daemon.
 */
const preventedCodes = [...Object.values(exitCodes).filter(needsPerson), commandExits.notRunning]
  .sort((one, other) => one - other)
  .join(" ");

/** Below them the sandbox must not hide what a service is started from or keeps. */
const homeFolders = ["/home/", "/root/", "/run/user/"];

/**
 * The unit of a daemon or broker, for systemd of a user or of the system. Checked paths only: `checkSpec`. Throws
 * invalid_field for a Node that systemd would not start.
 */
export function systemdUnit(spec: ServiceSpec): string {
  const { of, scope } = spec;
  // However they are escaped, systemd takes none of these in the path of a program.
  if (/["'\\]/.test(spec.node))
    throw new ClaudemeshError("invalid_field", `systemd starts no program at a path with quotes: ${spec.node}`, {
      hint: "install Node at another path, and run claudemesh by that one",
    });
  const lines = [
    `# ${serviceMark(spec)}`,
    "# Written by claudemesh install-service; claudemesh uninstall-service removes it. Settings of your own: systemctl edit.",
    "[Unit]",
    `Description=${ended(specifiers(describeService(spec)))}`,
    // A user's manager has no such target.
    ...(scope === "system" ? ["Wants=network-online.target", "After=network-online.target"] : []),
    ...(of === "broker"
      ? [
          "# A database that is away for long is waited for: starts are tried again without end.",
          "StartLimitIntervalSec=0",
        ]
      : [
          "# One that keeps failing is left alone, and `systemctl status` says so.",
          "StartLimitIntervalSec=600",
          "StartLimitBurst=5",
        ]),
    "",
    "[Service]",
    "Type=exec",
    ...identity(spec),
    ...(of === "broker" ? [`EnvironmentFile=-${specifiers(environmentFile(spec))}`] : []),
    `ExecStart=${commandLine([spec.node, ...programWords(spec, false)])}`,
    ...(of === "daemon" ? ["ExecReload=/bin/kill -HUP $MAINPID"] : []),
    "Restart=on-failure",
    `RestartSec=${of === "broker" ? 2 : 5}`,
    "# Another start would end in the same way: a person is needed.",
    `RestartPreventExitStatus=${preventedCodes}`,
    "# The first process ends the others in good order; requests under way are answered within 10 s.",
    "KillMode=mixed",
    "TimeoutStopSec=30",
    "# Each link, and each program that listens, is an open file.",
    "LimitNOFILE=65536",
    "UMask=0077",
    ...sandbox(spec),
    "",
    "[Install]",
    `WantedBy=${scope === "system" ? "multi-user.target" : "default.target"}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Where DATABASE_URL and the like of a broker's service stand; there need be none. */
export function environmentFile({ scope, home }: Pick<ServiceSpec, "scope" | "home">): string {
  return scope === "system" ? "/etc/claudemesh/broker.env" : `${home}/broker.env`;
}

function identity({ scope, user, home }: ServiceSpec): string[] {
  if (scope === "user") return [];
  const state = /^\/var\/lib\/([A-Za-z0-9_.-]+)$/.exec(home)?.[1];
  return [
    `User=${user ?? "root"}`,
    // Made, and given to that user, when the service starts.
    ...(state === undefined ? [] : [`StateDirectory=${state}`, "StateDirectoryMode=0700"]),
  ];
}

/**
 * What keeps a program that was taken over from the rest of the machine. A user's own manager can apply the filters of
 * system calls, but no view of the file system of its own without further privileges. MemoryDenyWriteExecute would stop
 * Node, which compiles to memory.
 */
function sandbox(spec: ServiceSpec): string[] {
  const hooks = spec.of === "daemon";
  const filters = [
    "NoNewPrivileges=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    ...(hooks ? ["# Hooks are contained by namespaces of their own.", hookNamespaces] : ["RestrictNamespaces=yes"]),
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    ...(hooks ? [hookCalls] : []),
    "SystemCallErrorNumber=EPERM",
  ];
  if (spec.scope === "user") return filters;
  const { home, node, program, writable, lowPort } = spec;
  const isBelowHomes = [home, node, program, ...writable].some((path) =>
    homeFolders.some((folder) => path.startsWith(folder)),
  );
  return [
    ...filters,
    `CapabilityBoundingSet=${lowPort ? "CAP_NET_BIND_SERVICE" : ""}`,
    ...(lowPort ? ["AmbientCapabilities=CAP_NET_BIND_SERVICE"] : []),
    "ProtectSystem=strict",
    `ProtectHome=${isBelowHomes ? "read-only" : "yes"}`,
    `ReadWritePaths=${[home, ...writable].map(settingWord).join(" ")}`,
    `PrivateTmp=${needsSharedTmp(spec) ? "no" : "yes"}`,
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "RemoveIPC=yes",
    "KeyringMode=private",
  ];
}

/**
 * What bubblewrap and the tools of util-linux do to contain a hook (daemon/hooks/sandbox), and no more: without any capability it is
 * possible in a user namespace alone. The other kinds stay closed.
 */
const hookNamespaces = "RestrictNamespaces=user mnt pid net ipc";
const hookCalls = "SystemCallFilter=mount umount2 pivot_root capset";

/**
 * Whether its programs and the commands of others meet below /tmp: its home is there, or is so long that the sockets of its
 * daemons stand in a short folder there (http/socket-path.ts).
 */
function needsSharedTmp({ home, writable }: ServiceSpec): boolean {
  const isBelow = (path: string): boolean => /^\/(var\/)?tmp(\/|$)/.test(path);
  return [home, ...writable].some(isBelow) || Buffer.byteLength(home) > sharedTmpFrom;
}

/** What is left of a socket's path for the home, with a slug of 32 letters. */
const sharedTmpFrom = socketPathBytesMax - "/daemon//sock".length - 32;

/** A backslash at the end would make the next line a part of this one; the blank after it is not kept. */
function ended(text: string): string {
  return text.replace(/\\$/, "$& ");
}

/** `%` begins a specifier in every value. */
function specifiers(text: string): string {
  return text.replaceAll("%", "%%");
}

function settingWord(path: string): string {
  return `"${specifiers(path).replace(/[\\"]/g, "\\$&")}"`;
}

/** The first word is the path of the program, where `$` stands for itself; in the others it would begin a variable. */
function commandLine([program = "", ...words]: readonly string[]): string {
  return [settingWord(program), ...words.map((word) => settingWord(word).replaceAll("$", "$$$$"))].join(" ");
}
