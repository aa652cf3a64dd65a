package flight

import "testing"

func TestPreparedChangeRunsInGetFlightInfo(t *testing.T) {
	f := start(t, Options{})
	stmt, err := f.Prepare(f.ctx, "CREATE TABLE t (a int)")
	if err != nil {
		t.Fatal(err)
	}
	info, err := stmt.Execute(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if rows := f.rows(info, nil); len(rows) != 0 {
		t.Errorf("CREATE TABLE gave rows: %v", rows)
	}
	f.exec("INSERT INTO t VALUES (1)")
	info, err = f.Execute(f.ctx, "INSERT INTO t VALUES (2)")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a ticket may be redeemed twice, or never
		f.rows(info, nil)
	}
	if got := f.query("SELECT count(*) FROM t"); got[0][0] != "2" {
		t.Errorf("%s rows, want 2", got[0][0])
	}
}
