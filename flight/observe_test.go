package flight

import (
	"sync"
	"testing"
)

// Every way to run a statement must reach the log of slow statements, once.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	seen := map[string][]Execution{}
	f := start(t, Options{Observe: func(x Execution) {
		mu.Lock()
		defer mu.Unlock()
		seen[x.SQL] = append(seen[x.SQL], x)
	}})
	f.exec("CREATE TABLE t (a int)")
	f.exec("INSERT INTO t VALUES (1), (2)")
	f.query("SELECT a FROM t")
	f.query("DELETE FROM t RETURNING a")
	p, err := f.Prepare(f.ctx, "INSERT INTO t VALUES (7)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ExecuteUpdate(f.ctx); err != nil {
		t.Fatal(err)
	}
	_, _ = f.ExecuteUpdate(f.ctx, "SELECT 1 / 0") // fails
	mu.Lock()
	defer mu.Unlock()
	for sql, rows := range map[string]int64{"INSERT INTO t VALUES (1), (2)": 2, "SELECT a FROM t": 2, "DELETE FROM t RETURNING a": 2, "INSERT INTO t VALUES (7)": 1} {
		if got := seen[sql]; len(got) != 1 || got[0].Rows != rows || got[0].Err != nil || got[0].Peer == "" {
			t.Errorf("%s: %+v", sql, got)
		}
	}
	if got := seen["SELECT 1 / 0"]; len(got) != 1 || got[0].Err == nil {
		t.Errorf("a failure: %+v", got)
	}
}
