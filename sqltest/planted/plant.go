package planted

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Plant gives the source file with the bug in it.
func (b Bug) Plant(root string) ([]byte, error) {
	path := filepath.Join(root, b.File)
	sound, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(sound, []byte(b.Old)); n != 1 {
		return nil, fmt.Errorf("%s: %q occurs %d times in %s, not once: tell the bug anew", b.Name, b.Old, n, b.File)
	}
	broken := bytes.Replace(sound, []byte(b.Old), []byte(b.New), 1)
	if _, err := parser.ParseFile(token.NewFileSet(), path, broken, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Name, err)
	}
	return broken, nil
}

// Hunt is what a proof made of a bug.
type Hunt struct {
	Found  bool
	Seed   string // the first that showed the bug
	Cycles string // crashes, faults or transactions until then
	Detail string
}

// Hunt builds a proof with the bug in it and runs it up to n cycles. root is the module's root.
func (b Bug) Hunt(ctx context.Context, root string, n int, seed uint64) (Hunt, error) {
	dir, err := os.MkdirTemp("", "oxidb-planted-")
	if err != nil {
		return Hunt{}, err
	}
	h, err := b.hunt(ctx, root, dir, n, seed)
	return h, errors.Join(err, os.RemoveAll(dir))
}

func (b Bug) hunt(ctx context.Context, root, dir string, n int, seed uint64) (Hunt, error) {
	binary, err := b.build(ctx, root, dir)
	if err != nil {
		return Hunt{}, err
	}
	args := []string{"-n", fmt.Sprint(n), "-seed", fmt.Sprint(seed)}
	if b.Proof != "isolation" {
		args = append(args, "-stop", "1", "-kind", b.Proof)
	}
	var stdout, stderr bytes.Buffer
	run := exec.CommandContext(ctx, binary, args...)
	run.Dir, run.Stdout, run.Stderr = dir, &stdout, &stderr
	run.Env = append(os.Environ(), "TMPDIR="+dir)
	err = run.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return Hunt{}, fmt.Errorf("%s: %w", b.Name, err)
	}
	return judge(err != nil, stdout.String(), stderr.String()), nil
}

// build compiles the proof over the broken file; the tree stays as it is.
func (b Bug) build(ctx context.Context, root, dir string) (string, error) {
	broken, err := b.Plant(root)
	if err != nil {
		return "", err
	}
	file, overlay, binary := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "proof")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, b.File): file}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(file, broken, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", err
	}
	pkg := "./mvcc/proof/run"
	if b.Proof == "isolation" {
		pkg = "./sqltest/isolation/run"
	}
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", binary, pkg)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: building: %w: %s", b.Name, err, out)
	}
	return binary, nil
}

var (
	seedOf   = regexp.MustCompile(`(?i)seed[= ](\d+)`)
	cyclesOf = regexp.MustCompile(`faults=([1-9]\d*)|runs=(\d+)`)
)

// judge reads what a proof said. One that panics has noticed, too.
func judge(failed bool, stdout, stderr string) Hunt {
	h := Hunt{Found: failed, Detail: stderr}
	for line := range strings.Lines(stderr) {
		if m := seedOf.FindStringSubmatch(line); m != nil && m[1] != "" {
			h.Seed, h.Detail = m[1], strings.TrimSpace(line)
			break
		}
	}
	if m := cyclesOf.FindStringSubmatch(stdout); m != nil {
		h.Cycles = m[1] + m[2]
	}
	const most = 200
	h.Detail = h.Detail[:min(len(h.Detail), most)]
	return h
}
