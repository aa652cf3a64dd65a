package dbgen

import "strings"

// Table is one of the eight tables, in an order that satisfies the foreign keys.
type Table uint8

const (
	Region Table = iota
	Nation
	Supplier
	Customer
	Part
	PartSupp
	Orders
	Lineitem
)

// Tables lists all tables, referenced ones first.
func Tables() []Table {
	return []Table{Region, Nation, Supplier, Customer, Part, PartSupp, Orders, Lineitem}
}

// String is the table's SQL name.
func (t Table) String() string { return layouts[t].name }

// Fields describes the table's columns in order. The slice is shared: do not change it.
func (t Table) Fields() []Field { return layouts[t].fields }

// TableNamed finds a table by its SQL name, in any case.
func TableNamed(name string) (Table, bool) {
	for t, l := range layouts {
		if strings.EqualFold(l.name, name) {
			return Table(t), true
		}
	}
	return 0, false
}

// Kind says what a column is in SQL and which slices of Column hold it.
type Kind uint8

const (
	BigInt  Kind = iota // bigint: I64
	Integer             // integer: I32
	Decimal             // decimal(15,2): I64, in hundredths
	Date                // date: I32, days since 1970-01-01
	Text                // text: Offsets and Bytes
	Dict                // text of few distinct values: Codes and Dict
)

// Field describes a column. No column has NULLs.
type Field struct {
	Name string
	Kind Kind
	// Dict is the dictionary of Kind Dict.
	Dict *Dictionary
	// Whole marks decimals that are always integers and are written without fraction in text files.
	Whole bool
}

type layout struct {
	name   string
	fields []Field
}

var layouts = [...]layout{
	Region: {"region", []Field{
		{Name: "r_regionkey", Kind: Integer}, {Name: "r_name", Kind: Dict, Dict: regionNames},
		{Name: "r_comment", Kind: Text}}},
	Nation: {"nation", []Field{
		{Name: "n_nationkey", Kind: Integer}, {Name: "n_name", Kind: Dict, Dict: nationNames},
		{Name: "n_regionkey", Kind: Integer}, {Name: "n_comment", Kind: Text}}},
	Supplier: {"supplier", []Field{
		{Name: "s_suppkey", Kind: BigInt}, {Name: "s_name", Kind: Text}, {Name: "s_address", Kind: Text},
		{Name: "s_nationkey", Kind: Integer}, {Name: "s_phone", Kind: Text}, {Name: "s_acctbal", Kind: Decimal},
		{Name: "s_comment", Kind: Text}}},
	Customer: {"customer", []Field{
		{Name: "c_custkey", Kind: BigInt}, {Name: "c_name", Kind: Text}, {Name: "c_address", Kind: Text},
		{Name: "c_nationkey", Kind: Integer}, {Name: "c_phone", Kind: Text}, {Name: "c_acctbal", Kind: Decimal},
		{Name: "c_mktsegment", Kind: Dict, Dict: segments}, {Name: "c_comment", Kind: Text}}},
	Part: {"part", []Field{
		{Name: "p_partkey", Kind: BigInt}, {Name: "p_name", Kind: Text},
		{Name: "p_mfgr", Kind: Dict, Dict: manufacturers}, {Name: "p_brand", Kind: Dict, Dict: brands},
		{Name: "p_type", Kind: Dict, Dict: partTypes}, {Name: "p_size", Kind: Integer},
		{Name: "p_container", Kind: Dict, Dict: containers}, {Name: "p_retailprice", Kind: Decimal},
		{Name: "p_comment", Kind: Text}}},
	PartSupp: {"partsupp", []Field{
		{Name: "ps_partkey", Kind: BigInt}, {Name: "ps_suppkey", Kind: BigInt}, {Name: "ps_availqty", Kind: Integer},
		{Name: "ps_supplycost", Kind: Decimal}, {Name: "ps_comment", Kind: Text}}},
	Orders: {"orders", []Field{
		{Name: "o_orderkey", Kind: BigInt}, {Name: "o_custkey", Kind: BigInt},
		{Name: "o_orderstatus", Kind: Dict, Dict: orderStatuses}, {Name: "o_totalprice", Kind: Decimal},
		{Name: "o_orderdate", Kind: Date}, {Name: "o_orderpriority", Kind: Dict, Dict: priorities},
		{Name: "o_clerk", Kind: Text}, {Name: "o_shippriority", Kind: Integer}, {Name: "o_comment", Kind: Text}}},
	Lineitem: {"lineitem", []Field{
		{Name: "l_orderkey", Kind: BigInt}, {Name: "l_partkey", Kind: BigInt}, {Name: "l_suppkey", Kind: BigInt},
		{Name: "l_linenumber", Kind: Integer}, {Name: "l_quantity", Kind: Decimal, Whole: true},
		{Name: "l_extendedprice", Kind: Decimal}, {Name: "l_discount", Kind: Decimal}, {Name: "l_tax", Kind: Decimal},
		{Name: "l_returnflag", Kind: Dict, Dict: returnFlags}, {Name: "l_linestatus", Kind: Dict, Dict: lineStatuses},
		{Name: "l_shipdate", Kind: Date}, {Name: "l_commitdate", Kind: Date}, {Name: "l_receiptdate", Kind: Date},
		{Name: "l_shipinstruct", Kind: Dict, Dict: instructions}, {Name: "l_shipmode", Kind: Dict, Dict: shipModes},
		{Name: "l_comment", Kind: Text}}},
}
