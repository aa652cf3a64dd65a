package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(dir, "config.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write(`{"listen": "unix:` + dir + `/file", "max-statements": 5, "slow": "1s"}`)
	if _, addr := served(t, ":memory:", "--config", path); addr != "unix:"+dir+"/file" {
		t.Errorf("from the file: %s", addr)
	}
	t.Setenv("OXIDB_LISTEN", "unix:"+dir+"/environment")
	if _, addr := served(t, ":memory:", "--config", path); addr != "unix:"+dir+"/environment" {
		t.Errorf("from the environment: %s", addr)
	}
	if _, addr := served(t, ":memory:", "--config", path, "--listen", "unix:"+dir+"/flag"); addr != "unix:"+dir+"/flag" {
		t.Errorf("from the flag: %s", addr)
	}
	for bad, says := range map[string]string{`{"lisen": "x"}`: "lisen", `[]`: "no JSON object", `{"threads": "many"}`: "threads"} {
		if code, _, talk := outcome(t, binary(t, "serve", ":memory:", "--config", write(bad))); code != exitUsage || !strings.Contains(talk, says) {
			t.Errorf("%s: exit code %d, %s", bad, code, talk)
		}
	}
}

// SIGTERM lets a running statement end, refuses new calls and ends with exit code 0.
func TestDrain(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	process, addr := served(t, ":memory:", "--listen", "unix:"+socket, "--drain", "5m", "--slow", "1ms")
	client := binary(t, "shell", "grpc+"+addr, "--csv", "-c", "SELECT 1 AS ready", "-c", "SELECT count(*) AS n FROM generate_series(1, 60000000) AS t(g) WHERE g % 7 = 0")
	var out strings.Builder
	client.Stdout = &out
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // most likely in the middle of the second statement
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	clientErr := client.Wait()
	if err := process.Wait(); err != nil {
		t.Errorf("the server: %v", err)
	}
	if strings.Contains(out.String(), "ready") && (clientErr != nil || !strings.HasSuffix(out.String(), "n\n8571428\n")) {
		t.Errorf("the client: %v, %q", clientErr, out.String())
	}
}

func TestVersionAsJSON(t *testing.T) {
	code, out, _ := outcome(t, binary(t, "version", "--json"))
	var v map[string]string
	if err := json.Unmarshal([]byte(out), &v); code != 0 || err != nil || v["version"] == "" || v["go"] == "" {
		t.Errorf("exit code %d, %q", code, out)
	}
}
