package runner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
)

// CompareCSV loads lineitem from a CSV file into a fresh table on both sides, checkpoint included, and
// gives the milliseconds.
func CompareCSV(ctx context.Context, p *Peer, file, dir string) (own, peer float64, err error) {
	words, err := p.ask("LOADCSV %s", file)
	if err != nil {
		return 0, 0, err
	}
	if peer, err = strconv.ParseFloat(words[0], 64); err != nil {
		return 0, 0, err
	}
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return 0, peer, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(ctx, tpch.Schema()[len(tpch.Schema())-1]); err != nil {
		return 0, peer, err
	}
	start := time.Now()
	rows, err := db.Exec(ctx, fmt.Sprintf("COPY lineitem FROM '%s' (FORMAT csv, HEADER)", file))
	if err != nil {
		return 0, peer, err
	}
	if err := db.Checkpoint(ctx); err != nil {
		return 0, peer, err
	}
	own = float64(time.Since(start).Nanoseconds()) / 1e6
	if words[1] != strconv.FormatInt(rows, 10) {
		return own, peer, fmt.Errorf("%w: loaded %d rows, the peer %s", ErrWrongAnswer, rows, words[1])
	}
	return own, peer, nil
}
