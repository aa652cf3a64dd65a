package dbgen

import "slices"

// Dictionary holds the distinct values of a text column with few of them.
type Dictionary struct {
	// Values in ascending bytewise order: the value of code c is Values[c].
	Values []string

	// codes translates the official generator's position of a value to its code.
	codes []uint8
}

// newDictionary takes the values in the official generator's order.
func newDictionary(values ...string) *Dictionary {
	d := &Dictionary{Values: slices.Sorted(slices.Values(values)), codes: make([]uint8, len(values))}
	for i, v := range values {
		code, _ := slices.BinarySearch(d.Values, v)
		d.codes[i] = uint8(code)
	}
	return d
}

// phrases joins every word of the first list with every word of the next, the last list running fastest.
func phrases(lists ...[]string) []string {
	out := lists[0]
	for _, list := range lists[1:] {
		var longer []string
		for _, head := range out {
			for _, tail := range list {
				longer = append(longer, head+" "+tail)
			}
		}
		out = longer
	}
	return out
}

// The value lists of clause 4.2.2.13, in the official generator's order where values are drawn.
var (
	regionNames = newDictionary("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
	nationNames = newDictionary("ALGERIA", "ARGENTINA", "BRAZIL", "CANADA", "EGYPT", "ETHIOPIA", "FRANCE",
		"GERMANY", "INDIA", "INDONESIA", "IRAN", "IRAQ", "JAPAN", "JORDAN", "KENYA", "MOROCCO", "MOZAMBIQUE",
		"PERU", "CHINA", "ROMANIA", "SAUDI ARABIA", "VIETNAM", "RUSSIA", "UNITED KINGDOM", "UNITED STATES")
	manufacturers = newDictionary("Manufacturer#1", "Manufacturer#2", "Manufacturer#3", "Manufacturer#4", "Manufacturer#5")
	brands        = newDictionary(brandNames()...)
	partTypes     = newDictionary(phrases(
		[]string{"STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"},
		[]string{"ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED"},
		[]string{"TIN", "NICKEL", "BRASS", "STEEL", "COPPER"})...)
	containers = newDictionary(phrases(
		[]string{"SM", "LG", "MED", "JUMBO", "WRAP"},
		[]string{"CASE", "BOX", "BAG", "JAR", "PACK", "PKG", "CAN", "DRUM"})...)
	segments      = newDictionary("AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY")
	orderStatuses = newDictionary("F", "O", "P")
	priorities    = newDictionary("1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW")
	// The first two return flags are drawn, "N" is for what has not been received.
	returnFlags  = newDictionary("R", "A", "N")
	lineStatuses = newDictionary("F", "O")
	instructions = newDictionary("DELIVER IN PERSON", "COLLECT COD", "TAKE BACK RETURN", "NONE")
	shipModes    = newDictionary("REG AIR", "AIR", "RAIL", "TRUCK", "MAIL", "FOB", "SHIP")
)

// nationRegions is the region key of each nation.
var nationRegions = [...]int32{0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1}

// brandNames lists "Brand#MN" for manufacturer M and brand N of 1..5: position (M-1)*5 + N-1.
func brandNames() []string {
	var names []string
	for m := '1'; m <= '5'; m++ {
		for n := '1'; n <= '5'; n++ {
			names = append(names, "Brand#"+string(m)+string(n))
		}
	}
	return names
}

// partColors are the words of a part's name.
var partColors = [...]string{
	"almond", "antique", "aquamarine", "azure", "beige", "bisque", "black", "blanched", "blue", "blush",
	"brown", "burlywood", "burnished", "chartreuse", "chiffon", "chocolate", "coral", "cornflower",
	"cornsilk", "cream", "cyan", "dark", "deep", "dim", "dodger", "drab", "firebrick", "floral", "forest",
	"frosted", "gainsboro", "ghost", "goldenrod", "green", "grey", "honeydew", "hot", "indian", "ivory",
	"khaki", "lace", "lavender", "lawn", "lemon", "light", "lime", "linen", "magenta", "maroon", "medium",
	"metallic", "midnight", "mint", "misty", "moccasin", "navajo", "navy", "olive", "orange", "orchid",
	"pale", "papaya", "peach", "peru", "pink", "plum", "powder", "puff", "purple", "red", "rose", "rosy",
	"royal", "saddle", "salmon", "sandy", "seashell", "sienna", "sky", "slate", "smoke", "snow", "spring",
	"steel", "tan", "thistle", "tomato", "turquoise", "violet", "wheat", "white", "yellow",
}

// PartColors are the words that part names are made of.
func PartColors() []string { return slices.Clone(partColors[:]) }

// NationCount is the number of nations; their keys run from 0.
const NationCount = len(nationRegions)

// NationAt gives the names of the nation with a key and of its region.
func NationAt(key int) (nation, region string) {
	return nationNames.Values[nationNames.codes[key]], regionNames.Values[regionNames.codes[nationRegions[key]]]
}
