package runner

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
)

// Peer is another engine, spoken to by lines: see bench/tpch/peer/duckdb_bench.py.
type Peer struct {
	Version string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// StartPeer starts a peer script on a folder of Parquet files, or a database file.
func StartPeer(ctx context.Context, python, script string, args ...string) (*Peer, error) {
	cmd := exec.CommandContext(ctx, python, append([]string{script}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", script, err)
	}
	p := &Peer{process: cmd, in: in, out: bufio.NewScanner(out)}
	hello, err := p.answer()
	if err != nil {
		return nil, fmt.Errorf("%w %s", err, stderr.String())
	}
	p.Version = hello[0]
	return p, nil
}

// ask sends a command and gives the words after "ok".
func (p *Peer) ask(format string, args ...any) ([]string, error) {
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		return nil, err
	}
	return p.answer()
}

func (p *Peer) answer() ([]string, error) {
	if !p.out.Scan() {
		return nil, fmt.Errorf("the peer ended: %w", cmp.Or(p.out.Err(), io.EOF))
	}
	words := strings.Fields(p.out.Text())
	if len(words) == 0 || words[0] != "ok" {
		return nil, fmt.Errorf("the peer says: %s", p.out.Text())
	}
	return words[1:], nil
}

// Run runs one query and gives its milliseconds and rows.
func (p *Peer) Run(query int) (ms float64, rows int64, err error) {
	words, err := p.ask("RUN %d", query)
	if err != nil {
		return 0, 0, fmt.Errorf("Q%d: %w", query, err)
	}
	ms, err = strconv.ParseFloat(words[0], 64)
	if err != nil {
		return 0, 0, err
	}
	rows, err = strconv.ParseInt(words[1], 10, 64)
	return ms, rows, err
}

// Close ends the peer.
func (p *Peer) Close() error {
	_, err := p.ask("QUIT")
	if werr := p.process.Wait(); err == nil {
		err = werr
	}
	return err
}

// Pair is one query's times on both sides.
type Pair struct {
	Query           int     `json:"query"`
	Rows            int64   `json:"rows"`
	Own, Peer       float64 // medians in milliseconds
	Ratio           float64 `json:"ratio"`
	OwnMin, PeerMin float64
}

// Compare runs every query rounds times on both sides, taking turns, after one warm-up each, and gives
// the medians. Row counts must agree.
func Compare(ctx context.Context, db *oxidb.DB, p *Peer, threads int, queries []int, rounds int, report func(Pair)) ([]Pair, error) {
	if _, err := p.ask("THREADS %d", threads); err != nil {
		return nil, err
	}
	var pairs []Pair
	for _, q := range queries {
		pair, err := compareQuery(ctx, db, p, q, rounds)
		if err != nil {
			return pairs, err
		}
		pairs = append(pairs, pair)
		if report != nil {
			report(pair)
		}
	}
	return pairs, nil
}

func compareQuery(ctx context.Context, db *oxidb.DB, p *Peer, query, rounds int) (Pair, error) {
	pair := Pair{Query: query}
	var own, peer []float64
	for round := range rounds + 1 {
		run, err := Time(ctx, db, tpch.Query(query))
		if err != nil {
			return pair, fmt.Errorf("Q%d: %w", query, err)
		}
		b, peerRows, err := p.Run(query)
		if err != nil {
			return pair, err
		}
		if run.Rows != peerRows {
			return pair, fmt.Errorf("Q%d: %w: %d rows, the peer has %d", query, ErrWrongAnswer, run.Rows, peerRows)
		}
		if pair.Rows = run.Rows; round > 0 { // the first run warms caches
			own, peer = append(own, run.Millis), append(peer, b)
		}
	}
	pair.Own, pair.Peer = Median(own), Median(peer)
	pair.OwnMin, pair.PeerMin = minimum(own), minimum(peer)
	pair.Ratio = pair.Own / pair.Peer
	return pair, nil
}

func minimum(values []float64) float64 {
	m := values[0]
	for _, v := range values {
		m = min(m, v)
	}
	return m
}

// Ratios gives the geometric mean of the ratios and the worst one.
func Ratios(pairs []Pair) (geomean float64, worst Pair) {
	var all []float64
	for _, p := range pairs {
		all = append(all, p.Ratio)
		if p.Ratio > worst.Ratio {
			worst = p
		}
	}
	return Geomean(all), worst
}
