package flight

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/oxidb/oxidb/sqlerr"
)

// Limits bound what one call, one connection or one session may take. Zero values take defaults.
type Limits struct {
	// MessageBytes bounds a message to the server, 256 MiB: bulk ingest sends whole record batches.
	MessageBytes int
	// HeaderBytes bounds a call's headers, 64 KiB: tokens of single sign-on exceed gRPC's 8 KiB.
	HeaderBytes int
	// UncompressedBytes bounds what the buffers of one uploaded message say that they expand to, 1 GiB.
	UncompressedBytes int64
	// ResultBytes bounds the Arrow data of one result; 0 means no bound.
	ResultBytes int64
	// SessionStatements bounds the prepared statements of a session, or of a connection without one, 1000.
	SessionStatements int
	// Handshake bounds the time that a new connection may take for TLS and HTTP/2, 10 seconds.
	Handshake time.Duration
}

func (l *Limits) fill() {
	for _, n := range []struct {
		p       *int
		initial int
	}{{&l.MessageBytes, 256 << 20}, {&l.HeaderBytes, 64 << 10}, {&l.SessionStatements, 1000}} {
		if *n.p <= 0 {
			*n.p = n.initial
		}
	}
	if l.UncompressedBytes <= 0 {
		l.UncompressedBytes = 1 << 30
	}
	if l.Handshake <= 0 {
		l.Handshake = 10 * time.Second
	}
}

// admit counts the Arrow data of a result against its limit.
func (a *answer) admit(sizeBytes int64) error {
	if a.sent += sizeBytes; a.sent > a.limit {
		return sqlerr.New(sqlerr.ProgramLimitExceeded, "the result is larger than the server's limit of %d bytes", a.limit).WithHint("Ask for fewer rows or columns.")
	}
	return nil
}

// bounded is an upload whose messages may not expand beyond a limit.
type bounded struct {
	flight.FlightService_DoPutServer
	limit int64
	// refused is the error that ended the upload: Arrow's decoding does not hand it on as it is.
	refused error
}

func (b *bounded) Recv() (*flight.FlightData, error) {
	d, err := b.FlightService_DoPutServer.Recv()
	if err != nil {
		return d, err
	}
	if n := expandedBytes(d.GetDataHeader(), d.GetDataBody()); n > b.limit {
		b.refused = sqlerr.New(sqlerr.ProgramLimitExceeded, "a compressed message of %d bytes expands to more than the server's limit of %d bytes", len(d.GetDataBody()), b.limit).
			WithHint("Send smaller batches.")
		return nil, b.refused
	}
	return d, nil
}

// Types and slots of Arrow's Message.fbs; a field's slot is 4 + 2 × its number.
const (
	headerDictionary   = 2
	headerRecord       = 3
	slotHeaderType     = 6
	slotHeader         = 8
	slotDictionaryData = 6
	slotBuffers        = 8
	slotCompression    = 10
)

// expandedBytes sums what the compressed buffers of a message say that they expand to: Arrow's decoding
// allocates that before it looks. Damaged messages count as 0, they fail when they are decoded.
func expandedBytes(header, body []byte) (n int64) {
	defer func() {
		if recover() != nil {
			n = 0
		}
	}()
	batch, ok := recordBatch(header)
	if !ok || batch.Offset(slotCompression) == 0 || batch.Offset(slotBuffers) == 0 {
		return 0
	}
	buffers := flatbuffers.UOffsetT(batch.Offset(slotBuffers))
	first := batch.Vector(buffers)
	for i := range batch.VectorLen(buffers) {
		at := first + flatbuffers.UOffsetT(16*i)
		from, length := batch.GetInt64(at), batch.GetInt64(at+8)
		if length < 8 || from < 0 || from > int64(len(body))-8 {
			continue
		}
		size := int64(binary.LittleEndian.Uint64(body[from:]))
		if size > math.MaxInt64-n {
			return math.MaxInt64
		}
		n += max(size, 0) // -1: this buffer is not compressed
	}
	return n
}

// recordBatch finds the record batch of a message, which a dictionary has inside.
func recordBatch(header []byte) (batch flatbuffers.Table, ok bool) {
	if len(header) < 8 {
		return batch, false
	}
	message := flatbuffers.Table{Bytes: header, Pos: flatbuffers.GetUOffsetT(header)}
	kind, at := message.Offset(slotHeaderType), message.Offset(slotHeader)
	if kind == 0 || at == 0 {
		return batch, false
	}
	message.Union(&batch, flatbuffers.UOffsetT(at))
	switch message.GetByte(message.Pos + flatbuffers.UOffsetT(kind)) {
	case headerRecord:
		return batch, true
	case headerDictionary:
		data := batch.Offset(slotDictionaryData)
		if data == 0 {
			return batch, false
		}
		return flatbuffers.Table{Bytes: header, Pos: batch.Indirect(flatbuffers.UOffsetT(data) + batch.Pos)}, true
	}
	return batch, false
}

// tally counts what each owner holds.
type tally struct {
	limit  int
	mu     sync.Mutex
	counts map[string]int
}

// add counts one more, unless the owner has as many as it may.
func (t *tally) add(owner string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts[owner] >= t.limit {
		return false
	}
	t.counts[owner]++
	return true
}

func (t *tally) remove(owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts[owner]--; t.counts[owner] <= 0 {
		delete(t.counts, owner)
	}
}

// holder is whom a prepared statement counts for: the session, or the connection.
func (o origin) holder() string {
	if o.client != "" {
		return o.client
	}
	return o.peer
}
