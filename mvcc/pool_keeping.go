package mvcc

import "container/list"

// keeping chooses what a full pool gives up. Queries read whole tables in order: if what was used least
// recently went first, a table that is larger than the pool would never be found there. So what comes
// in has to show that it is used more often than what would have to go for it; a part of a table stays
// and is found each time. (The idea of TinyLFU, Einziger, Friedman, Manes 2017, with exact counts.)
//
// Entries begin in fresh, where other workers of the same query find them, and which has an eighth of
// the memory. Its oldest go to settled, while there is room or when they have been used more often than
// the least recently used there.
type keeping struct {
	fresh, settled list.List // of *poolEntry, most recently used first
	freshBytes     int64
	clock          uint32           // uses of any entry
	counted        int              // uses counted since the counts were halved
	gone           map[poolKey]uses // counts of what is not there
}

// uses counts how often an entry was used. Uses soon after each other, by the workers of a query, are
// one.
type uses struct {
	count uint8
	last  uint32 // on the clock
}

const (
	maxUses = 30
	// oneUse is how many uses of others make the next one count.
	oneUse = 64
	// usesPerEntry is after how many uses, for each entry, counts are halved: what was popular once must go.
	usesPerEntry = 8
	minEntries   = 1024
)

// use counts a use of an entry.
func (k *keeping) use(e *poolEntry) {
	k.clock++
	if k.clock-e.uses.last > oneUse {
		e.uses.count = min(e.uses.count+1, maxUses)
		k.counted++
	}
	e.uses.last = k.clock
	if e.fresh {
		k.fresh.MoveToFront(e.at)
	} else {
		k.settled.MoveToFront(e.at)
	}
}

// add takes a new entry up.
func (k *keeping) add(e *poolEntry) {
	e.uses, e.fresh = k.gone[e.key], true
	delete(k.gone, e.key)
	e.at = k.fresh.PushFront(e)
	k.freshBytes += e.bytes
	if e.uses.count == 0 {
		e.uses = uses{last: k.clock - oneUse - 1}
	}
	k.use(e)
}

// remove forgets an entry, except how often it was used.
func (k *keeping) remove(e *poolEntry) {
	if e.fresh {
		k.fresh.Remove(e.at)
		k.freshBytes -= e.bytes
	} else {
		k.settled.Remove(e.at)
	}
	k.gone[e.key] = e.uses
}

// least is the entry to give up in a pool that holds used bytes. There must be one.
func (k *keeping) least(used int64) *poolEntry {
	oldest, settled := k.fresh.Back(), k.settled.Back()
	if oldest == nil || settled != nil && k.freshBytes <= used/8 {
		return settled.Value.(*poolEntry)
	}
	candidate := oldest.Value.(*poolEntry)
	if settled == nil {
		return candidate
	}
	victim := settled.Value.(*poolEntry)
	// The candidate's latest use may be of a pass over a table that comes to the victim later.
	if candidate.uses.count <= victim.uses.count+1 {
		return candidate
	}
	k.moveToSettled(candidate)
	return victim
}

func (k *keeping) moveToSettled(e *poolEntry) {
	k.fresh.Remove(e.at)
	k.freshBytes -= e.bytes
	e.fresh, e.at = false, k.settled.PushFront(e)
}

// settle moves entries on, while they have room in a pool that holds used bytes.
func (k *keeping) settle(used int64) {
	for k.freshBytes > used/8 && k.fresh.Len() > 1 {
		k.moveToSettled(k.fresh.Back().Value.(*poolEntry))
	}
}

// age halves the counts when there have been many, in a pool of so many entries.
func (k *keeping) age(entries int) {
	if k.counted < usesPerEntry*max(entries, minEntries) {
		return
	}
	k.counted = 0
	for _, l := range []*list.List{&k.fresh, &k.settled} {
		for at := l.Front(); at != nil; at = at.Next() {
			at.Value.(*poolEntry).uses.count /= 2
		}
	}
	for key, u := range k.gone {
		if u.count /= 2; u.count == 0 {
			delete(k.gone, key)
		} else {
			k.gone[key] = u
		}
	}
}
