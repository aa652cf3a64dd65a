package dbgen

// word is a piece of text of at most 16 bytes, blank included, so that it is copied as one block.
type word struct {
	text [16]byte
	size int
}

// lexicon draws words by weight.
type lexicon struct {
	words []word
	slots []uint8 // one entry per unit of weight: the index of its word
	span  float64 // len(slots)
}

// weighted is a word (or a shape of a phrase) with its weight.
type weighted struct {
	text   string
	weight int
}

// newLexicon appends suffix to every word.
func newLexicon(suffix string, list ...weighted) *lexicon {
	l := new(lexicon)
	for i, w := range list {
		entry := word{size: len(w.text) + len(suffix)}
		copy(entry.text[copy(entry.text[:], w.text):], suffix)
		l.words = append(l.words, entry)
		for range w.weight {
			l.slots = append(l.slots, uint8(i))
		}
	}
	l.span = float64(len(l.slots))
	return l
}

// uniform gives all words one weight.
func uniform(weight int, words ...string) []weighted {
	var out []weighted
	for _, w := range words {
		out = append(out, weighted{w, weight})
	}
	return out
}

func join(lists ...[]weighted) []weighted {
	var out []weighted
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// The shapes of sentences, noun phrases and verb phrases (clause 4.2.2.14). Order counts.
var (
	sentenceShapes = newLexicon("", weighted{"NVT", 3}, weighted{"NVPT", 3}, weighted{"NVNT", 3},
		weighted{"NPVNT", 1}, weighted{"NPVPT", 1})
	nounShapes = newLexicon("", weighted{"N", 10}, weighted{"JN", 20}, weighted{"CJN", 10}, weighted{"DJN", 50})
	verbShapes = newLexicon("", weighted{"V", 30}, weighted{"XV", 1}, weighted{"VD", 40}, weighted{"XVD", 1})
)

// The words of the grammar, with the blank that follows them.
var (
	nouns = newLexicon(" ", join(
		uniform(40, "packages", "requests", "accounts", "deposits"),
		uniform(20, "foxes", "ideas", "theodolites", "pinto beans", "instructions"),
		uniform(10, "dependencies", "excuses", "platelets", "asymptotes"),
		uniform(5, "courts", "dolphins"),
		uniform(1, "multipliers", "sauternes", "warthogs", "frets", "dinos", "attainments", "somas", "Tiresias",
			"patterns", "forges", "braids", "frays", "warhorses", "dugouts", "notornis", "epitaphs", "pearls",
			"tithes", "waters", "orbits", "gifts", "sheaves", "depths", "sentiments", "decoys", "realms", "pains",
			"grouches", "escapades", "hockey players"))...)
	verbs = newLexicon(" ", join(
		uniform(20, "sleep", "wake", "are", "cajole", "haggle"),
		uniform(10, "nag", "use", "boost"),
		uniform(5, "affix", "detect", "integrate"),
		uniform(1, "maintain", "nod", "was", "lose", "sublate", "solve", "thrash", "promise", "engage", "hinder",
			"print", "x-ray", "breach", "eat", "grow", "impress", "mold", "poach", "serve", "run", "dazzle",
			"snooze", "doze", "unwind", "kindle", "play", "hang", "believe", "doubt"))...)
	adverbs = newLexicon(" ", join(
		uniform(1, "sometimes", "always", "never"),
		uniform(50, "furiously", "slyly", "carefully"),
		uniform(40, "blithely"), uniform(30, "quickly"), uniform(20, "fluffily"),
		uniform(1, "slowly", "quietly", "ruthlessly", "thinly", "closely", "doggedly", "daringly", "bravely",
			"stealthily", "permanently", "enticingly", "idly", "busily", "regularly", "finally", "ironically",
			"evenly", "boldly", "silently"))...)
	adjectiveWords = join(
		uniform(20, "special", "pending", "unusual", "express"),
		uniform(1, "furious", "sly", "careful", "blithe", "quick", "fluffy", "slow", "quiet", "ruthless", "thin",
			"close", "dogged", "daring", "brave", "stealthy", "permanent", "enticing", "idle", "busy"),
		uniform(50, "regular"), uniform(40, "final", "ironic"), uniform(30, "even"), uniform(20, "bold"),
		uniform(10, "silent"))
	adjectives       = newLexicon(" ", adjectiveWords...)
	listedAdjectives = newLexicon(", ", adjectiveWords...)
	auxiliaries      = newLexicon(" ", uniform(1, "do", "may", "might", "shall", "will", "would", "can", "could",
		"should", "ought to", "must", "will have to", "shall have to", "could have to", "should have to",
		"must have to", "need to", "try to")...)
	prepositions = newLexicon(" ", join(
		uniform(50, "about", "above", "according to", "across", "after"),
		uniform(40, "against", "along"), uniform(30, "alongside of", "among"), uniform(20, "around"),
		uniform(10, "at"),
		uniform(1, "atop", "before", "behind", "beneath", "beside", "besides", "between", "beyond", "by",
			"despite", "during", "except", "for", "from", "in place of", "inside", "instead of", "into", "near", "of",
			"on", "outside", "over", "past", "since", "through", "throughout", "to", "toward", "under", "until", "up",
			"upon", "whithout", "with", "within"))...)
	terminators = newLexicon(" ", weighted{".", 50}, weighted{";", 1}, weighted{":", 1}, weighted{"?", 1},
		weighted{"!", 1}, weighted{"--", 1})
	determiner = newLexicon(" ", weighted{"the", 1})
)
