package dbgen

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Every comment is a piece of one long pseudo-English text that the grammar produces (clause 4.2.2.10).
const (
	textSize = 300 << 20
	// maxSentence is more than the longest sentence.
	maxSentence = 256
	// textSlack lets comments and words be copied in whole blocks past the end of the text.
	textSlack = 256
)

// textMark is a place in the text where a sentence begins, and the state of the random numbers there.
type textMark struct {
	at   int
	seed stream
}

// author writes the text, sentence by sentence.
type author struct {
	text []byte
	at   int
	seed stream
}

// writeText produces the text; textSlack bytes follow it. The pieces between textMarks are written on all
// processors.
func writeText() []byte {
	text := make([]byte, textSize+textSlack)
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(textMarks)) {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(textMarks)); i = next.Add(1) - 1 {
				writePiece(text[:textSize], int(i))
			}
		})
	}
	running.Wait()
	return text
}

// writePiece writes the i-th piece of the text, and not one byte beyond. As words are copied in blocks, the
// last sentences are written elsewhere first.
func writePiece(text []byte, i int) {
	mark, end := textMarks[i], len(text)
	if i+1 < len(textMarks) {
		end = textMarks[i+1].at
	}
	a := author{text: text, at: mark.at, seed: mark.seed}
	for a.at < end-2*maxSentence {
		a.sentence()
	}
	last := author{text: make([]byte, 4*maxSentence), seed: a.seed}
	for a.at+last.at < end {
		last.sentence()
	}
	copy(text[a.at:end], last.text)
}

func (a *author) sentence() {
	shape := a.choose(sentenceShapes)
	for _, part := range shape.text[:shape.size] {
		switch part {
		case 'N':
			a.nounPhrase()
		case 'V':
			a.verbPhrase()
		case 'P':
			a.write(prepositions)
			a.put(&determiner.words[0])
			a.nounPhrase()
		case 'T':
			a.at-- // the blank before the full stop
			a.write(terminators)
		}
	}
}

func (a *author) nounPhrase() {
	shape := a.choose(nounShapes)
	for _, part := range shape.text[:shape.size] {
		switch part {
		case 'N':
			a.write(nouns)
		case 'J':
			a.write(adjectives)
		case 'C':
			a.write(listedAdjectives)
		case 'D':
			a.write(adverbs)
		}
	}
}

func (a *author) verbPhrase() {
	shape := a.choose(verbShapes)
	for _, part := range shape.text[:shape.size] {
		switch part {
		case 'V':
			a.write(verbs)
		case 'D':
			a.write(adverbs)
		case 'X':
			a.write(auxiliaries)
		}
	}
}

func (a *author) write(l *lexicon) { a.put(a.choose(l)) }

func (a *author) choose(l *lexicon) *word {
	a.seed = a.seed.next()
	return &l.words[l.slots[a.seed.scaled(l.span)]]
}

func (a *author) put(w *word) {
	*(*[len(w.text)]byte)(a.text[a.at:]) = w.text
	a.at += w.size
}

// textMarks cut the text into pieces of about 19 MB. The first seed is the official one, the others follow
// from it: TestTextMarks finds them again.
var textMarks = [...]textMark{
	{0, 933588178},
	{19660810, 563391851},
	{39321619, 374858592},
	{58982448, 1037153816},
	{78643223, 123793686},
	{98304011, 181171974},
	{117964817, 1062410537},
	{137625648, 652432975},
	{157286442, 400078567},
	{176947229, 46453828},
	{196608019, 1105413057},
	{216268868, 1956087994},
	{235929648, 1407925218},
	{255590452, 1660456561},
	{275251227, 42055684},
	{294912013, 2013011059},
}
