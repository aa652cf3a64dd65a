package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/oxidb/oxidb/flight"
)

// config is a file of flags' values.
type config map[string]any

// configFile reads a JSON object whose names are those of flags.
func configFile(r io.Reader) (kong.Resolver, error) {
	c := config{}
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("the configuration is no JSON object: %w", err)
	}
	return c, nil
}

// Validate refuses names that no flag of serve has: a slip must not leave a limit out.
func (c config) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, command := range app.Leaves(true) {
		if command.Name == "serve" {
			for _, group := range command.AllFlags(true) {
				for _, f := range group {
					known[f.Name] = true
				}
			}
		}
	}
	for name := range c {
		if !known[name] {
			return fmt.Errorf("the configuration has %q, which is no flag of serve", name)
		}
	}
	return nil
}

// Resolve gives the file's value of a flag, unless the environment has one.
func (c config) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	v, ok := c[f.Name]
	if _, set := os.LookupEnv(variable(f.Name)); !ok || set {
		return nil, nil
	}
	if n, ok := v.(json.Number); ok {
		return n.String(), nil
	}
	return v, nil
}

// variable is the environment's name of a flag of serve.
func variable(flag string) string {
	return "OXIDB_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// environment gives the flags of serve their variables.
func environment(app *kong.Kong) error {
	for _, command := range app.Model.Leaves(true) {
		if command.Name != "serve" {
			continue
		}
		for _, f := range command.Flags {
			f.Tag.Envs, f.Envs = []string{variable(f.Name)}, []string{variable(f.Name)}
		}
	}
	return nil
}

// logFlags say what a server logs, on standard error.
type logFlags struct {
	LogFormat string        `help:"Lines of the log: text or json." enum:"text,json" default:"text"`
	LogLevel  slog.Level    `help:"debug, info, warn or error." default:"info"`
	Slow      time.Duration `help:"Log statements that take at least as long (1s); 0 means none." default:"0s"`
}

func (l *logFlags) apply(o *flight.Options) {
	var handler slog.Handler = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l.LogLevel})
	if l.LogFormat == "json" {
		handler = slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l.LogLevel})
	}
	o.Log = slog.New(handler)
	if l.Slow <= 0 {
		return
	}
	log, slow := o.Log, l.Slow
	o.Observe = func(x flight.Execution) {
		if x.Elapsed < slow {
			return
		}
		fields := []any{"ms", x.Elapsed.Milliseconds(), "rows", x.Rows, "user", x.User, "peer", x.Peer, "statement", x.SQL}
		if x.Err != nil {
			fields = append(fields, "error", x.Err.Error())
		}
		log.Warn("slow statement", fields...)
	}
}
