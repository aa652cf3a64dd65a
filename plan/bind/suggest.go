package bind

import (
	"fmt"
	"strings"
)

// nearest gives the candidate closest to name by edit distance, when it is close enough to be meant:
// at most 3 edits and at most half of the name (PostgreSQL's limits).
func nearest(name string, candidates []string) (string, bool) {
	best, at := min(3, len(name)/2)+1, ""
	for _, c := range candidates {
		if d := editDistance(name, c, best); d < best {
			best, at = d, c
		}
	}
	return at, at != ""
}

// suggestColumn words the hint for a column name that does not exist.
func suggestColumn(name string, rels []*relation) (hint string, ok bool) {
	best, at := min(3, len(name)/2)+1, ""
	for _, r := range rels {
		for i := range r.cols {
			if r.cols[i].name == name {
				return fmt.Sprintf("There is a column named %q in table %q, but it cannot be referenced from this part of the query.", name, r.alias), true
			}
			if d := editDistance(name, r.cols[i].name, best); d < best {
				best, at = d, strings.TrimPrefix(r.alias+"."+r.cols[i].name, ".")
			}
		}
	}
	return fmt.Sprintf("Perhaps you meant to reference the column %q.", at), at != ""
}

// editDistance is the Levenshtein distance of a and b in bytes, or limit where it is not below it.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
			least = min(least, row[j])
		}
		if least >= limit {
			return limit
		}
	}
	return row[len(b)]
}
