package dbgen

// lineLayout says how a run of lines is spread over orders: order i has counts[i] lines in the run, then
// its streams leave out rest[i] draws.
type lineLayout struct {
	first   int64 // the first order
	skipped int   // how many lines of the first order come before the run
	counts  []uint8
	rest    []uint8
	rows    int
}

// whole covers all lines of orders first .. first+orders-1.
func (l *lineLayout) whole(first int64, orders int) {
	l.reset(first, 0, orders)
	s := lineCountStream.skip(first)
	for range orders {
		s = s.next()
		l.add(1+uint8(s.scaled(maxLines)), 0)
	}
}

// run covers exactly rows lines, from the skipped-th line of order first on.
func (l *lineLayout) run(first int64, skipped, rows int) {
	l.reset(first, skipped, rows/2)
	s := lineCountStream.skip(first)
	for l.rows < rows {
		s = s.next()
		l.add(1+uint8(s.scaled(maxLines)), skipped)
		skipped = 0
	}
	excess := l.rows - rows
	l.rows = rows
	l.counts[len(l.counts)-1] -= uint8(excess)
}

func (l *lineLayout) reset(first int64, skipped, orders int) {
	l.first, l.skipped, l.rows = first, skipped, 0
	l.counts, l.rest = resized(l.counts, orders)[:0], resized(l.rest, orders)[:0]
}

// add appends an order with lines lines, of which the first skipped do not count.
func (l *lineLayout) add(lines uint8, skipped int) {
	l.counts = append(l.counts, lines-uint8(skipped))
	l.rest = append(l.rest, maxLines-lines)
	l.rows += int(lines) - skipped
}

// start is the state of a stream with drawsPerLine draws before the run's first line.
func (l *lineLayout) start(s stream, drawsPerLine int64) stream {
	return s.skip(drawsPerLine * (maxLines*l.first + int64(l.skipped)))
}

// jumps are the factors that leave out the draws of 0..maxLines lines.
func jumps(drawsPerLine int64) (factors [maxLines + 1]stream) {
	for lines := range factors {
		factors[lines] = jump(drawsPerLine * int64(lines))
	}
	return factors
}

// drawLines fills dst with uniform values in low..high, one draw a line.
func drawLines[T int32 | int64](dst []T, l *lineLayout, s stream, low, high int32) {
	span := float64(high - low + 1)
	s = l.start(s, 1)
	leaveOut := jumps(1)
	at := 0
	for i, count := range l.counts {
		for end := at + int(count); at < end; at++ {
			s = s.next()
			dst[at] = T(low + s.scaled(span))
		}
		s = s.times(leaveOut[l.rest[i]])
	}
}

// drawLineCodes fills dst with the codes of uniformly drawn dictionary values, one draw a line.
func drawLineCodes(dst []uint8, l *lineLayout, s stream, d *Dictionary) {
	span := float64(len(d.codes))
	s = l.start(s, 1)
	leaveOut := jumps(1)
	at := 0
	for i, count := range l.counts {
		for end := at + int(count); at < end; at++ {
			s = s.next()
			dst[at] = d.codes[s.scaled(span)]
		}
		s = s.times(leaveOut[l.rest[i]])
	}
}

// lineChunks cuts the lines of orders from..to-1 into chunks of batchRows.
func lineChunks(from, to int64, batchRows int) []Chunk {
	if from >= to {
		return nil
	}
	var chunks []Chunk
	open := Chunk{Table: Lineitem, order: from}
	s := lineCountStream.skip(from)
	for order := from; order < to; order++ {
		s = s.next()
		lines := 1 + int(s.scaled(maxLines))
		open.Rows += lines
		for excess := open.Rows - batchRows; excess >= 0; excess = open.Rows - batchRows {
			open.Rows = batchRows
			chunks = append(chunks, open)
			open = Chunk{Table: Lineitem, FirstRow: open.FirstRow + int64(batchRows), Rows: excess,
				order: order, skipped: lines - excess}
			if excess == 0 {
				open.order, open.skipped = order+1, 0
			}
		}
	}
	if open.Rows > 0 {
		chunks = append(chunks, open)
	}
	return chunks
}

func (f *filler) lineitem(c Chunk) {
	f.scratch.lines.run(c.order, c.skipped, c.Rows)
	l := &f.scratch.lines
	f.lineKeys(l)
	f.linePrices(l)
	f.lineDates(l)
	f.returnFlags(l)
	drawLineCodes(f.cols[13].Codes, l, stream(1371272478), instructions)
	drawLineCodes(f.cols[14].Codes, l, stream(675466456), shipModes)
	f.lineComments(&f.cols[15], l)
}

