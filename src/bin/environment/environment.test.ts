import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide, httpNotice, requireEphemeral, requireLasting } from "./decide.ts";
import { detectEnvironment, type Environment } from "./detect.ts";
import type { EnvironmentReaders } from "./readers.ts";
import { signs } from "./signs.ts";

interface Shown {
  readonly variables?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function readers({ variables = {}, files = {} }: Shown): EnvironmentReaders {
  return {
    variable: (name) => variables[name] ?? null,
    exists: (path) => Object.hasOwn(files, path),
    text: (path) => files[path] ?? null,
  };
}

const detected = (shown: Shown): Environment => detectEnvironment(readers(shown));

describe("the environment", () => {
  it("is a host like any other where nothing shows, as on a machine with cgroups of its own", () => {
    const cgroups = ["0::/init.scope\n", "0::/\n", "12:pids:/user.slice/user-1000.slice\n0::/user.slice\n", ""];
    for (const cgroup of cgroups)
      assert.deepEqual(detected({ files: { "/proc/1/cgroup": cgroup } }), { kind: "host", because: null });
  });

  it("is a CI job by the variable of each platform, which its reason names, and by CI alone", () => {
    const platforms = {
      GITHUB_ACTIONS: ["true", "GitHub Actions"],
      GITLAB_CI: ["true", "GitLab CI"],
      BUILDKITE: ["true", "Buildkite"],
      CIRCLECI: ["true", "CircleCI"],
      JENKINS_URL: ["https://ci.example/", "Jenkins"],
    };
    for (const [name, [value = "", means]] of Object.entries(platforms))
      assert.deepEqual(detected({ variables: { CI: "true", [name]: value } }), {
        kind: "ci",
        because: `${name} is set: this is ${means}`,
      });
    for (const value of ["true", "1", "True", "yes", "woodpecker"])
      assert.equal(detected({ variables: { CI: value } }).because, "CI is set: this is a CI job");
  });

  it("is no CI job where a variable says no, in any of the ways that people write it", () => {
    for (const value of ["", " ", "false", "False", "FALSE", "0", "no", "off"])
      for (const name of ["CI", "GITHUB_ACTIONS", "JENKINS_URL", "KUBERNETES_SERVICE_HOST"])
        assert.equal(detected({ variables: { [name]: value } }).kind, "host", `${name}=${JSON.stringify(value)}`);
  });

  it("is a container by the marks of its runtime", () => {
    const shown: readonly (readonly [Shown, string])[] = [
      [
        { variables: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } },
        "KUBERNETES_SERVICE_HOST is set: this is a Kubernetes pod",
      ],
      [{ variables: { RUNPOD_POD_ID: "abc" } }, "RUNPOD_POD_ID is set: this is a RunPod pod"],
      [{ files: { "/.dockerenv": "" } }, "/.dockerenv says so: this is a Docker container"],
      [{ files: { "/run/.containerenv": "" } }, "/run/.containerenv says so: this is a Podman container"],
    ];
    for (const [one, because] of shown) assert.deepEqual(detected(one), { kind: "container", because });
    const groups = [
      "12:pids:/docker/6b2c\n",
      "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-ab.scope\n",
      "1:cpu:/kubepods/besteffort/pod1/ab\n",
      "0::/system.slice/docker-6b2c.scope\n",
      "0::/machine.slice/libpod-6b2c.scope\n",
      "0::/lxc.payload.web/init.scope\n",
      "1:name=systemd:/lxc/web\n",
    ];
    for (const group of groups) assert.equal(detected({ files: { "/proc/1/cgroup": group } }).kind, "container", group);
  });

  it("is a CI job also in a container", () => {
    assert.equal(detected({ variables: { CI: "true" }, files: { "/.dockerenv": "" } }).kind, "ci");
  });

  it("is what CLAUDEMESH_ENVIRONMENT says, whatever else shows; another word there is refused", () => {
    const files = { "/.dockerenv": "" };
    for (const kind of ["host", "ci", "container"] as const)
      assert.deepEqual(detected({ variables: { CI: "true", CLAUDEMESH_ENVIRONMENT: kind }, files }), {
        kind,
        because: `CLAUDEMESH_ENVIRONMENT is ${kind}`,
      });
    assert.equal(detected({ variables: { CLAUDEMESH_ENVIRONMENT: "" }, files }).kind, "container");
    assert.throws(() => detected({ variables: { CLAUDEMESH_ENVIRONMENT: "Docker" } }), { code: "usage" });
  });

  it("is known by the signs that are listed, each once", () => {
    assert.equal(new Set(signs.map(({ name }) => name)).size, signs.length);
  });
});

