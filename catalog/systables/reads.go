package systables

import (
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// readRelation notes that the transaction looked a relation up, whether there is one or not.
func readRelation(txn *mvcc.Txn, at name) { readObject(txn, spaceRelations, at, false) }

// readSchema notes that the transaction looked a schema up. always is for what must not be undone in
// any isolation level: that the schema of a new relation exists.
func readSchema(txn *mvcc.Txn, schema string, always bool) {
	readObject(txn, spaceSchemas, name{name: schema}, always)
}

func readObject(txn *mvcc.Txn, space string, at name, always bool) {
	if !always && !txn.Serializable() {
		return
	}
	txn.NoteRead(objectsID, mvcc.Read{
		Fields: []int32{fieldSpace, fieldSchema, fieldName}, Key: []types.Value{textValue(space), textValue(at.schema), textValue(at.name)}, Always: always,
	})
}

// readMembers notes that the transaction relies on what relations a schema has.
func readMembers(txn *mvcc.Txn, schema string) {
	txn.NoteRead(objectsID, mvcc.Read{Fields: []int32{fieldSchema}, Key: []types.Value{textValue(schema)}, Always: true})
}

// readAll notes that the transaction listed the catalog.
func readAll(txn *mvcc.Txn) { txn.NoteRead(objectsID, mvcc.Read{}) }

func textValue(s string) types.Value { return types.Value{Type: types.TText, S: s} }