func (f *filler) lineKeys(l *lineLayout) {
	orders, numbers := f.cols[0].I64, f.cols[3].I32
	at, line := 0, int32(l.skipped)
	for i, count := range l.counts {
		key := orderKey(l.first + int64(i))
		for end := at + int(count); at < end; at++ {
			line++
			orders[at], numbers[at] = key, line
		}
		line = 0
	}
	parts, supps := f.cols[1].I64, f.cols[2].I64
	drawLines(parts, l, linePartStream, 1, int32(f.g.scaled(partsPerScale)))
	drawLines(supps, l, stream(2095021727), 0, suppliersPerPart-1)
	suppliers := f.g.scaled(suppliersPerScale)
	for i, part := range parts {
		supps[i] = partSupplier(part, supps[i], suppliers)
	}
}

func (f *filler) linePrices(l *lineLayout) {
	parts, quantity, price := f.cols[1].I64, f.cols[4].I64, f.cols[5].I64
	drawLines(quantity, l, quantityStream, 1, 50)
	for i, part := range parts {
		price[i] = partPrice(part) * quantity[i]
		quantity[i] *= 100
	}
	drawLines(f.cols[6].I64, l, discountStream, 0, 10)
	drawLines(f.cols[7].I64, l, taxStream, 0, 8)
}

// lineDates draws the days between order and shipment, order and commitment, shipment and receipt.
func (f *filler) lineDates(l *lineLayout) {
	ship, commit, receipt := f.cols[10].I32, f.cols[11].I32, f.cols[12].I32
	drawLines(ship, l, shipDateStream, 1, 121)
	drawLines(commit, l, stream(904914315), 30, 90)
	drawLines(receipt, l, receiptDateStream, 1, 30)
	f.scratch.dates = resized(f.scratch.dates, len(l.counts))
	ordered := f.scratch.dates
	draw(ordered, orderDateStream.skip(l.first), firstDay, firstDay+orderDays-1)
	at := 0
	for i, count := range l.counts {
		for end := at + int(count); at < end; at++ {
			ship[at] += ordered[i]
			commit[at] += ordered[i]
			receipt[at] += ship[at]
		}
	}
}

// returnFlags draws R or A for lines that have been received. Only those take a draw.
func (f *filler) returnFlags(l *lineLayout) {
	flags, status := f.cols[8].Codes, f.cols[9].Codes
	ship, receipt := f.cols[10].I32, f.cols[12].I32
	shipped, open := lineStatuses.codes[0], lineStatuses.codes[1]
	for i, day := range ship {
		status[i] = open
		if day <= currentDay {
			status[i] = shipped
		}
	}
	f.drawReturns(flags, l, receipt)
}

func (f *filler) drawReturns(flags []uint8, l *lineLayout, receipt []int32) {
	const kinds = 2
	notReceived := returnFlags.codes[kinds]
	perOrder := stream(717419739).skip(maxLines * l.first)
	nextOrder := jump(maxLines)
	s := perOrder.skip(receivedBefore(l))
	at := 0
	for _, count := range l.counts {
		for end := at + int(count); at < end; at++ {
			flags[at] = notReceived
			if receipt[at] <= currentDay {
				s = s.next()
				flags[at] = returnFlags.codes[s.scaled(kinds)]
			}
		}
		perOrder = perOrder.times(nextOrder)
		s = perOrder
	}
}

// receivedBefore counts the skipped lines of the run's first order that have been received.
func receivedBefore(l *lineLayout) (received int64) {
	var ordered, shipped, inTransit [maxLines]int32
	draw(ordered[:1], orderDateStream.skip(l.first), firstDay, firstDay+orderDays-1)
	draw(shipped[:l.skipped], shipDateStream.skip(maxLines*l.first), 1, 121)
	draw(inTransit[:l.skipped], receiptDateStream.skip(maxLines*l.first), 1, 30)
	for i := range l.skipped {
		if ordered[0]+shipped[i]+inTransit[i] <= currentDay {
			received++
		}
	}
	return received
}

// lineComments fills the comments; every line takes two draws.
func (f *filler) lineComments(col *Column, l *lineLayout) {
	length := commentLength{10, 43}
	starts, lengths := length.spans()
	from := f.scratchNumbers(0, f.rows)
	s := l.start(stream(1095462486), 2)
	leaveOut := jumps(2)
	row, end := 0, uint32(0)
	for i, count := range l.counts {
		for last := row + int(count); row < last; row++ {
			s = s.next()
			from[row] = s.scaled(starts)
			s = s.next()
			end += uint32(length.low + s.scaled(lengths))
			col.Offsets[row+1] = end
		}
		s = s.times(leaveOut[l.rest[i]])
	}
	f.copyText(col, from)
}
