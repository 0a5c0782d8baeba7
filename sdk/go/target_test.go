package claudemesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// newHome has a folder for each daemon.
func newHome(t *testing.T, slugs ...string) string {
	t.Helper()
	home := t.TempDir()
	for _, slug := range slugs {
		write(t, filepath.Join(home, "daemon", slug, "mesh.json"), "{}")
	}
	return home
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// environment is what the test runs in, whatever the tester has.
func environment(t *testing.T, values map[string]string) {
	t.Helper()
	for _, name := range []string{"CLAUDEMESH_DAEMON_SOCK", "CLAUDEMESH_HOME", "CLAUDEMESH_MESH"} {
		t.Setenv(name, values[name])
	}
}

func addressOf(t *testing.T, target Target) string {
	t.Helper()
	client, err := Connect(target)
	if err != nil {
		t.Fatal(err)
	}
	where, err := client.transport.find()
	if err != nil {
		t.Fatal(err)
	}
	return where.address
}

func TestTheDaemonThatIsMeantIsFound(t *testing.T) {
	one, two := newHome(t, "alpha"), newHome(t, "alpha", "beta")
	write(t, filepath.Join(two, "daemon", "no-member", "other"), "")
	for name, try := range map[string]struct {
		environment map[string]string
		target      Target
		want        string
	}{
		"the only one":                {map[string]string{"CLAUDEMESH_HOME": one}, Target{}, one + "/daemon/alpha/sock"},
		"the mesh of the environment": {map[string]string{"CLAUDEMESH_HOME": two, "CLAUDEMESH_MESH": "beta"}, Target{}, two + "/daemon/beta/sock"},
		"a mesh that is named":        {map[string]string{"CLAUDEMESH_HOME": two, "CLAUDEMESH_MESH": "beta"}, Target{Mesh: "alpha"}, two + "/daemon/alpha/sock"},
		"a home that is named":        {map[string]string{"CLAUDEMESH_HOME": two}, Target{Home: one}, one + "/daemon/alpha/sock"},
		"the socket before all":       {map[string]string{"CLAUDEMESH_HOME": one, "CLAUDEMESH_DAEMON_SOCK": "/x/sock"}, Target{}, "/x/sock"},
		"what is named before that":   {map[string]string{"CLAUDEMESH_DAEMON_SOCK": "/x/sock"}, Target{Home: one}, one + "/daemon/alpha/sock"},
		"a socket that is named":      {map[string]string{"CLAUDEMESH_DAEMON_SOCK": "/x/sock"}, Target{SocketPath: "/y/sock"}, "/y/sock"},
		"a port":                      {map[string]string{"CLAUDEMESH_DAEMON_SOCK": "/x/sock"}, Target{Port: 7, Token: "t"}, "127.0.0.1:7"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, try.environment)
			if got := addressOf(t, try.target); got != filepath.FromSlash(try.want) {
				t.Error(got)
			}
		})
	}
}

func TestTheHomeIsThatOfTheUserWhereNoneIsNamed(t *testing.T) {
	environment(t, nil)
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("USERPROFILE", user)
	write(t, filepath.Join(user, ".claudemesh", "daemon", "alpha", "mesh.json"), "{}")
	if got := addressOf(t, Target{}); got != filepath.Join(user, ".claudemesh", "daemon", "alpha", "sock") {
		t.Error(got)
	}
}

func TestALongHomeHasItsSocketWhereTheDaemonSays(t *testing.T) {
	home := newHome(t, "alpha")
	file := filepath.Join(home, "daemon", "alpha", "daemon.json")
	write(t, file, `{"pid":1,"socket":"/short/sock","http_port":null}`)
	if got := addressOf(t, Target{Home: home}); got != "/short/sock" {
		t.Error(got)
	}
	for _, cut := range []string{`{"pid":1,"sock`, `{"socket":"/short/sock"}`, `{"pid":1}`, `[]`, ``} {
		write(t, file, cut)
		if got := addressOf(t, Target{Home: home}); got != filepath.Join(home, "daemon", "alpha", "sock") {
			t.Errorf("%s: %s", cut, got)
		}
	}
}

func TestNoDaemonAndSeveralAreToldWithWhatHelps(t *testing.T) {
	environment(t, nil)
	for name, try := range map[string]struct {
		target Target
		code   ErrorCode
		hint   string
	}{
		"an empty home":    {Target{Home: t.TempDir()}, ErrNotRunning, "claudemesh up"},
		"no home":          {Target{Home: t.TempDir() + "/none"}, ErrNotRunning, "claudemesh up"},
		"an unknown mesh":  {Target{Home: newHome(t, "alpha", "beta"), Mesh: "gamma"}, ErrNotRunning, "joined: alpha, beta"},
		"several meshes":   {Target{Home: newHome(t, "alpha", "beta")}, ErrUsage, "CLAUDEMESH_MESH"},
		"two targets":      {Target{SocketPath: "/x", Port: 1, Token: "t"}, ErrUsage, "name one"},
		"a token, no port": {Target{Token: "t"}, ErrUsage, "name both"},
	} {
		_, err := Connect(try.target)
		var told *Error
		if !errors.As(err, &told) || told.Code != try.code || !strings.Contains(told.Hint, try.hint) {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestWhereThereAreNoSocketsTheDaemonIsFoundByItsPortAndToken(t *testing.T) {
	tokens := make(chan string, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Authorization")
		fmt.Fprint(w, `{"status":"ok"}`)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	folder := t.TempDir()
	client := &Client{pause: sleep, transport: newTransport(func() (endpoint, error) { return listening(folder, false) })}
	t.Cleanup(client.Close)
	_, err = client.Health(context.Background())
	var told *Error
	if !errors.As(err, &told) || told.Code != ErrNotRunning || told.Hint != "claudemesh up --http" {
		t.Errorf("without a port: %#v", err)
	}
	write(t, filepath.Join(folder, "http.port"), strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)+"\n")
	if _, err := client.Health(context.Background()); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("without a token: %v", err)
	}
	write(t, filepath.Join(folder, "local_token"), "secret\n")
	if health, err := client.Health(context.Background()); err != nil || health.Status != HealthStatusOK {
		t.Fatal(health, err)
	}
	if token := <-tokens; token != "Bearer secret" {
		t.Error(token)
	}
}
