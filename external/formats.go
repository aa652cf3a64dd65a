package external

import (
	"strings"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/arrowfile"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/external/parquet"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func (o Opener) openParquet(names []string, files []file.Info, opts *options) (plan.ExternalSource, error) {
	if err := opts.unused(); err != nil {
		return nil, err
	}
	return o.Footers.Open(o.FS, strings.Join(names, ", "), files)
}

func (o Opener) openArrow(names []string, files []file.Info, opts *options) (plan.ExternalSource, error) {
	if err := opts.unused(); err != nil {
		return nil, err
	}
	return arrowfile.Open(o.FS, strings.Join(names, ", "), files)
}

func newParquetSink(opts *options, names []string, kinds []types.Type) (func(*file.Output) (sink, error), error) {
	name, ok, err := opts.text("compression")
	if err != nil {
		return nil, err
	}
	if !ok {
		name = "zstd"
	}
	codec, err := parquet.CodecNamed(strings.ToLower(name))
	if err != nil {
		return nil, err
	}
	return func(out *file.Output) (sink, error) {
		w, err := parquet.NewWriter(out, codec, names, kinds)
		return parquetSink{w}, err
	}, opts.unused()
}

type parquetSink struct{ writer *parquet.Writer }

func (s parquetSink) Writer(w *exec.Worker) sinkWriter { return s.writer.Part(w.Query.Memory) }
func (s parquetSink) Finish() error                    { return s.writer.Finish() }

// newArrowSink writes the stream format where the name ends in .arrows, else the file format.
func newArrowSink(opts *options, path string, names []string, kinds []types.Type) (func(*file.Output) (sink, error), error) {
	stream := extension(path) == "arrows"
	return func(out *file.Output) (sink, error) {
		w, err := arrowfile.NewWriter(out, stream, names, kinds)
		return arrowSink{w}, err
	}, opts.unused()
}

type arrowSink struct{ writer *arrowfile.Writer }

func (s arrowSink) Writer(w *exec.Worker) sinkWriter { return s.writer.Part(w.Query.Memory) }
func (s arrowSink) Finish() error                    { return s.writer.Finish() }
