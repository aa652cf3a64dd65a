package builtin

import (
	"crypto/rand"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// Version is what version() and the shell show.
const Version = "0.1.0"

func systemFunctions() []function.Scalar {
	list := []function.Scalar{
		{Name: "oxidb_version", Return: returns(types.TBigInt), Stable: true, Eval: snapshotVersion},
		{Name: "oxidb_version_time", Args: args(types.TBigInt), Return: returns(types.TTimestampTZ), Stable: true, Eval: versionTime},
		{Name: "gen_random_uuid", Return: returns(types.TUUID), Volatile: true, Eval: randomUUID},
	}
	for name, value := range map[string]string{
		"version": "PostgreSQL 15 dialect, OxiDB " + Version, "current_schema": catalog.DefaultSchema, "current_database": "oxidb",
		"current_catalog": "oxidb",
	} {
		list = append(list, function.Scalar{Name: name, Return: returns(types.TText), Stable: true, Eval: textFn(func(b []byte, _ []*columnar.Vector, _ int) ([]byte, error) {
			return append(b, value...), nil
		})})
	}
	for _, name := range []string{"current_user", "session_user", "user"} {
		list = append(list, function.Scalar{Name: name, Return: returns(types.TText), Stable: true, Eval: currentUser})
	}
	return list
}

// nobody is the user of a session that nobody gave a name.
const nobody = "oxidb"

// currentUser is who the session belongs to.
func currentUser(ctx *function.Context, args []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	name := nobody
	if ctx.User != "" {
		name = ctx.User
	}
	return textFn(func(b []byte, _ []*columnar.Vector, _ int) ([]byte, error) { return append(b, name...), nil })(ctx, args, n, sel, out)
}

// snapshotVersion is the version that the transaction reads.
func snapshotVersion(ctx *function.Context, _ []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		out.I64[i] = ctx.Version
	}
	return nil
}

// versionTime is when a version was committed, NULL where that is not known.
func versionTime(ctx *function.Context, args []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		when, known := time.Time{}, false
		if ctx.VersionTime != nil {
			when, known = ctx.VersionTime(args[0].Int(i))
		}
		if known {
			out.I64[i] = when.UnixMicro()
		} else {
			function.SetNull(out, n, i)
		}
	}
	return nil
}

// randomUUID makes version 4 identifiers (RFC 9562, 5.4).
func randomUUID(_ *function.Context, _ []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
	for i := range function.Rows(n, sel) {
		id := &out.UUID[i]
		rand.Read(id[:]) // never fails (crypto/rand)
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	}
	return nil
}
