package flight

import (
	"reflect"
	"testing"
)

func TestQueryAndUpdate(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int, b text)")
	if n := f.exec("INSERT INTO t VALUES (1, 'x'), (2, NULL)"); n != 2 {
		t.Errorf("%d rows inserted, want 2", n)
	}
	got := f.query("SELECT a, b FROM t ORDER BY a")
	if want := [][]string{{"1", "x"}, {"2", "(null)"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
