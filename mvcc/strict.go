package mvcc

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/oxidb/oxidb/sqlerr"
)

// decodeStrict reads JSON of a manifest or the log. A field that this version does not know says
// something that it would not obey, so it is not passed over: a later version wrote it (0A000).
func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		return nil
	}
	if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return sqlerr.New(sqlerr.FeatureNotSupported, "it has %s, which this version of OxiDB does not know", field).
			WithHint("Open the database with the version of OxiDB that wrote it.")
	}
	return err
}

// unreadable is the error for a thing that could not be decoded: damaged, or of a later version.
func unreadable(err error, format string, args ...any) error {
	state := sqlerr.DataCorrupted
	if sqlerr.StateOf(err) == sqlerr.FeatureNotSupported {
		state = sqlerr.FeatureNotSupported
	}
	return sqlerr.New(state, format+": %w", append(args, err)...)
}
