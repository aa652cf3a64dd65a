package compare

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/oxidb/oxidb"
)

// Own is OxiDB's name among the engines.
const Own = "oxidb"

// Serve is OxiDB's side of the protocol: requests in, replies out, until it is told to quit or in ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer, threads int) (err error) {
	o := &own{threads: threads}
	defer func() { err = errors.Join(err, o.close()) }()
	replies := json.NewEncoder(out)
	if err := replies.Encode(greeting{Engine: Own, Version: oxidb.Version, Threads: threads, Stores: true}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		if r.Do == "quit" {
			return errors.Join(o.close(), replies.Encode(reply{}))
		}
		answer, err := o.answer(ctx, r)
		if err != nil {
			answer = reply{Error: err.Error()}
		}
		if err := replies.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// own is the engine in this process.
type own struct {
	threads int
	db      *oxidb.DB
	session *oxidb.Session
}

func (o *own) answer(ctx context.Context, r request) (reply, error) {
	start := time.Now()
	var err error
	switch r.Do {
	case "run":
		return o.run(ctx, r)
	case "open":
		err = o.open(ctx, r.Directory)
	case "attach":
		err = o.attach(ctx, r.Tables)
	case "write":
		err = o.write(ctx, r.Directory, r.Tables)
	default:
		err = fmt.Errorf("no such command: %s", r.Do)
	}
	return reply{Millis: millis(start)}, err
}

func millis(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1e3 }

func (o *own) open(ctx context.Context, directory string) (err error) {
	if o.db, err = oxidb.Open(ctx, directory, oxidb.Threads(o.threads)); err != nil {
		return err
	}
	o.session, err = o.db.Session()
	return err
}

// attach makes every table a view of its file.
func (o *own) attach(ctx context.Context, tables []table) error {
	if err := o.open(ctx, oxidb.InMemory); err != nil {
		return err
	}
	for _, t := range tables {
		if _, err := o.session.Exec(ctx, fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM read_parquet('%s')", t.Name, t.Path)); err != nil {
			return err
		}
	}
	return nil
}

// write makes a Parquet file of every table.
func (o *own) write(ctx context.Context, directory string, tables []table) error {
	for _, t := range tables {
		if _, err := o.session.Exec(ctx, fmt.Sprintf("COPY %s TO '%s/%s.parquet'", t.Name, directory, t.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (o *own) run(ctx context.Context, r request) (reply, error) {
	start := time.Now()
	result, err := o.session.Query(ctx, r.SQL)
	if err != nil {
		return reply{}, err
	}
	var records []arrow.RecordBatch
	defer func() {
		for _, rec := range records {
			rec.Release()
		}
	}()
	answer := reply{}
	for rec, err := range result.Batches() {
		if err != nil {
			return reply{}, err
		}
		rec.Retain()
		records = append(records, rec)
		answer.Rows += rec.NumRows()
	}
	answer.Millis = millis(start)
	if r.Result == "" {
		return answer, nil
	}
	return answer, writeResult(r.Result, result.Schema(), records)
}

func writeResult(path string, schema *arrow.Schema, records []arrow.RecordBatch) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		return err
	}
	for _, rec := range records {
		if err := w.Write(rec); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}

func (o *own) close() error {
	if o.session != nil {
		o.session.Close()
		o.session = nil
	}
	if o.db == nil {
		return nil
	}
	db := o.db
	o.db = nil
	return db.Close()
}
