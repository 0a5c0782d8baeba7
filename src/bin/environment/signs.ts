import type { EnvironmentReaders } from "./readers.ts";

export type EnvironmentKind = "ci" | "container";

/** One thing by which an environment is known. */
export interface Sign {
  readonly kind: EnvironmentKind;
  /** A variable, or a file. */
  readonly name: string;
  /** What it is a sign of. */
  readonly means: string;
  shows(readers: EnvironmentReaders): boolean;
}

/** How people and platforms write that something is not so. */
const noes: ReadonlySet<string> = new Set(["", "0", "false", "no", "off"]);

const variable = (kind: EnvironmentKind, name: string, means: string): Sign => ({
  kind,
  name,
  means,
  shows: (readers) => !noes.has((readers.variable(name) ?? "").trim().toLowerCase()),
});
const file = (kind: EnvironmentKind, name: string, means: string): Sign => ({
  kind,
  name,
  means,
  shows: (readers) => readers.exists(name),
});
/** Names that container runtimes give the groups of their processes. */
const containerGroup = /\/(docker|kubepods|containerd|crio|libpod|lxc)[-./]|\/(docker|lxc|kubepods)\//;

/**
 * The first that shows decides what the environment is called; those of platforms stand before what all of them set. A sign is
 * one line.
 */
export const signs: readonly Sign[] = [
  variable("ci", "GITHUB_ACTIONS", "GitHub Actions"),
  variable("ci", "GITLAB_CI", "GitLab CI"),
  variable("ci", "BUILDKITE", "Buildkite"),
  variable("ci", "CIRCLECI", "CircleCI"),
  variable("ci", "JENKINS_URL", "Jenkins"),
  variable("ci", "CI", "a CI job"),
  variable("container", "KUBERNETES_SERVICE_HOST", "a Kubernetes pod"),
  variable("container", "RUNPOD_POD_ID", "a RunPod pod"),
  file("container", "/.dockerenv", "a Docker container"),
  file("container", "/run/.containerenv", "a Podman container"),
  {
    kind: "container",
    name: "/proc/1/cgroup",
    means: "a container",
    shows: (readers) => containerGroup.test(readers.text("/proc/1/cgroup") ?? ""),
  },
];
