package external

import (
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func (o Opener) openParquet(_ []string, _ []file.Info, _ options) (plan.ExternalSource, error) {
	return nil, sqlerr.Unsupported(-1, -1, "reading Parquet files")
}

func (o Opener) openArrow(_ []string, _ []file.Info, _ options) (plan.ExternalSource, error) {
	return nil, sqlerr.Unsupported(-1, -1, "reading Arrow files")
}

func newParquetSink(_ *options, _ []string, _ []types.Type) (func(*file.Output) (sink, error), error) {
	return nil, sqlerr.Unsupported(-1, -1, "writing Parquet files")
}

func newArrowSink(_ *options, _ string, _ []string, _ []types.Type) (func(*file.Output) (sink, error), error) {
	return nil, sqlerr.Unsupported(-1, -1, "writing Arrow files")
}
