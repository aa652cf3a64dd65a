package dbgen

// Every comment is a piece of one long pseudo-English text that the grammar produces (clause 4.2.2.10).
const (
	textSize    = 300 << 20
	textSeed    = stream(933588178)
	maxSentence = 256
	// textSlack lets comments and words be copied in whole blocks past the end of the text.
	textSlack = 256
)

// author writes the text, sentence by sentence.
type author struct {
	text []byte
	at   int
	seed stream
}

// writeText produces the text; textSlack bytes follow it.
func writeText() []byte {
	a := author{text: make([]byte, textSize+maxSentence+textSlack), seed: textSeed}
	for a.at < textSize {
		a.sentence()
	}
	return a.text[:textSize+textSlack]
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
