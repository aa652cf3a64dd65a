package dbgen

// Dates as days since 1970-01-01. Orders are placed from 1992-01-01 to 151 days before 1998-12-31; what
// happens after 1995-06-17 has not happened yet.
const (
	firstDay   = 8035 // 1992-01-01
	dayCount   = 2557 // to 1998-12-31
	currentDay = firstDay + 1263
	orderDays  = dayCount - 151
)

// Streams that orders and lineitem share.
const (
	orderDateStream = stream(1066728069)
	lineCountStream = stream(1434868289)
	quantityStream  = stream(209208115)
	discountStream  = stream(554590007)
	taxStream       = stream(721958466)
	linePartStream  = stream(1808217256)
	shipDateStream  = stream(1769349045)

	receiptDateStream = stream(373135028)
)

// maxLines is the largest number of lines of an order, and the number of draws that an order takes from
// every stream of lineitem.
const maxLines = 7

func (f *filler) orders() {
	for i := range f.rows {
		f.cols[0].I64[i] = orderKey(f.row + int64(i))
	}
	f.orderCustomers(f.cols[1].I64)
	draw(f.cols[4].I32, orderDateStream.skip(f.row), firstDay, firstDay+orderDays-1)
	f.orderTotals(f.cols[2].Codes, f.cols[3].I64, f.cols[4].I32)
	drawCodes(f.cols[5].Codes, stream(591449447).skip(f.row), priorities)
	f.clerks(&f.cols[6])
	clear(f.cols[7].I32)
	f.comments(&f.cols[8], stream(276090261).skip(2*f.row), commentLength{19, 78})
}

// orderKey is the key of the index-th order: of every 32 keys the first 8 are used.
func orderKey(index int64) int64 {
	index++
	return index>>3<<5 | index&7
}

// orderCustomers draws customers; every third customer never orders.
func (f *filler) orderCustomers(dst []int64) {
	last := f.g.scaled(customersPerScale)
	draw(dst, stream(851767375).skip(f.row), 1, int32(last))
	for i, key := range dst {
		for step := int64(1); key%3 == 0; step = -step {
			key = min(key+step, last)
		}
		dst[i] = key
	}
}

// orderTotals derives status and total price from the orders' lines.
func (f *filler) orderTotals(status []uint8, total []int64, date []int32) {
	f.scratch.lines.whole(f.row, f.rows)
	lines := &f.scratch.lines
	quantity, discount, tax := f.scratchNumbers(0, lines.rows), f.scratchNumbers(1, lines.rows), f.scratchNumbers(2, lines.rows)
	parts, shipped := f.scratchNumbers(3, lines.rows), f.scratchNumbers(4, lines.rows)
	drawLines(quantity, lines, quantityStream, 1, 50)
	drawLines(discount, lines, discountStream, 0, 10)
	drawLines(tax, lines, taxStream, 0, 8)
	drawLines(parts, lines, linePartStream, 1, int32(f.g.scaled(partsPerScale)))
	drawLines(shipped, lines, shipDateStream, 1, 121)
	at := 0
	for i, count := range lines.counts {
		var sum int64
		var past uint8
		for end := at + int(count); at < end; at++ {
			price := partPrice(int64(parts[at])) * int64(quantity[at])
			sum += price * int64(100-discount[at]) / 100 * int64(100+tax[at]) / 100
			if date[i]+shipped[at] <= currentDay {
				past++
			}
		}
		total[i] = sum
		status[i] = orderStatus(past, count)
	}
}

// orderStatus is the code of F when all lines are in the past, of O when none is, of P otherwise.
func orderStatus(past, count uint8) uint8 {
	switch past {
	case count:
		return orderStatuses.codes[0]
	case 0:
		return orderStatuses.codes[1]
	}
	return orderStatuses.codes[2]
}

// clerks draws one of a thousand clerks a scale factor, and of a thousand at least.
func (f *filler) clerks(col *Column) {
	numbers := make([]int64, f.rows)
	draw(numbers, stream(1171034773).skip(f.row), 1, int32(max(f.g.opts.Scale*1_000, 1_000)))
	f.numbered(col, "Clerk#", numbers)
}