describe("what an environment decides", () => {
  const host: Environment = { kind: "host", because: null };
  const ci: Environment = { kind: "ci", because: "CI is set: this is a CI job" };
  const container: Environment = { kind: "container", because: "/.dockerenv says so: this is a Docker container" };
  const hooksOff = "hooks=off --set hooks.run=yes";
  const told = (environment: Environment, asked: Partial<Parameters<typeof decide>[1]> = {}, isMember = false) => {
    const { mode, decisions } = decide(environment, { mode: null, http: null, ...asked }, isMember);
    return [mode, ...decisions.map(({ setting, value, override }) => `${setting}=${value} ${override}`)];
  };

  it("is nothing on a host, where everything is as it is asked for", () => {
    assert.deepEqual(told(host), ["persistent"]);
    assert.deepEqual(told(host, { mode: "persistent", http: true }, true), ["persistent"]);
    assert.deepEqual(told(host, { mode: "ephemeral" }), ["ephemeral", "mode=ephemeral null"]);
  });

  it("is an ephemeral member on the unix socket alone, without hooks, in a CI job, each with the option that changes it", () => {
    assert.deepEqual(told(ci), ["ephemeral", "mode=ephemeral --persistent", "local_api=unix_socket --http", hooksOff]);
    assert.deepEqual(
      decide(ci, { mode: null, http: null }, false).decisions.map(({ because }) => because),
      [ci.because, ci.because, ci.because],
    );
    assert.deepEqual(told(ci, { mode: "persistent", http: true }), [
      "persistent",
      "mode=persistent null",
      "local_api=unix_socket_and_http --no-http",
      hooksOff,
    ]);
  });

  it("is a persistent member on the unix socket alone in a container", () => {
    assert.deepEqual(told(container), ["persistent", "mode=persistent --ephemeral", "local_api=unix_socket --http"]);
    assert.equal(told(container, { mode: "ephemeral" })[0], "ephemeral");
  });

  it("takes no keys away that a home keeps already", () => {
    assert.deepEqual(told(ci, {}, true), [
      "persistent",
      "mode=persistent null",
      "local_api=unix_socket --http",
      hooksOff,
    ]);
  });

  it("says what --http opens where others share the network, and there alone", () => {
    assert.equal(httpNotice(host, true), null);
    assert.equal(httpNotice(container, false), null);
    assert.match(httpNotice(container, true) ?? "", /Docker container; with --http/);
  });

  it("refuses a service in a CI job unless it is forced, and nowhere else", () => {
    assert.throws(() => requireLasting(ci, false), { code: "not_allowed", hint: /--force/ });
    requireLasting(ci, true);
    requireLasting(container, false);
    requireLasting(host, false);
  });

  it("refuses what is of ephemeral members alone", () => {
    assert.throws(() => requireEphemeral("persistent", { ttlMs: 1, invite: false }), {
      code: "usage",
      message: /--ttl/,
    });
    assert.throws(() => requireEphemeral("persistent", { ttlMs: null, invite: true }), {
      hint: /claudemesh join LINK/,
    });
    requireEphemeral("persistent", { ttlMs: null, invite: false });
    requireEphemeral("ephemeral", { ttlMs: 1, invite: true });
  });
});
