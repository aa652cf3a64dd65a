package tpch

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// draws are values of the lists that clause 4.2.3 makes the data from.
type draws struct{ *rand.Rand }

// between draws a whole number from low to high, both included.
func (d draws) between(low, high int) int { return low + d.IntN(high-low+1) }

func (d draws) of(values []string) string { return values[d.IntN(len(values))] }

// some draws n different values.
func (d draws) some(values []string, n int) []string {
	var out []string
	for _, i := range d.Perm(len(values))[:n] {
		out = append(out, values[i])
	}
	return out
}

// values are the distinct ones of a text column of few.
func values(t dbgen.Table, column string) []string {
	for _, f := range t.Fields() {
		if f.Name == column {
			return f.Dict.Values
		}
	}
	panic("tpch: no column " + column)
}

func (d draws) region() string              { return d.of(values(dbgen.Region, "r_name")) }
func (d draws) nation() string              { return d.of(values(dbgen.Nation, "n_name")) }
func (d draws) brand() string               { return d.of(values(dbgen.Part, "p_brand")) }
func (d draws) partType() string            { return d.of(values(dbgen.Part, "p_type")) }
func (d draws) color() string               { return d.of(dbgen.PartColors()) }
func (d draws) year() string                { return fmt.Sprintf("date '%d-01-01'", d.between(1993, 1997)) }
func (d draws) number(low, high int) string { return fmt.Sprint(d.between(low, high)) }

// month draws the first day of a month, from months after January 1993 up to others.
func (d draws) month(from, to int) string {
	m := d.between(from, to)
	return fmt.Sprintf("date '%d-%02d-01'", 1993+m/12, m%12+1)
}

func quoted(s string) string { return "'" + s + "'" }

// substitutions are, in turns, a fragment with a validation parameter and the same with one drawn as
// clause 2.4.x.3 says for query x. Q11's FRACTION stays.
func substitutions(query int, d draws) []string {
	switch query {
	case 1:
		return []string{"'90'", quoted(d.number(60, 120))}
	case 2:
		syllables := strings.Fields(d.partType())
		return []string{"p_size = 15", "p_size = " + d.number(1, 50), "%BRASS", "%" + syllables[2], "'EUROPE'", quoted(d.region())}
	case 3:
		return []string{"'BUILDING'", quoted(d.of(values(dbgen.Customer, "c_mktsegment"))), "1995-03-15", fmt.Sprintf("1995-03-%02d", d.between(1, 31))}
	case 4:
		return []string{"date '1993-07-01'", d.month(0, 57)}
	case 5:
		return []string{"'ASIA'", quoted(d.region()), "date '1994-01-01'", d.year()}
	case 6:
		return []string{"date '1994-01-01'", d.year(), "0.06", fmt.Sprintf("0.%02d", d.between(2, 9)), "< 24", "< " + d.number(24, 25)}
	case 7:
		two := d.some(values(dbgen.Nation, "n_name"), 2)
		return []string{"'FRANCE'", quoted(two[0]), "'GERMANY'", quoted(two[1])}
	case 8:
		nation, region := d.nationWithRegion()
		return []string{"'BRAZIL'", quoted(nation), "'AMERICA'", quoted(region), "ECONOMY ANODIZED STEEL", d.partType()}
	case 9:
		return []string{"%green%", "%" + d.color() + "%"}
	case 10:
		return []string{"date '1993-10-01'", d.month(1, 24)}
	case 11:
		return []string{"'GERMANY'", quoted(d.nation())}
	}
	return laterSubstitutions(query, d)
}

// laterSubstitutions are those of Q12 to Q22.
func laterSubstitutions(query int, d draws) []string {
	switch query {
	case 12:
		modes := d.some(values(dbgen.Lineitem, "l_shipmode"), 2)
		return []string{"'MAIL'", quoted(modes[0]), "'SHIP'", quoted(modes[1]), "date '1994-01-01'", d.year()}
	case 13:
		return []string{"special", d.of([]string{"special", "pending", "unusual", "express"}), "requests", d.of([]string{"packages", "requests", "accounts", "deposits"})}
	case 14:
		return []string{"date '1995-09-01'", d.month(0, 59)}
	case 15:
		return []string{"date '1996-01-01'", d.month(0, 57)}
	case 16:
		syllables := strings.Fields(d.partType())
		return []string{"Brand#45", d.brand(), "MEDIUM POLISHED", syllables[0] + " " + syllables[1], "49, 14, 23, 45, 19, 3, 36, 9", d.numbers(8, 1, 50)}
	case 17:
		return []string{"Brand#23", d.brand(), "MED BOX", d.of(values(dbgen.Part, "p_container"))}
	case 18:
		return []string{"> 300", "> " + d.number(312, 315)}
	case 19:
		return d.discountedRevenue()
	case 20:
		return []string{"forest%", d.color() + "%", "date '1994-01-01'", d.year(), "'CANADA'", quoted(d.nation())}
	case 21:
		return []string{"'SAUDI ARABIA'", quoted(d.nation())}
	case 22:
		return []string{"'13', '31', '23', '29', '30', '18', '17'", "'" + strings.ReplaceAll(d.numbers(7, 10, 34), ", ", "', '") + "'"}
	}
	panic(fmt.Sprintf("tpch: no query %d", query))
}

// discountedRevenue is Q19's: a brand and a quantity for each of three alternatives.
func (d draws) discountedRevenue() []string {
	out := []string{"Brand#12", d.brand(), "Brand#23", d.brand(), "Brand#34", d.brand()}
	for i, low := range []int{1, 10, 20} {
		drawn := d.between(max(10*i, 1), 10*i+10)
		out = append(out, fmt.Sprintf("l_quantity >= %d and l_quantity <= %d + 10", low, low),
			fmt.Sprintf("l_quantity >= %d and l_quantity <= %d + 10", drawn, drawn))
	}
	return out
}

func (d draws) nationWithRegion() (nation, region string) {
	at := d.IntN(dbgen.NationCount)
	name, in := dbgen.NationAt(at)
	return name, in
}

// numbers draws n different whole numbers, as a list.
func (d draws) numbers(n, low, high int) string {
	var out []string
	for _, i := range d.Perm(high - low + 1)[:n] {
		out = append(out, fmt.Sprint(low+i))
	}
	return strings.Join(out, ", ")
}
