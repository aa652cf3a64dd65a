package dbgen

func (f *filler) part() {
	makers, brandNumbers := f.scratchNumbers(0, f.rows), f.scratchNumbers(1, f.rows)
	f.keys(f.cols[0].I64)
	f.partNames(&f.cols[1], stream(709314158))
	draw(makers, stream(1).skip(f.row), 0, 4)
	draw(brandNumbers, stream(46831694).skip(f.row), 0, 4)
	for i, maker := range makers {
		f.cols[2].Codes[i] = uint8(maker)
		f.cols[3].Codes[i] = uint8(5*maker + brandNumbers[i])
	}
	drawCodes(f.cols[4].Codes, stream(1841581359).skip(f.row), partTypes)
	draw(f.cols[5].I32, stream(1193163244).skip(f.row), 1, 50)
	drawCodes(f.cols[6].Codes, stream(727633698).skip(f.row), containers)
	for i, key := range f.cols[0].I64 {
		f.cols[7].I64[i] = partPrice(key)
	}
	f.comments(&f.cols[8], stream(804159733).skip(2*f.row), commentLength{5, 22})
}

// scratchNumbers borrows the i-th scratch column, n long.
func (f *filler) scratchNumbers(i, n int) []int32 {
	f.scratch.numbers[i] = resized(f.scratch.numbers[i], n)
	return f.scratch.numbers[i]
}

// partPrice is the retail price of a part, in hundredths.
func partPrice(key int64) int64 { return 90_000 + key/10%20_001 + key%1_000*100 }

// partNames fills a column with five different colours a row: the beginning of a random permutation. A
// row takes as many draws as there are colours, although five suffice.
func (f *filler) partNames(col *Column, s stream) {
	const (
		words    = 5
		longest  = len("chartreuse ") * words
		perRow   = int64(len(partColors))
		lastWord = len(partColors) - 1
	)
	s = s.skip(perRow * f.row)
	advance := jump(perRow)
	var order [len(partColors)]uint8
	for i := range order {
		order[i] = uint8(i)
	}
	col.Bytes = resized(col.Bytes, f.rows*longest)
	at := 0
	for i := range f.rows {
		t := s
		var swapped [words]int
		for w := range words {
			t = t.next()
			other := w + int(t.scaled(float64(lastWord-w+1)))
			order[w], order[other] = order[other], order[w]
			swapped[w] = other
			at += copy(col.Bytes[at:], partColors[order[w]])
			col.Bytes[at] = ' '
			at++
		}
		at-- // the blank after the last word
		col.Offsets[i+1] = uint32(at)
		for w := words - 1; w >= 0; w-- { // back to the sorted order
			order[w], order[swapped[w]] = order[swapped[w]], order[w]
		}
		s = s.times(advance)
	}
	col.Bytes = col.Bytes[:at]
}

// partsupp has four rows a part. Its streams take the same draws in every row, so rows count, not parts.
func (f *filler) partsupp() {
	suppliers := f.g.scaled(suppliersPerScale)
	parts, supps := f.cols[0].I64, f.cols[1].I64
	for i := range parts {
		row := f.row + int64(i)
		parts[i] = row/suppliersPerPart + 1
		supps[i] = partSupplier(parts[i], row%suppliersPerPart, suppliers)
	}
	draw(f.cols[2].I32, stream(1671059989).skip(f.row), 1, 9_999)
	draw(f.cols[3].I64, stream(1051288424).skip(f.row), 100, 100_000)
	f.comments(&f.cols[4], stream(1961692154).skip(2*f.row), commentLength{49, 198})
}

// partSupplier is the i-th of a part's four suppliers (clause 4.2.3).
func partSupplier(part, i, suppliers int64) int64 {
	return (part+i*(suppliers/suppliersPerPart+(part-1)/suppliers))%suppliers + 1
}
