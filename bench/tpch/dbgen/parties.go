package dbgen

// Region, nation, supplier and customer (clauses 4.2.3 and 4.2.5). The numbers that begin streams are
// the official seeds.

func (f *filler) region() {
	for i := range f.rows {
		key := int32(f.row) + int32(i)
		f.cols[0].I32[i] = key
		f.cols[1].Codes[i] = regionNames.codes[key]
	}
	f.comments(&f.cols[2], stream(1500869201).skip(2*f.row), commentLength{28, 115})
}

func (f *filler) nation() {
	for i := range f.rows {
		key := int32(f.row) + int32(i)
		f.cols[0].I32[i] = key
		f.cols[1].Codes[i] = nationNames.codes[key]
		f.cols[2].I32[i] = nationRegions[key]
	}
	f.comments(&f.cols[3], stream(606179079).skip(2*f.row), commentLength{28, 115})
}

const (
	lastNation          = int32(len(nationRegions) - 1)
	balanceLow, balance = int32(-99999), int32(999999)
)

func (f *filler) supplier() {
	f.keys(f.cols[0].I64)
	f.numbered(&f.cols[1], "Supplier#", f.cols[0].I64)
	f.addresses(&f.cols[2], stream(706178559).skip(9*f.row))
	draw(f.cols[3].I32, stream(110356601).skip(f.row), 0, lastNation)
	f.phones(&f.cols[4], stream(884434366).skip(3*f.row), f.cols[3].I32)
	draw(f.cols[5].I64, stream(962338209).skip(f.row), balanceLow, balance)
	f.comments(&f.cols[6], stream(1341315363).skip(2*f.row), commentLength{25, 100})
	f.betterBusinessBureau(&f.cols[6])
}

func (f *filler) customer() {
	f.keys(f.cols[0].I64)
	f.numbered(&f.cols[1], "Customer#", f.cols[0].I64)
	f.addresses(&f.cols[2], stream(881155353).skip(9*f.row))
	draw(f.cols[3].I32, stream(1489529863).skip(f.row), 0, lastNation)
	f.phones(&f.cols[4], stream(1521138112).skip(3*f.row), f.cols[3].I32)
	draw(f.cols[5].I64, stream(298370230).skip(f.row), balanceLow, balance)
	drawCodes(f.cols[6].Codes, stream(1140279430).skip(f.row), segments)
	f.comments(&f.cols[7], stream(1335826707).skip(2*f.row), commentLength{29, 116})
}

// keys numbers the rows from 1.
func (f *filler) keys(dst []int64) {
	for i := range dst {
		dst[i] = f.row + 1 + int64(i)
	}
}

// betterBusinessBureau overwrites parts of ten comments in ten thousand with "Customer … Complaints" or
// "Customer … Recommends", something between them and around them left as it was.
func (f *filler) betterBusinessBureau(comments *Column) {
	const (
		customer, complaints, recommends = "Customer ", "Complaints", "Recommends"
		added                            = len(customer) + len(complaints)
	)
	choice := stream(202794285).skip(f.row)
	gaps := stream(263032577).skip(f.row)
	places := stream(715851524).skip(f.row)
	kinds := stream(753643799).skip(f.row)
	for i := range f.rows {
		choice, gaps, places, kinds = choice.next(), gaps.next(), places.next(), kinds.next()
		if 1+choice.scaled(suppliersPerScale) > 10 {
			continue
		}
		text := comments.Bytes[comments.Offsets[i]:comments.Offsets[i+1]]
		gap := int(gaps.scaled(float64(len(text) - added + 1)))
		place := int(places.scaled(float64(len(text) - added - gap + 1)))
		verdict := recommends
		if kinds.scaled(101) < 50 {
			verdict = complaints
		}
		copy(text[place:], customer)
		copy(text[place+len(customer)+gap:], verdict)
	}
}
