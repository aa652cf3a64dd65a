package csv

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// columnTypes finds for each column the narrowest type that all its values have.
func columnTypes(rows [][]cell, columns int, d *Dialect) []types.Type {
	out := make([]types.Type, columns)
	for c := range out {
		out[c] = columnType(rows, c, d)
	}
	return out
}

// guessable are the types that are tried, narrower first.
var guessable = []struct {
	typ types.Type
	fit func(string) bool
}{
	{types.TBoolean, isTruth},
	{types.TBigInt, isBigInt},
	{types.TDouble, isDouble},
	{types.TDate, func(s string) bool { return len(s) == 10 && s[4] == '-' && parses(types.TDate, s) }},
	{types.TTime, func(s string) bool { return len(s) >= 8 && s[2] == ':' && s[5] == ':' && parses(types.TTime, s) }},
	{types.TTimestamp, isTimestamp},
	{types.TTimestampTZ, isZoned},
}

func columnType(rows [][]cell, c int, d *Dialect) types.Type {
	fits := make([]bool, len(guessable))
	for i := range fits {
		fits[i] = true
	}
	some, letters := false, map[string]bool{}
	for _, row := range rows {
		if c >= len(row) || isNull(row[c], d) {
			continue
		}
		some = true
		for i := range guessable {
			fits[i] = fits[i] && guessable[i].fit(row[c].text)
		}
		if fits[0] && len(letters) < 4 {
			letters[row[c].text] = true
		}
	}
	// A column of only t, or only f, is more likely a code than a truth value.
	if letters["t"] != letters["f"] {
		fits[0] = false
	}
	for i := range guessable {
		if some && fits[i] {
			return guessable[i].typ
		}
	}
	return types.TText
}

func isNull(c cell, d *Dialect) bool { return !c.quoted && c.text == d.Null || c.text == "" }

func parses(t types.Type, s string) bool {
	_, err := types.Parse(t, s)
	return err == nil
}

func isTruth(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false":
		return true
	}
	return s == "t" || s == "f"
}

// isBigInt refuses leading zeros: they say that digits are a code.
func isBigInt(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && (digits[0] != '0' || digits == "0") && digits[0] != '+' && digits[0] != ' ' && parses(types.TBigInt, s)
}

func isDouble(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return s == "NaN" || strings.EqualFold(digits, "infinity")
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return false
	}
	return parses(types.TDouble, s)
}

func isTimestamp(s string) bool {
	if len(s) < 16 || s[4] != '-' || s[7] != '-' {
		return false
	}
	_, _, zoned, err := types.ParseTimestamp(s)
	return err == nil && !zoned
}

func isZoned(s string) bool {
	if len(s) < 16 || s[4] != '-' || s[7] != '-' {
		return false
	}
	_, _, zoned, err := types.ParseTimestamp(s)
	return err == nil && zoned
}

// isHeader decides whether the first row names the columns.
func isHeader(rows [][]cell, below []types.Type, d *Dialect, table []catalog.Column) bool {
	first := rows[0]
	if table != nil {
		for i, c := range first {
			if i >= len(table) || !strings.EqualFold(strings.TrimSpace(c.text), table[i].Name) {
				return false
			}
		}
		return true
	}
	unlike, whole := false, true
	for i, c := range first {
		switch {
		case isNull(c, d):
			whole = false
		case !isName(c.text):
			return false
		default:
			unlike = unlike || below[i] != types.TText // a name above values of another type
			whole = whole && !slices.ContainsFunc(first[:i], func(o cell) bool { return o.text == c.text })
		}
	}
	if unlike || !whole {
		return unlike
	}
	for _, row := range rows[1:] {
		for i := range min(len(row), len(first)) {
			if row[i].text == first[i].text {
				return false
			}
		}
	}
	return true
}

// isName reports that s could be a column's name and is no value of another type than text.
func isName(s string) bool {
	s = strings.TrimSpace(s)
	r, _ := utf8.DecodeRuneInString(s)
	if s == "" || len(s) > 128 || !unicode.IsLetter(r) && r != '_' && r != '#' && r != '%' && r != '$' {
		return false
	}
	for i := range guessable {
		if guessable[i].fit(s) && s != "t" && s != "f" {
			return false
		}
	}
	return true
}
