package isolation

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
)

// flaw is a bug that the model engine can be told to have.
type flaw string

// model is a small engine of lists, right at its level unless it has a flaw. A flaw shows with
// probability 1/often.
type model struct {
	level    Level
	flaw     flaw
	often    int
	random   *rand.Rand
	versions []map[int][]int // the state after each commit
	touched  []map[int]bool  // the lists that each commit changed
	open     map[*modelSession]bool
	delayed  map[int][]int // lists whose commit becomes visible with the next one
}

func newModel(f flaw, often int, seed uint64) *model {
	return &model{
		flaw: f, often: often, random: rand.New(rand.NewPCG(seed, 99)),
		versions: []map[int][]int{{}}, touched: []map[int]bool{nil}, open: map[*modelSession]bool{},
	}
}

// has says whether the flaw shows now.
func (m *model) has(f flaw) bool { return m.flaw == f && m.random.IntN(m.often) == 0 }

func (m *model) now() int { return len(m.versions) - 1 }

func (m *model) Session() (Session, error) { return &modelSession{model: m}, nil }

type modelSession struct {
	*model
	snapshot int
	own      map[int][]int
	seen     map[int]int // the snapshot of each list, for lazySnapshot
	reads    map[int]bool
}

func (s *modelSession) Close() {}

func (s *modelSession) Begin(context.Context) error {
	old := s.snapshot
	s.snapshot, s.own, s.seen, s.reads = s.now(), map[int][]int{}, map[int]int{}, map[int]bool{}
	switch {
	case s.has("stale snapshot"):
		s.snapshot = max(0, s.snapshot-3)
	case s.has("session keeps its last snapshot"):
		s.snapshot = old
	}
	s.open[s] = true
	return nil
}

// at is the version of the store that a read of a list looks at.
func (s *modelSession) at(key int) int {
	switch {
	case s.has("every statement has its snapshot"):
		return s.now()
	case s.has("visibility differs by reader") && s.now() > 0:
		return s.fork(key)
	case s.flaw == "snapshot by list":
		if _, ok := s.seen[key]; !ok {
			s.seen[key] = s.now()
		}
		return s.seen[key]
	}
	return s.snapshot
}

// fork leaves the newest commit out for half of the lists.
func (s *modelSession) fork(key int) int {
	if key%2 == 0 {
		return max(0, s.snapshot-1)
	}
	return s.snapshot
}

func (s *modelSession) Read(_ context.Context, key int) ([]int, error) {
	s.reads[key] = true
	list := slices.Clone(s.versions[s.at(key)][key])
	if s.has("dirty read") {
		for other := range s.open {
			if other != s {
				list = append(list, other.own[key]...)
			}
		}
		return append(list, s.own[key]...), nil
	}
	if n := len(list); n > 1 {
		switch {
		case s.has("read swaps values"):
			list[n-1], list[n-2] = list[n-2], list[n-1]
		case s.has("read lacks the last value"):
			list = list[:n-1]
		case s.has("read lacks a middle value"):
			list = slices.Delete(list, n-2, n-1)
		case s.has("read repeats a value"):
			list = append(list, list[0])
		case s.has("read of another list"):
			list = slices.Clone(s.versions[s.snapshot][key+1])
		}
	}
	if s.has("own appends are not read") {
		return list, nil
	}
	if s.has("own appends come first") {
		return append(slices.Clone(s.own[key]), list...), nil
	}
	return append(list, s.own[key]...), nil
}

func (s *modelSession) Append(_ context.Context, key, value int) error {
	switch {
	case s.has("append to another list"):
		key++
	case s.has("append twice"):
		s.own[key] = append(s.own[key], value)
	case s.has("append nothing"):
		return nil
	case s.has("append at once"):
		s.publish(map[int][]int{key: {value}})
		return nil
	case s.has("publish before commit") && len(s.own[key]) == 0:
		s.publish(map[int][]int{key: {value}})
		s.snapshot = s.now()
		return nil
	}
	s.own[key] = append(s.own[key], value)
	return nil
}

func (s *modelSession) Commit(context.Context) error {
	delete(s.open, s)
	if s.conflict() {
		if s.has("conflict leaves writes") {
			s.publish(s.own)
		}
		return ErrAborted
	}
	if len(s.own) == 0 {
		return nil
	}
	writes := s.own
	switch {
	case s.has("commit is lost in a crash"):
		return nil
	case s.has("commit drops a list"):
		writes = maps.Clone(writes)
		for _, key := range slices.Sorted(maps.Keys(writes))[1:] {
			delete(writes, key)
		}
	case s.has("commit is visible in parts") && s.delayed == nil && len(writes) > 1:
		s.delayed = maps.Clone(writes)
		first := slices.Min(slices.Collect(maps.Keys(writes)))
		delete(s.delayed, first)
		s.publish(map[int][]int{first: writes[first]})
		return nil
	case s.has("commit is visible late") && s.delayed == nil:
		s.delayed = writes
		return nil
	}
	s.publish(writes)
	if late := s.delayed; late != nil {
		s.delayed = nil
		s.publish(late)
	}
	return nil
}

// conflict is first committer wins.
func (s *modelSession) conflict() bool {
	from := s.snapshot + 1
	switch {
	case s.has("no validation"), s.has("overwrite without validation"):
		return false
	case s.has("validation misses the newest commit"):
		return changedIn(s, s.own, from, s.now()-1)
	case s.has("validation looks at one list") && len(s.own) > 1:
		first := slices.Min(slices.Collect(maps.Keys(s.own)))
		return slices.ContainsFunc(s.touched[from:], func(t map[int]bool) bool { return t[first] })
	}
	return changedIn(s, s.own, from, s.now()) || s.level == Serializable && len(s.own) > 0 && s.readsChanged(from)
}

// readsChanged is what SERIALIZABLE adds to first committer wins.
func (s *modelSession) readsChanged(from int) bool {
	switch {
	case s.has("reads are not validated"):
		return false
	case s.has("validation of reads misses the newest commit"):
		return changedIn(s, s.reads, from, s.now()-1)
	case s.has("validation of reads looks at one list") && len(s.reads) > 0:
		first := slices.Min(slices.Collect(maps.Keys(s.reads)))
		return slices.ContainsFunc(s.touched[from:], func(t map[int]bool) bool { return t[first] })
	}
	return changedIn(s, s.reads, from, s.now())
}

func changedIn[T any](s *modelSession, keys map[int]T, from, to int) bool {
	for at := from; at <= to; at++ {
		for key := range keys {
			if s.touched[at][key] {
				return true
			}
		}
	}
	return false
}

// publish makes a new version with the appended values.
func (s *modelSession) publish(writes map[int][]int) {
	next, touched := maps.Clone(s.versions[s.now()]), map[int]bool{}
	for key, values := range writes {
		base := next[key]
		if s.has("overwrite without validation") {
			base = s.versions[s.snapshot][key]
		}
		next[key] = append(slices.Clip(base), values...)
		touched[key] = true
	}
	s.versions, s.touched = append(s.versions, next), append(s.touched, touched)
}

func (s *modelSession) Rollback() error {
	delete(s.open, s)
	switch {
	case s.has("rollback publishes"):
		s.publish(s.own)
	case s.has("rollback restores old lists") && len(s.own) > 0:
		next := maps.Clone(s.versions[s.now()])
		for key := range s.own {
			next[key] = s.versions[s.snapshot][key]
		}
		s.versions, s.touched = append(s.versions, next), append(s.touched, nil)
	}
	return nil
}
