package runner

import (
	"context"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Register makes CALL tpch_dbgen(sf => 0.01) create and fill the TPC-H tables in db.
func Register(db *oxidb.DB) {
	db.RegisterProcedure("tpch_dbgen", func(ctx context.Context, db *oxidb.DB, args oxidb.Arguments) error {
		value, ok := args.Named["sf"]
		if !ok && len(args.Positional) == 1 {
			value, ok = args.Positional[0], true
		}
		if !ok || len(args.Named)+len(args.Positional) != 1 {
			return sqlerr.New(sqlerr.UndefinedFunction, "tpch_dbgen takes one argument, the scale factor").WithHint("CALL tpch_dbgen(sf => 0.1)")
		}
		scale, err := types.Parse(types.TDouble, types.Format(value))
		if err != nil {
			return err
		}
		return Load(ctx, db, scale.F, nil)
	})
}
