package claudemesh

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Target names a daemon. The zero value is the one that the environment means: CLAUDEMESH_DAEMON_SOCK if that is set,
// else the daemon of CLAUDEMESH_MESH, or the only one, in CLAUDEMESH_HOME or ~/.claudemesh.
type Target struct {
	// SocketPath is the unix socket of its local API.
	SocketPath string
	// Port on loopback and Token are the other way to it: `claudemesh up --http`.
	Port  int
	Token string
	// Home is the folder of everything that a user runs.
	Home string
	// Mesh is the slug of the mesh that is meant, where the home has several.
	Mesh string
}

// find answers how to look for the daemon: at once for its folder, then before each connection for where it listens.
func (t Target) find() (func() (endpoint, error), error) {
	named := 0
	for _, is := range [...]bool{t.SocketPath != "", t.Port != 0 || t.Token != "", t.Home != "" || t.Mesh != ""} {
		if is {
			named++
		}
	}
	if named > 1 {
		return nil, newError(ErrUsage, "a target is a socket, or a port with its token, or a home", "name one of them")
	}
	if t == (Target{}) {
		t.SocketPath = os.Getenv("CLAUDEMESH_DAEMON_SOCK")
	}
	switch {
	case t.SocketPath != "":
		return at(endpoint{network: "unix", address: t.SocketPath}), nil
	case strings.ContainsFunc(t.Token, func(letter rune) bool { return letter < ' ' || letter > '~' }):
		return nil, newError(ErrUsage, "this is no token", "it is in the daemon's local_token file")
	case t.Port != 0:
		return at(endpoint{network: "tcp", address: loopback(t.Port), token: t.Token}), nil
	case t.Token != "":
		return nil, newError(ErrUsage, "a token is given without a port", "name both")
	}
	home, err := homeOf(t.Home)
	if err != nil {
		return nil, err
	}
	folder, err := daemonFolder(home, or(t.Mesh, os.Getenv("CLAUDEMESH_MESH")))
	if err != nil {
		return nil, err
	}
	return func() (endpoint, error) { return listening(folder, runtime.GOOS != "windows") }, nil
}

func at(where endpoint) func() (endpoint, error) {
	return func() (endpoint, error) { return where, nil }
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

func homeOf(named string) (string, error) {
	if home := or(named, os.Getenv("CLAUDEMESH_HOME")); home != "" {
		return home, nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", newError(ErrUsage, "this user has no home folder", "set CLAUDEMESH_HOME").causedBy(err)
	}
	return filepath.Join(user, ".claudemesh"), nil
}

// daemonFolder is <home>/daemon/<slug> of the mesh that is named, else the only one that holds a member.
func daemonFolder(home, mesh string) (string, error) {
	slugs := joined(home)
	if mesh != "" {
		for _, slug := range slugs {
			if slug == mesh {
				return filepath.Join(home, "daemon", slug), nil
			}
		}
		err := notRunning(fmt.Sprintf("%s has no daemon of mesh %s", home, mesh))
		if len(slugs) > 0 {
			err.Hint = "joined: " + strings.Join(slugs, ", ")
		}
		return "", err
	}
	switch len(slugs) {
	case 0:
		return "", notRunning(home + " has no daemon yet")
	case 1:
		return filepath.Join(home, "daemon", slugs[0]), nil
	}
	message := fmt.Sprintf("%s has daemons of %d meshes: %s", home, len(slugs), strings.Join(slugs, ", "))
	return "", newError(ErrUsage, message, "name one: CLAUDEMESH_MESH, or Mesh of the target")
}

// joined is the slugs of the meshes that a home holds a member of, in order.
func joined(home string) []string {
	entries, err := os.ReadDir(filepath.Join(home, "daemon"))
	if err != nil {
		return nil
	}
	slugs := []string{}
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(home, "daemon", entry.Name(), "mesh.json")); err == nil {
			slugs = append(slugs, entry.Name())
		}
	}
	return slugs
}

// listening is where the daemon of a folder can be reached: by its socket, which is <folder>/sock unless that path was
// too long for the system, or where there are no sockets by its port.
func listening(folder string, sockets bool) (endpoint, error) {
	if sockets {
		return endpoint{network: "unix", address: socketOf(folder)}, nil
	}
	port, err := os.ReadFile(filepath.Join(folder, "http.port"))
	if err != nil {
		told := notRunning("no daemon of " + folder + " listens on a port").causedBy(err)
		told.Hint = "claudemesh up --http"
		return endpoint{}, told
	}
	token, err := os.ReadFile(filepath.Join(folder, "local_token"))
	if err != nil {
		return endpoint{}, newError(ErrUnauthorized, "the daemon's token cannot be read",
			"run the program as the user who started the daemon").causedBy(err)
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(port)))
	if err != nil {
		return endpoint{}, notRunning("the file of the daemon's port is cut short").causedBy(err)
	}
	return endpoint{network: "tcp", address: loopback(number), token: strings.TrimSpace(string(token))}, nil
}

func socketOf(folder string) string {
	var told struct {
		PID    *int   `json:"pid"`
		Socket string `json:"socket"`
	}
	// Missing, or cut short by a crash of the machine: then the daemon does not run.
	text, err := os.ReadFile(filepath.Join(folder, "daemon.json"))
	if err == nil && json.Unmarshal(text, &told) == nil && told.PID != nil && told.Socket != "" {
		return told.Socket
	}
	return filepath.Join(folder, "sock")
}
