package tpch

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// Variant is the benchmark under certain names and with certain parameters: Plain, or one of Renamed.
type Variant struct {
	names   map[string]string // of tables and columns; nil leaves them as they are
	queries []string
}

// Plain is the benchmark with the specification's names and validation parameters.
func Plain() *Variant { return &Variant{queries: Queries()} }

// Renamed gives every table and column a name without meaning and every query the substitution
// parameters (clause 2.4) that the seed draws. An engine that knows the benchmark by its names or its
// answers gains nothing there. The same seed always gives the same texts.
func Renamed(seed uint64) *Variant {
	random := rand.New(rand.NewPCG(seed, 0x7463702d68))
	v := &Variant{names: meaningless(random)}
	for i, text := range Queries() {
		v.queries = append(v.queries, v.rename(substitute(i+1, withoutComments(text), random)))
	}
	return v
}

// meaningless draws a name for every table and column.
func meaningless(random *rand.Rand) map[string]string {
	names, taken := map[string]string{}, map[string]bool{}
	draw := func(prefix byte) string {
		for {
			name := []byte{prefix, '_'}
			for range 7 {
				name = append(name, byte('a'+random.IntN(26)))
			}
			if !taken[string(name)] {
				taken[string(name)] = true
				return string(name)
			}
		}
	}
	for _, t := range dbgen.Tables() {
		names[t.String()] = draw('t')
		for _, f := range t.Fields() {
			names[f.Name] = draw('c')
		}
	}
	return names
}

// Table is the variant's name of a table.
func (v *Variant) Table(t dbgen.Table) string { return v.name(t.String()) }

// Query is the variant's text of query 1..QueryCount.
func (v *Variant) Query(number int) string { return v.queries[number-1] }

// Schema is the variant's CREATE TABLE statements, in the order of dbgen.Tables.
func (v *Variant) Schema() []string {
	statements := Schema()
	for i, s := range statements {
		statements[i] = v.rename(s)
	}
	return statements
}

func (v *Variant) name(plain string) string {
	if renamed, ok := v.names[plain]; ok {
		return renamed
	}
	return plain
}

// token is a quoted text, which stays as it is, or a word.
var token = regexp.MustCompile(`'[^']*'|[A-Za-z_][A-Za-z_0-9]*`)

func (v *Variant) rename(text string) string {
	if v.names == nil {
		return text
	}
	return token.ReplaceAllStringFunc(text, v.name)
}

// withoutComments drops the lines that tell what a query is.
func withoutComments(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// substitute puts drawn parameters in the place of a query's validation parameters.
func substitute(query int, text string, random *rand.Rand) string {
	pairs := substitutions(query, draws{random})
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic(fmt.Sprintf("tpch: Q%d has no parameter %s", query, pairs[i]))
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// IsPlain reports that names and parameters are the specification's.
func (v *Variant) IsPlain() bool { return v.names == nil }
