package csv

import (
	"bytes"
	"slices"
)

// candidates are the delimiters that are tried, the likelier first.
var candidates = []byte{',', '\t', ';', '|'}

// guessDialect picks the dialect under which all rows have the same number of fields, and that the
// largest; what is known is kept.
func guessDialect(data []byte, whole bool, d Dialect, known Known) (Dialect, [][]cell) {
	delimiters := candidates
	if known.Delimiter {
		delimiters = []byte{d.Delimiter}
	} else if at := slices.Index(candidates, d.Delimiter); at > 0 {
		delimiters = append([]byte{d.Delimiter}, slices.Delete(slices.Clone(candidates), at, at+1)...)
	}
	best, bestRows, bestScore := d, [][]cell(nil), -1.0
	for _, quoting := range quotings(data, &d, known) {
		for _, delimiter := range delimiters {
			try := d
			try.Delimiter, try.Quote, try.Escape = delimiter, quoting[0], quoting[1]
			if try.Delimiter == try.Quote {
				continue
			}
			rows, ok := records(data, whole, &try, sampleRows)
			if score := fitness(rows, ok, len(known.Columns)); score > bestScore {
				best, bestRows, bestScore = try, rows, score
			}
		}
	}
	return best, bestRows
}

// quotings lists the pairs of quote and escape that are tried.
func quotings(data []byte, d *Dialect, known Known) [][2]byte {
	if known.Quote {
		escape := d.Escape
		if !known.Escape {
			escape = d.Quote
		}
		return [][2]byte{{d.Quote, escape}}
	}
	if known.Escape {
		return [][2]byte{{'"', d.Escape}}
	}
	list := [][2]byte{{'"', '"'}}
	if bytes.Contains(data, []byte(`\"`)) {
		list = append(list, [2]byte{'"', '\\'})
	}
	if bytes.IndexByte(data, '"') < 0 && bytes.IndexByte(data, '\'') >= 0 && opensWithApostrophe(data) {
		list = append(list, [2]byte{'\'', '\''})
	}
	if bytes.IndexByte(data, '"') >= 0 {
		list = append(list, [2]byte{0, 0})
	}
	return list
}

// opensWithApostrophe reports that some field of the first line starts and ends with one.
func opensWithApostrophe(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte{'\n'})
	for _, c := range candidates {
		for field := range bytes.SplitSeq(bytes.TrimSpace(line), []byte{c}) {
			if len(field) > 1 && field[0] == '\'' && field[len(field)-1] == '\'' {
				return true
			}
		}
	}
	return false
}

// fitness is larger for dialects under which rows look alike: first the share of rows with the usual
// number of fields, then that number.
func fitness(rows [][]cell, ended bool, want int) float64 {
	if len(rows) == 0 {
		return 0
	}
	counts := map[int]int{}
	usual, odd := len(rows[0]), false
	for _, row := range rows {
		counts[len(row)]++
		for _, c := range row {
			odd = odd || c.odd
		}
	}
	for n, times := range counts {
		if times > counts[usual] || times == counts[usual] && n > usual {
			usual = n
		}
	}
	score := 1000 * float64(counts[usual]) / float64(len(rows))
	switch {
	case want > 0 && usual == want:
		score += 5000
	case usual > 1:
		score += 1000 + min(float64(usual), 900)/10
	}
	if !ended {
		score -= 4000
	}
	if odd {
		score -= 50
	}
	return max(score, 0)
}
