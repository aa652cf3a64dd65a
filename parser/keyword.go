package parser

import "strings"

// KeywordClass is PostgreSQL's class of a keyword: where the word may stand as a name.
type KeywordClass uint8

const (
	Unreserved   KeywordClass = iota + 1 // any name
	ColumnName                           // column and table names, not functions or types
	TypeFuncName                         // function and type names, not columns or tables
	Reserved                             // only as a label after AS
)

// Keyword is an entry of the keyword table, for completion and highlighting.
type Keyword struct {
	Word      string // lower case
	Class     KeywordClass
	BareLabel bool // may label a select item without AS
}

// keywordID identifies a keyword; notKeyword is no keyword.
type keywordID uint16

// Keywords lists all keywords in alphabetical order. The slice is the caller's.
func Keywords() []Keyword { return append([]Keyword(nil), keywordTable[1:]...) }

// upperWords are the keywords in upper case, by keywordID.
var upperWords = buildUpperWords()

func buildUpperWords() (words [keywordCount]string) {
	for id, k := range keywordTable {
		words[id] = strings.ToUpper(k.Word)
	}
	return words
}

const (
	maxKeywordLen   = 24
	keywordSlots    = 2048
	keywordSlotMask = keywordSlots - 1
)

// keywordSlot is an open-addressing hash table from word to keywordID, filled once from the
// constant table.
var keywordSlot = buildKeywordSlots()

func buildKeywordSlots() (slots [keywordSlots]keywordID) {
	for id := keywordID(1); id < keywordCount; id++ {
		h := hashWord([]byte(keywordTable[id].Word))
		for slots[h] != notKeyword {
			h = (h + 1) & keywordSlotMask
		}
		slots[h] = id
	}
	return slots
}

func hashWord(word []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range word {
		h = (h ^ uint32(c)) * 16777619
	}
	return (h ^ h>>15) & keywordSlotMask
}

// lookupKeyword finds a lower-case word.
func lookupKeyword(word []byte) keywordID {
	for h := hashWord(word); ; h = (h + 1) & keywordSlotMask {
		id := keywordSlot[h]
		if id == notKeyword || keywordTable[id].Word == string(word) {
			return id
		}
	}
}
