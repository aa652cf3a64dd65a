package flight

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"

	"github.com/oxidb/oxidb"
)

// catalogName is what the one database of a process is called in metadata.
const catalogName = "oxidb"

// service carries the commands out. The base answers what Flight SQL has and OxiDB does not with
// Unimplemented.
type service struct {
	flightsql.BaseServer
	db   *oxidb.DB
	log  *slog.Logger
	auth Authenticator
	// observe is told of statements, nil when nobody wants to know.
	observe func(Execution)

	signers      sync.Pool  // of hash.Hash, keyed for cookies
	making       sync.Mutex // held while a cookie's session is looked up or made
	sessions     *handles[*clientSession]
	ended        *handles[struct{}] // ids of sessions that ended idle with state a client relies on
	transactions *handles[*transaction]
	statements   *handles[*prepared]
	prepared     *tally // statements of each session
	limits       Limits
	results      *handles[*execution]

	// infos are the server's properties, allInfos the record of all of them; neither changes.
	infos    map[flightsql.SqlInfo]any
	allInfos arrow.RecordBatch
}

func newService(db *oxidb.DB, o Options) *service {
	s := &service{db: db, observe: o.Observe, limits: o.Limits, prepared: &tally{limit: o.SessionStatements, counts: map[string]int{}}, log: o.Log, auth: o.Authenticator, infos: sqlInfos()}
	s.allInfos = sqlInfoRecord(s.infos)
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	s.signers.New = func() any { return hmac.New(sha256.New, key[:]) }
	s.ended = newHandles[struct{}](24*time.Hour, 10*o.MaxSessions, nil)
	s.sessions = newHandles(o.SessionIdle, o.MaxSessions, s.endSession)
	s.transactions = newHandles(o.TransactionIdle, o.MaxTransactions, func(_ string, t *transaction) { t.session.Close() })
	s.statements = newHandles(o.StatementIdle, o.MaxStatements, func(_ string, p *prepared) { s.prepared.remove(p.holder()) })
	s.results = newHandles(o.ResultIdle, o.MaxResults, func(_ string, x *execution) { x.cancel() })
	return s
}

// sweep ends what clients left behind, until done is closed.
func (s *service) sweep(done <-chan struct{}) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.expire()
		case <-done:
			return
		}
	}
}

func (s *service) expire() {
	s.results.expire()
	s.statements.expire()
	s.transactions.expire()
	s.sessions.expire()
	s.ended.expire()
}

// close ends everything that clients hold.
func (s *service) close() {
	s.results.clear()
	s.statements.clear()
	s.transactions.clear()
	s.sessions.clear()
	s.allInfos.Release()
}
