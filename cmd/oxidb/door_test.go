package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// served starts `oxidb serve` and gives the address that it tells.
func served(t *testing.T, args ...string) (process *exec.Cmd, addr string) {
	t.Helper()
	process = binary(t, append([]string{"serve"}, args...)...)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk strings.Builder
	process.Stderr = &talk
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // it has ended, or was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(line, "listening on ")
	if !ok {
		_ = process.Wait()
		t.Fatalf("the server said %q, %v; %s", line, err, talk.String())
	}
	return process, strings.TrimSpace(addr)
}

// asked runs a client and gives its exit code and all that it says; again when the machine was too slow
// for the client's patience with a server.
func asked(t *testing.T, client func() *exec.Cmd) (code int, said string) {
	t.Helper()
	for range 20 {
		var talk string
		code, said, talk = outcome(t, client())
		if said += talk; !strings.Contains(said, "deadline exceeded") {
			break
		}
	}
	return code, said
}

// secretFile makes a file with a password.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// From the first user to a refused token: what an operator does at the command line.
func TestUsersAndTokens(t *testing.T) {
	dir := t.TempDir()
	expect := func(wantCode int, wantOut string, args ...string) string {
		t.Helper()
		code, out, talk := outcome(t, binary(t, args...))
		if code != wantCode || wantOut != "*" && out != wantOut {
			t.Fatalf("%v: exit code %d, %q, %q", args, code, out, talk)
		}
		return out
	}
	expect(0, "", "user", "add", dir, "alice", "--password-file", secretFile(t, "correct horse"))
	expect(1, "", "user", "add", dir, "alice", "--password-file", secretFile(t, "correct horse"))
	expect(1, "", "user", "add", dir, "bob", "--password-file", secretFile(t, "short"))
	expect(0, "alice\n", "user", "list", dir)
	token := strings.TrimSpace(expect(0, "*", "token", "create", dir, "alice", "--name", "laptop"))
	list := expect(0, "*", "token", "list", dir)
	if !strings.Contains(list, "laptop") || strings.Contains(list, token) {
		t.Errorf("the list of tokens: %s", list)
	}

	_, addr := served(t, dir, "--listen", "127.0.0.1:0", "--tls", "auto")
	root := "OXIDB_TLS_ROOT=" + filepath.Join(dir, "tls.crt")
	ask := func(target string, env ...string) (int, string) {
		return asked(t, func() *exec.Cmd {
			c := binary(t, "shell", target, "--csv", "-c", "SELECT current_user AS u")
			c.Env = append(append(c.Env, root), env...)
			return c
		})
	}
	for _, c := range []struct {
		target, env string
		code        int
		says        string
	}{
		{"grpc+tls://alice@" + addr, "OXIDB_PASSWORD=correct horse", 0, "alice"},
		{"grpc+tls://" + addr, "OXIDB_TOKEN=" + token, 0, "alice"},
		{"grpc+tls://alice@" + addr, "OXIDB_PASSWORD=wrong horse", exitUnreachable, "28P01"},
		{"grpc+tls://" + addr, "OXIDB_TOKEN=oxi_wrong", exitUnreachable, "28000"},
		{"grpc+tls://" + addr, "OXIDB_TOKEN=", exitUnreachable, "28000"},
		{"grpc+tls://alice:secret@" + addr, "OXIDB_PASSWORD=", exitUnreachable, "does not belong on the command line"},
	} {
		if code, said := ask(c.target, c.env); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: exit code %d, %s", c.target, c.env, code, said)
		}
	}
	expect(0, "", "token", "revoke", dir, strings.Fields(strings.Split(list, "\n")[1])[0])
	for code := 0; code == 0; { // the server follows within a second
		code, _ = ask("grpc+tls://"+addr, "OXIDB_TOKEN="+token)
	}
}

// A server that other machines reach must know who calls.
func TestServingOtherMachines(t *testing.T) {
	for what, args := range map[string][]string{
		"nobody known":          {"--listen", "0.0.0.0:0"},
		"an issuer of nothing":  {"--listen", "127.0.0.1:0", "--oidc-audience", "x"},
		"a root without TLS":    {"--listen", "127.0.0.1:0", "--tls-client-ca", secretFile(t, "x")},
		"no place for TLS":      {"--listen", "127.0.0.1:0", "--tls", "auto"},
		"users that are absent": {"--listen", "0.0.0.0:0", "--users", filepath.Join(t.TempDir(), "users")},
	} {
		if code, _, talk := outcome(t, binary(t, append([]string{"serve", ":memory:"}, args...)...)); code != exitUnreachable {
			t.Errorf("%s: exit code %d, %s", what, code, talk)
		}
	}
}

func TestServingAUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	process, addr := served(t, ":memory:", "--listen", "unix:"+socket)
	if addr != "unix:"+socket {
		t.Errorf("listening on %s", addr)
	}
	if code, said := asked(t, func() *exec.Cmd { return binary(t, "shell", "grpc+unix:"+socket, "--csv", "-c", "SELECT 1 AS a") }); code != 0 || said != "a\n1\n" {
		t.Errorf("exit code %d, %q", code, said)
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}
