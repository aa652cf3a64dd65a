package flight

import (
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb/types"
)

// wireSchema is a schema with the bytes that are sent of it. A prepared statement has one for all its
// executions: to encode a schema costs more than to find a row.
type wireSchema struct {
	*arrow.Schema
	// source is the schema of the last result that was found to have these columns.
	source atomic.Pointer[arrow.Schema]
	info   atomic.Pointer[[]byte] // as it stands in a FlightInfo
	header atomic.Pointer[[]byte] // of the message before the rows
}

func newWireSchema(schema *arrow.Schema) *wireSchema { return &wireSchema{Schema: schema} }

// describedWire is the schema of a result as clients see it.
func describedWire(schema *arrow.Schema, kinds []types.Type) *wireSchema {
	s := newWireSchema(described(schema, kinds))
	s.source.Store(schema)
	return s
}

// describes reports whether a result of these columns is one of the schema.
func (s *wireSchema) describes(schema *arrow.Schema, kinds []types.Type) bool {
	if s.source.Load() == schema {
		return true
	}
	if !s.Equal(described(schema, kinds)) {
		return false
	}
	s.source.Store(schema)
	return true
}

// inInfo is the schema as it stands in a FlightInfo.
func (s *wireSchema) inInfo() []byte {
	if known := s.info.Load(); known != nil {
		return *known
	}
	made := flight.SerializeSchema(s.Schema, memory.DefaultAllocator)
	s.info.Store(&made)
	return made
}

// inStream is the header of the message that a stream of rows begins with.
func (s *wireSchema) inStream() []byte {
	if known := s.header.Load(); known != nil {
		return *known
	}
	p := ipc.GetSchemaPayload(s.Schema, memory.DefaultAllocator)
	defer p.Release()
	meta := p.Meta()
	defer meta.Release()
	made := append([]byte(nil), meta.Bytes()...)
	s.header.Store(&made)
	return made
}
