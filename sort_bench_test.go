package oxidb_test

import (
	"fmt"
	"runtime"
	"testing"
)

// sortQueries order two million rows by keys of one to three columns, and deliver few columns or all.
var sortQueries = []struct{ name, sql string }{
	{"number", "SELECT id, price FROM whole ORDER BY price"},
	{"date", "SELECT id, day FROM whole ORDER BY day"},
	{"two numbers", "SELECT id, price FROM whole ORDER BY scattered DESC, id"},
	{"three", "SELECT id FROM whole ORDER BY flag, day DESC, id"},
	{"text", "SELECT id, note FROM whole ORDER BY note"},
	{"all columns", "SELECT * FROM whole ORDER BY price"},
}

// BenchmarkSort orders large inputs on one worker and on all.
func BenchmarkSort(b *testing.B) {
	s := holedTables(b)
	for _, q := range sortQueries {
		for _, workers := range []int{1, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("%s/%d", q.name, workers), func(b *testing.B) {
				if _, err := s.Exec(b.Context(), fmt.Sprintf("SET threads = %d", workers)); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					nanosOf(b, s, q.sql)
				}
			})
		}
	}
}
