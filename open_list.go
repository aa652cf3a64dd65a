package oxidb

import "sync"

// openList holds the open transactions, in parts by session: sessions do not wait for each other to enter
// theirs.
type openList [16]struct {
	mu   sync.Mutex
	open map[uint64]*openTransaction // by number
	_    [48]byte                    // a part has its cache line for itself
}

func newOpenList() *openList {
	l := &openList{}
	for i := range l {
		l[i].open = map[uint64]*openTransaction{}
	}
	return l
}

func (l *openList) add(o *openTransaction) {
	part := &l[o.session.id%uint64(len(l))]
	part.mu.Lock()
	defer part.mu.Unlock()
	part.open[o.inner.ID()] = o
}

func (l *openList) remove(o *openTransaction) {
	part := &l[o.session.id%uint64(len(l))]
	part.mu.Lock()
	defer part.mu.Unlock()
	delete(part.open, o.inner.ID())
}

// find gives the transaction of a number, nil when it is not open.
func (l *openList) find(id uint64) *openTransaction {
	for _, o := range l.all() {
		if o.inner.ID() == id {
			return o
		}
	}
	return nil
}

// all lists the transactions in no order.
func (l *openList) all() (open []*openTransaction) {
	for i := range l {
		part := &l[i]
		part.mu.Lock()
		for _, o := range part.open {
			open = append(open, o)
		}
		part.mu.Unlock()
	}
	return open
}
